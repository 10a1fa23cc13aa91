with nodes as (

    select * from {{ ref('int_nodes__weighted') }}

),

types as (

    select
        rulebook_id,
        node_id,
        value_type
    from {{ ref('rulebook_nodes') }}

)

select
    nodes.rulebook_id,
    nodes.node_id,
    nodes.parent_id,
    nodes.node_kind,
    nodes.number,
    nodes.name,
    nodes.name_en,
    100 * {{ rational_double('nodes.share_num', 'nodes.share_den') }} as weight_pct,
    nodes.depth,
    nodes.is_leaf,
    nodes.sort_key,
    nodes.method,
    types.value_type,
    nodes.scale_min,
    nodes.scale_max
from nodes
left join types on nodes.rulebook_id = types.rulebook_id and nodes.node_id = types.node_id

with nodes as (

    select * from {{ ref('int_nodes__weighted') }}

),

children as (

    select
        rulebook_id,
        parent_id,
        sum(tree_weight) as tree_weight
    from nodes
    where parent_id is not null
    group by rulebook_id, parent_id

)

select
    nodes.rulebook_id,
    nodes.node_id,
    nodes.tree_weight,
    children.tree_weight as children_weight
from nodes
inner join children on nodes.rulebook_id = children.rulebook_id and nodes.node_id = children.parent_id
where nodes.tree_weight <> children.tree_weight

with mapping as (

    select * from {{ ref('rulebook_mapping') }}

),

nodes as (

    select * from {{ ref('rulebook_nodes') }}

)

select
    mapping.from_rulebook_id,
    mapping.from_node_id,
    earlier.name as from_name,
    mapping.to_rulebook_id,
    mapping.to_node_id,
    later.name as to_name,
    mapping.kind,
    mapping.note
from mapping
left join nodes as earlier on mapping.from_node_id = earlier.node_id
left join nodes as later on mapping.to_node_id = later.node_id

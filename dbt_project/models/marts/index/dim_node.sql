with nodes as (

    select * from {{ ref('int_nodes__weighted') }}

)

select
    rulebook_id,
    node_id,
    parent_id,
    node_kind,
    number,
    name,
    name_en,
    100 * {{ rational_double('share_num', 'share_den') }} as weight_pct,
    depth,
    is_leaf,
    sort_key,
    method,
    scale_min,
    scale_max
from nodes

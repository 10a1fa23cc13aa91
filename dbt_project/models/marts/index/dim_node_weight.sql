select
    nodes.rulebook_id,
    nodes.node_id,
    cast(nodes.weight as decimal(38, 0)) as weight,
    cast(nodes.siblings_weight as decimal(38, 0)) as siblings_weight,
    case when nodes.is_leaf then coalesce(costs.cost_per_level, 1) end as cost_per_level
from {{ ref('int_nodes__weighted') }} as nodes
left join {{ ref('level_costs') }} as costs
    on nodes.rulebook_id = costs.rulebook_id and nodes.node_id = costs.node_id

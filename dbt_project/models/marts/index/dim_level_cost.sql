select
    rulebook_id,
    node_id,
    cost_per_level,
    note
from {{ ref('level_costs') }}

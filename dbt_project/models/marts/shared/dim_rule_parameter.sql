select
    rule_id,
    parameter,
    value,
    unit,
    words,
    source,
    description
from {{ ref('rule_parameters') }}

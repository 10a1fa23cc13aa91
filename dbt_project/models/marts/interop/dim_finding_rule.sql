select
    rule_id,
    severity,
    closes_with,
    looks_at,
    title,
    title_en,
    sentence
from {{ ref('finding_rules') }}

select
    rule_id,
    severity,
    closes_with,
    looks_at,
    title,
    title_en,
    sentence,
    sentence_en
from {{ ref('finding_rules') }}

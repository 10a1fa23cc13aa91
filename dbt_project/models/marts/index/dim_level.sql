select
    rulebook_id,
    node_id,
    level,
    criterion,
    evidence as evidence_wanted,
    value_from,
    value_to,
    confidence
from {{ ref('rulebook_levels') }}

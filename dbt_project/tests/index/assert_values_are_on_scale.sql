-- A received value lies on the scale of its rulebook. One that does not is left out of the index; the sender
-- may have meant another scale. Only a warning, since it speaks of what was sent.
{{ config(severity='warn', meta={'tells_of': 'sender'}) }}
select
    rulebook_id,
    node_id,
    observed,
    file_name,
    row_number
from {{ ref('int_scores__received') }}
where not is_on_scale

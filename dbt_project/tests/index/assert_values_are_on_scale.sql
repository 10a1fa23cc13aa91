{{ config(severity='warn', meta={'tells_of': 'sender'}) }}
select
    rulebook_id,
    node_id,
    observed,
    file_name,
    row_number
from {{ ref('int_scores__received') }}
where not is_on_scale

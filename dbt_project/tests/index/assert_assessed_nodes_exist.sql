{{ config(severity='warn', meta={'tells_of': 'sender'}) }}
select
    observed.rulebook_id,
    observed.node_id,
    observed.file_name,
    observed.row_number
from {{ ref('int_scores__received') }} as observed
left join {{ ref('int_nodes__weighted') }} as nodes
    on observed.rulebook_id = nodes.rulebook_id and observed.node_id = nodes.node_id
where nodes.node_id is null

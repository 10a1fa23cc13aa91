-- Every received value names a node of its own rulebook. The door quarantines others; one that got through
-- would drop out of the index without a word. Only a warning, since a user may send a smaller rulebook later.
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

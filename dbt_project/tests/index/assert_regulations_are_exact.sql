select scores.*
from {{ ref('int_scores__completed') }} as scores
inner join {{ ref('int_nodes__weighted') }} as nodes on scores.node_no = nodes.node_no
inner join {{ ref('rulebooks') }} as rulebooks on nodes.rulebook_id = rulebooks.rulebook_id
where rulebooks.regulation is not null and not scores.is_exact

-- Official numbers are never rounded on the way: no value of a regulation passed the limit of the fractions.
select scores.*
from {{ ref('int_scores__completed') }} as scores
inner join {{ ref('rulebooks') }} as rulebooks on scores.rulebook_id = rulebooks.rulebook_id
where rulebooks.regulation is not null and not scores.is_exact

select
    rulebook_id,
    short_name,
    title,
    regulation,
    scale_min,
    scale_max,
    availability_threshold,
    missing_counts_as,
    first_eval_year,
    last_eval_year,
    is_handed_in
from {{ ref('int_rulebooks__listed') }}

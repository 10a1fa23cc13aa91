with regulations as (

    select * from {{ ref('rulebooks') }}

),

handed_in as (

    select * from {{ ref('stg_rulebook__nodes') }}

)

select
    rulebook_id,
    title,
    regulation,
    cast(scale_min as decimal(38, 10)) as scale_min,
    cast(scale_max as decimal(38, 10)) as scale_max,
    cast(availability_threshold as decimal(38, 10)) as availability_threshold,
    cast(missing_counts_as as decimal(38, 10)) as missing_counts_as,
    first_eval_year,
    last_eval_year,
    false as is_handed_in
from regulations
union all
select
    rulebook_id,
    coalesce(max(title), rulebook_id) as title,
    cast(null as varchar) as regulation,
    max(scale_min) as scale_min,
    max(scale_max) as scale_max,
    coalesce(max(availability_threshold), 0.5) as availability_threshold,
    max(missing_counts_as) as missing_counts_as,
    cast(null as integer) as first_eval_year,
    cast(null as integer) as last_eval_year,
    true as is_handed_in
from handed_in
group by rulebook_id

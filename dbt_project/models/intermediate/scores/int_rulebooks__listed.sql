with regulations as (

    select * from {{ ref('rulebooks') }}

),

handed_in as (

    select * from {{ ref('stg_rulebook__nodes') }}

)

select
    rulebook_id,
    short_name,
    title,
    regulation,
    cast(scale_min as decimal(38, 15)) as scale_min,
    cast(scale_max as decimal(38, 15)) as scale_max,
    cast(availability_threshold as decimal(38, 10)) as availability_threshold,
    cast(missing_counts_as as decimal(38, 15)) as missing_counts_as,
    first_eval_year,
    last_eval_year,
    false as is_handed_in
from regulations
union all
select
    rulebook_id,
    rulebook_id as short_name,
    coalesce(max(title), rulebook_id) as title,
    cast(null as varchar) as regulation,
    cast(max(scale_min) as decimal(38, 15)) as scale_min,
    cast(max(scale_max) as decimal(38, 15)) as scale_max,
    coalesce(
        max(availability_threshold),
        {{ rule_parameter('rulebook', 'availability_threshold', 'decimal(38, 10)') }}
    ) as availability_threshold,
    cast(max(missing_counts_as) as decimal(38, 15)) as missing_counts_as,
    cast(null as integer) as first_eval_year,
    cast(null as integer) as last_eval_year,
    true as is_handed_in
from handed_in
group by rulebook_id

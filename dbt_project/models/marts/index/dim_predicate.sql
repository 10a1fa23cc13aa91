with rounding as (

    select
        rulebook_id,
        string_agg(evaluation_year, ', ' order by evaluation_year) as printed_years
    from {{ ref('predicate_rounding') }}
    where basis = 'printed'
    group by rulebook_id

)

select
    predicates.rulebook_id,
    predicates.predicate,
    predicates.level_name,
    predicates.lower_inclusive,
    predicates.upper_exclusive,
    rounding.printed_years
from {{ ref('predicates') }} as predicates
left join rounding on predicates.rulebook_id = rounding.rulebook_id

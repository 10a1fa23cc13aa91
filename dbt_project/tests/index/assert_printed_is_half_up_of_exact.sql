with fractions as (

    select
        *,
        cast(split_part(score_exact, '/', 1) as {{ exact_type() }}) as num,
        cast(coalesce(nullif(split_part(score_exact, '/', 2), ''), '1') as {{ exact_type() }}) as den,
        cast(printed * 100 as {{ exact_type() }}) as cents
    from {{ ref('fct_scores') }}
    where score_exact is not null

)

select *
from fractions
where num >= 0 and not ((2 * cents - 1) * den <= 200 * num and 200 * num < (2 * cents + 1) * den)

-- The printed score is the one number of two decimals p with p - 0.005 <= exact < p + 0.005, compared by
-- whole numbers taken from the published fraction; it does not use the rounding macro.
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

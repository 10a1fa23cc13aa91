with counted as (

    select
        {{ unit_keys('units') }},
        count(pairs.consumer_opd) as edges,
        count(*) filter (where pairs.is_mutual) as mutual
    from {{ ref('int_units__windowed') }} as units
    left join {{ ref('int_opd_pairs__windowed') }} as pairs
        on
            {{ same_window('units', 'pairs') }}
            and pairs.is_between_opds
            and pairs.is_observed
            and (units.unit_kind = 'instansi' or units.unit_code in (pairs.consumer_opd, pairs.provider_opd))
    group by all

)

{{ measure_rows('I06', 'counted', shares=[('main', 'mutual', 'edges')]) }}

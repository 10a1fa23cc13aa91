with counted as (

    select
        {{ unit_keys('units') }},
        count(*) filter (where pairs.is_between_opds) as edges,
        sum(pairs.link_level) filter (where pairs.is_between_opds) as levels,
        count(*) filter (where pairs.is_with_outside) as outside_edges,
        sum(pairs.link_level) filter (where pairs.is_with_outside) as outside_levels
    from {{ ref('int_units__windowed') }} as units
    left join {{ ref('int_opd_pairs__windowed') }} as pairs
        on
            {{ same_window('units', 'pairs') }}
            and (units.unit_kind = 'instansi' or units.unit_code in (pairs.consumer_opd, pairs.provider_opd))
    group by all

)

{{ measure_rows('I17', 'counted', shares=[
    ('main', 'levels', '3 * edges'),
    ('with_outside', 'outside_levels', '3 * outside_edges'),
]) }}

with opds as (

    select
        instansi_code,
        window_kind,
        window_start,
        count(*) as opds,
        bool_or(is_logged) as is_logged
    from {{ ref('int_opd_edges__windowed') }}
    group by instansi_code, window_kind, window_start

),

counted as (

    select
        {{ unit_keys('units') }},
        max(opds.opds) as opds,
        bool_or(opds.is_logged) as is_logged,
        count(pairs.consumer_opd) as edges
    from {{ ref('int_units__windowed') }} as units
    left join opds on {{ same_window('units', 'opds') }}
    left join {{ ref('int_opd_pairs__windowed') }} as pairs
        on
            {{ same_window('units', 'pairs') }}
            and pairs.is_between_opds
            and pairs.is_observed
            and (units.unit_kind = 'instansi' or units.unit_code in (pairs.consumer_opd, pairs.provider_opd))
    group by all

)

{{ measure_rows('I07', 'counted', shares=[(
    'main', 'case when is_logged then edges end',
    "coalesce(case when unit_kind = 'instansi' then opds * (opds - 1) else 2 * (opds - 1) end, 0)",
)]) }}

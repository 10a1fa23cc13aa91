with logged as (

    select distinct
        instansi_code,
        window_kind,
        window_start
    from {{ ref('int_calls__windowed') }}

),

counted as (

    select
        {{ unit_keys('units') }},
        count(*) filter (where pairs.is_between_opds and pairs.is_hub_observed) as hub,
        count(*) filter (where pairs.is_between_opds and pairs.is_declared_without_hub) as without_hub,
        count(*) filter (where pairs.is_hub_observed) as hub_all,
        count(*) filter (where pairs.is_declared_without_hub) as without_hub_all,
        bool_or(logged.instansi_code is not null) as is_logged
    from {{ ref('int_units__windowed') }} as units
    left join {{ ref('int_opd_pairs__windowed') }} as pairs
        on
            {{ same_window('units', 'pairs') }}
            and (pairs.is_between_opds or pairs.is_with_outside)
            and (units.unit_kind = 'instansi' or units.unit_code in (pairs.consumer_opd, pairs.provider_opd))
    left join logged on {{ same_window('units', 'logged') }}
    group by all

)

{{ measure_rows('I03', 'counted', shares=[
    ('main', 'case when is_logged then hub end', 'hub + without_hub'),
    ('with_outside', 'case when is_logged then hub_all end', 'hub_all + without_hub_all'),
]) }}

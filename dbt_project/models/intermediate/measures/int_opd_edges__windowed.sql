with pairs as (

    select * from {{ ref('int_opd_pairs__windowed') }}
    where is_observed

),

logged as (

    select distinct
        instansi_code,
        window_kind,
        window_start
    from {{ ref('int_calls__windowed') }}

),

units as (

    select * from {{ ref('int_units__windowed') }}
    where unit_kind = 'opd'

)

select
    units.instansi_code,
    units.window_kind,
    units.window_start,
    units.window_end,
    units.unit_code as opd_code,
    logged.instansi_code is not null as is_logged,
    coalesce(bool_or(pairs.is_between_opds and pairs.provider_opd = units.unit_code), false) as is_provider,
    coalesce(bool_or(pairs.is_between_opds and pairs.consumer_opd = units.unit_code), false) as is_consumer,
    coalesce(
        bool_or(pairs.is_between_opds and pairs.is_hub_observed), false
    ) as is_on_hub,
    coalesce(bool_or(pairs.is_with_outside), false) as is_outside
from units
left join logged on {{ same_window('units', 'logged') }}
left join pairs
    on
        {{ same_window('units', 'pairs') }}
        and units.unit_code in (pairs.consumer_opd, pairs.provider_opd)
group by all

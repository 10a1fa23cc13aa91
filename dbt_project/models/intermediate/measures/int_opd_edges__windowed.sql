with settings as (

    select min_calls from {{ source('raw', 'run_settings') }}

),

edges as (

    select
        instansi_code,
        window_kind,
        window_start,
        consumer_opd,
        provider_opd
    from {{ ref('int_calls__windowed') }}
    cross join settings
    where consumer_opd <> provider_opd
    group by instansi_code, window_kind, window_start, consumer_opd, provider_opd
    having sum(succeeded) >= max(settings.min_calls)

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
    coalesce(
        bool_or(edges.provider_opd = units.unit_code and partners.unit_code is not null), false
    ) as is_provider,
    coalesce(
        bool_or(edges.consumer_opd = units.unit_code and partners.unit_code is not null), false
    ) as is_consumer,
    coalesce(bool_or(edges.consumer_opd like 'EXT:%' or edges.provider_opd like 'EXT:%'), false) as is_outside
from units
left join logged
    on
        units.instansi_code = logged.instansi_code
        and units.window_kind = logged.window_kind
        and units.window_start = logged.window_start
left join edges
    on
        units.instansi_code = edges.instansi_code
        and units.window_kind = edges.window_kind
        and units.window_start = edges.window_start
        and units.unit_code in (edges.consumer_opd, edges.provider_opd)
left join units as partners
    on
        edges.instansi_code = partners.instansi_code
        and edges.window_kind = partners.window_kind
        and edges.window_start = partners.window_start
        and partners.unit_code in (edges.consumer_opd, edges.provider_opd)
        and units.unit_code <> partners.unit_code
group by all

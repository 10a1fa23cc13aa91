with calls as (

    select
        instansi_code,
        day,
        log_format,
        consumer_opd,
        consumer_system,
        provider_opd,
        provider_system,
        service,
        {{ unnest_list('filed') }} as filed
    from {{ ref('int_calls__classified') }}
    where is_business

),

windows as (

    select * from {{ ref('int_windows__listed') }}

),

-- The OPD whose gateway wrote the log; NULL where the instansi itself sent it.
senders as (

    select
        file_id,
        nullif(opd_code, instansi_code) as gateway_opd
    from {{ source('raw', 'intake_files') }}
    where kind = 'service_log'

),

by_gateway as (

    select
        windows.instansi_code,
        windows.window_kind,
        windows.window_start,
        windows.window_end,
        calls.log_format,
        senders.gateway_opd,
        calls.consumer_opd,
        calls.consumer_system,
        calls.provider_opd,
        calls.provider_system,
        calls.service,
        sum(calls.filed.calls) as calls,
        sum(calls.filed.succeeded) as succeeded
    from windows
    inner join calls
        on
            windows.instansi_code = calls.instansi_code
            and calls.day between windows.window_start and windows.measured_to
    left join senders on calls.filed.file_id = senders.file_id
    group by all

),

gateways as (

    select
        by_gateway.instansi_code,
        by_gateway.window_kind,
        by_gateway.window_start,
        by_gateway.log_format,
        by_gateway.gateway_opd,
        formats.hub = 'always'
        or (
            formats.hub = 'when_shared'
            and (by_gateway.gateway_opd is null or count(distinct by_gateway.provider_opd) > 1)
        ) as is_hub
    from by_gateway
    inner join {{ ref('log_formats') }} as formats on by_gateway.log_format = formats.log_format
    group by
        by_gateway.instansi_code,
        by_gateway.window_kind,
        by_gateway.window_start,
        by_gateway.log_format,
        by_gateway.gateway_opd,
        formats.hub

)

select
    by_gateway.instansi_code,
    by_gateway.window_kind,
    by_gateway.window_start,
    by_gateway.window_end,
    by_gateway.log_format,
    by_gateway.consumer_opd,
    by_gateway.consumer_system,
    by_gateway.provider_opd,
    by_gateway.provider_system,
    by_gateway.service,
    cast(sum(by_gateway.calls) as bigint) as calls,
    cast(sum(by_gateway.succeeded) as bigint) as succeeded,
    cast(coalesce(sum(by_gateway.succeeded) filter (where gateways.is_hub), 0) as bigint) as succeeded_on_hub
from by_gateway
left join gateways
    on
        {{ same_window('by_gateway', 'gateways') }}
        and by_gateway.log_format = gateways.log_format
        and by_gateway.gateway_opd is not distinct from gateways.gateway_opd
group by all

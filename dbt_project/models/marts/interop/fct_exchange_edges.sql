with windows as (

    select * from {{ ref('int_windows__listed') }}
    where window_kind = 'month'

),

settings as (

    select min_calls from {{ source('raw', 'run_settings') }}

),

observed as (

    select
        windows.instansi_code,
        windows.window_start,
        windows.window_end,
        calls.consumer_opd,
        calls.provider_opd,
        calls.log_format as channel,
        case when calls.log_format = 'combined' then 'p2p_api' else 'splp_api' end as declared_as,
        cast(sum(calls.calls) as bigint) as calls,
        cast(coalesce(sum(calls.calls) filter (where calls.succeeded), 0) as bigint) as succeeded
    from windows
    inner join {{ ref('int_calls__classified') }} as calls
        on
            windows.instansi_code = calls.instansi_code
            and calls.day between windows.window_start and windows.window_end
    where
        calls.is_business
        and calls.consumer_opd is not null
    group by
        windows.instansi_code,
        windows.window_start,
        windows.window_end,
        calls.consumer_opd,
        calls.provider_opd,
        calls.log_format

),

declared as (

    select distinct
        windows.instansi_code,
        windows.window_start,
        windows.window_end,
        flows.consumer_opd_code as consumer_opd,
        flows.provider_opd_code as provider_opd,
        flows.channel
    from windows
    inner join {{ ref('stg_declared_exchange__exchanges') }} as flows
        on windows.instansi_code = flows.instansi_code
    where
        flows.status = 'running'
        and flows.consumer_opd_code <> flows.provider_opd_code

),

edges as (

    select
        coalesce(observed.instansi_code, declared.instansi_code) as instansi_code,
        coalesce(observed.window_start, declared.window_start) as window_start,
        coalesce(observed.window_end, declared.window_end) as window_end,
        coalesce(observed.consumer_opd, declared.consumer_opd) as consumer_opd,
        coalesce(observed.provider_opd, declared.provider_opd) as provider_opd,
        coalesce(observed.channel, declared.channel) as channel,
        coalesce(observed.calls, 0) as calls,
        coalesce(observed.succeeded, 0) as succeeded,
        declared.channel is not null as is_declared
    from observed
    full outer join declared
        on
            observed.instansi_code = declared.instansi_code
            and observed.window_start = declared.window_start
            and observed.consumer_opd = declared.consumer_opd
            and observed.provider_opd = declared.provider_opd
            and observed.declared_as = declared.channel

)

select
    edges.instansi_code,
    edges.window_start,
    edges.window_end,
    edges.consumer_opd,
    edges.provider_opd,
    edges.channel,
    edges.calls,
    edges.succeeded,
    edges.is_declared,
    edges.succeeded >= settings.min_calls as is_observed,
    cast(
        case
            when edges.succeeded < settings.min_calls then 0
            when not edges.is_declared then 1
        end as integer
    ) as link_level
from edges
cross join settings

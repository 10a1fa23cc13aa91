with calls as (

    select * from {{ ref('int_calls__classified') }}
    where is_business

),

windows as (

    select * from {{ ref('int_windows__listed') }}

)

select
    windows.instansi_code,
    windows.window_kind,
    windows.window_start,
    windows.window_end,
    calls.log_format,
    calls.consumer_opd,
    calls.consumer_system,
    calls.provider_opd,
    calls.provider_system,
    calls.service,
    cast(sum(calls.calls) as bigint) as calls,
    cast(coalesce(sum(calls.calls) filter (where calls.succeeded), 0) as bigint) as succeeded
from windows
inner join calls
    on
        windows.instansi_code = calls.instansi_code
        and calls.day between windows.window_start and windows.window_end
group by all

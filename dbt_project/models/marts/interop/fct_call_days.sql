with files as (

    select
        intake.instansi_code,
        intake.log_format,
        parts.day,
        parts.file_id,
        parts.records
    from {{ source('lake', 'service_call_files') }} as parts
    inner join (
        select distinct
            file_id,
            instansi_code,
            log_format
        from {{ source('raw', 'intake_files') }}
        where kind = 'service_log' and status in ('loaded', 'partly')
    ) as intake
        on parts.file_id = intake.file_id

),

received as (

    select
        instansi_code,
        log_format,
        day,
        count(distinct file_id) as files,
        cast(sum(records) as bigint) as records
    from files
    group by instansi_code, log_format, day

),

counted as (

    select
        instansi_code,
        log_format,
        day,
        cast(sum(calls) as bigint) as calls,
        cast(coalesce(sum(calls) filter (where is_business), 0) as bigint) as business_calls,
        cast(sum(calls_counted_elsewhere) as bigint) as calls_counted_elsewhere
    from {{ ref('int_calls__classified') }}
    group by instansi_code, log_format, day

),

waiting as (

    select day from {{ source('raw', 'pending_days') }}

)

select
    received.instansi_code,
    received.log_format,
    received.day,
    received.files,
    received.records,
    coalesce(counted.calls, 0) as calls,
    coalesce(counted.business_calls, 0) as business_calls,
    coalesce(counted.calls_counted_elsewhere, 0) as calls_counted_elsewhere,
    case when waiting.day is null then 'computed' else 'waiting' end as status
from received
left join counted
    on
        received.instansi_code = counted.instansi_code
        and received.log_format = counted.log_format
        and received.day = counted.day
left join waiting on received.day = waiting.day

with business as (

    select * from {{ ref('int_calls__classified') }}
    where
        is_business
        and {{ is_new_day('day') }}

),

totals as (

    select
        instansi_code,
        day,
        log_format,
        consumer_opd,
        consumer_system,
        provider_opd,
        provider_system,
        service as service_code,
        cast(sum(calls) as bigint) as calls,
        cast(coalesce(sum(calls) filter (where succeeded), 0) as bigint) as succeeded,
        cast(sum(request_bytes) as bigint) as request_bytes,
        cast(sum(response_bytes) as bigint) as response_bytes,
        bool_and(is_mapped) as is_mapped,
        any_value(day_version) as day_version
    from business
    group by
        instansi_code,
        day,
        log_format,
        consumer_opd,
        consumer_system,
        provider_opd,
        provider_system,
        service

),

percentiles as (

    select
        instansi_code,
        day,
        log_format,
        consumer_opd,
        consumer_system,
        provider_opd,
        provider_system,
        service as service_code,
        count(*) as timed_calls,
        {{ exact_percentile('duration_ms', '0.50') }} as duration_p50_ms,
        {{ exact_percentile('duration_ms', '0.95') }} as duration_p95_ms
    from {{ ref('int_calls__durations') }}
    where {{ is_new_day('day') }}
    group by
        instansi_code,
        day,
        log_format,
        consumer_opd,
        consumer_system,
        provider_opd,
        provider_system,
        service

)

select
    totals.instansi_code,
    totals.day,
    totals.log_format,
    totals.consumer_opd,
    totals.consumer_system,
    totals.provider_opd,
    totals.provider_system,
    totals.service_code,
    totals.calls,
    totals.succeeded,
    totals.calls - totals.succeeded as failed,
    totals.request_bytes,
    totals.response_bytes,
    percentiles.duration_p50_ms,
    percentiles.duration_p95_ms,
    coalesce(percentiles.timed_calls, 0) as timed_calls,
    totals.is_mapped,
    totals.day_version
from totals
left join percentiles
    on
        totals.instansi_code = percentiles.instansi_code
        and totals.day = percentiles.day
        and totals.log_format = percentiles.log_format
        and totals.consumer_opd is not distinct from percentiles.consumer_opd
        and totals.consumer_system is not distinct from percentiles.consumer_system
        and totals.provider_opd = percentiles.provider_opd
        and totals.provider_system = percentiles.provider_system
        and totals.service_code = percentiles.service_code

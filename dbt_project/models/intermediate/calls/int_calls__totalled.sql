-- depends_on: {{ ref('int_calls__day_versions') }}
with business as (

    select * from {{ ref('int_calls__classified') }}
    where
        is_business
        and {{ is_chosen_day('day') }}

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
        {{ bigint_within('sum(request_bytes)') }} as request_bytes,
        {{ bigint_within('sum(response_bytes)') }} as response_bytes,
        min(partner_instansi_code) as partner_instansi_code,
        cast(
            coalesce(sum(calls) filter (where is_counted_elsewhere), 0) as bigint
        ) as calls_counted_elsewhere,
        list_sort(flatten(list(durations))) as durations,
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

)

select
    instansi_code,
    day,
    log_format,
    consumer_opd,
    consumer_system,
    provider_opd,
    provider_system,
    service_code,
    calls,
    succeeded,
    calls - succeeded as failed,
    request_bytes,
    response_bytes,
    {{ sorted_percentile('durations', 50) }} as duration_p50_ms,
    {{ sorted_percentile('durations', 95) }} as duration_p95_ms,
    len(durations) as timed_calls,
    partner_instansi_code,
    calls_counted_elsewhere,
    is_mapped,
    day_version
from totals

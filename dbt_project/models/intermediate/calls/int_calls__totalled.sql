{%- set pair = [
    'instansi_code', 'day', 'log_format', 'consumer_opd', 'consumer_system', 'provider_opd', 'provider_system', 'service'
] -%}
-- depends_on: {{ ref('int_calls__day_versions') }}
with business as (

    select
        *,
        {{ hashed(pair) }} as pair_key
    from {{ ref('int_calls__classified') }}
    where
        is_business
        and {{ is_chosen_day('day', 'instansi_code') }}

),

partners as (

    select
        pair_key,
        min(filed.partner_instansi_code) as partner_instansi_code
    from (
        select
            pair_key,
            {{ unnest_list('filed') }} as filed
        from business
    ) as files
    where filed.partner_instansi_code is not null
    group by pair_key

),

timed as (

    select
        pair_key,
        counted.duration_ms,
        sum(counted.calls) as calls
    from (
        select
            pair_key,
            {{ unnest_list('durations') }} as counted
        from business
    ) as durations
    group by pair_key, counted.duration_ms

),

placed as (

    select
        pair_key,
        duration_ms,
        cast(sum(calls) over (partition by pair_key order by duration_ms) as bigint) as calls_upto,
        cast(sum(calls) over (partition by pair_key) as bigint) as all_calls
    from timed

),

ranked as (

    select
        pair_key,
        any_value(all_calls) as timed_calls,
        {{ counted_percentile('duration_ms', 'calls_upto', 'all_calls', 50) }} as duration_p50_ms,
        {{ counted_percentile('duration_ms', 'calls_upto', 'all_calls', 95) }} as duration_p95_ms
    from placed
    group by pair_key

),

totals as (

    select
        pair_key,
        {{ pair | join(',\n        ') }},
        cast(sum(calls) as bigint) as calls,
        cast(sum(succeeded) as bigint) as succeeded,
        {{ bigint_within('sum(request_bytes)') }} as request_bytes,
        {{ bigint_within('sum(response_bytes)') }} as response_bytes,
        cast(sum(calls_counted_elsewhere) as bigint) as calls_counted_elsewhere,
        bool_and(is_mapped) as is_mapped,
        any_value(day_version) as day_version
    from business
    group by pair_key, {{ pair | join(', ') }}

)

select
    totals.instansi_code,
    totals.day,
    totals.log_format,
    totals.consumer_opd,
    totals.consumer_system,
    totals.provider_opd,
    totals.provider_system,
    totals.service as service_code,
    totals.calls,
    totals.succeeded,
    totals.calls - totals.succeeded as failed,
    totals.request_bytes,
    totals.response_bytes,
    ranked.duration_p50_ms,
    ranked.duration_p95_ms,
    coalesce(ranked.timed_calls, 0) as timed_calls,
    partners.partner_instansi_code,
    totals.calls_counted_elsewhere,
    totals.is_mapped,
    totals.day_version
from totals
left join ranked on totals.pair_key = ranked.pair_key
left join partners on totals.pair_key = partners.pair_key

-- depends_on: {{ ref('int_calls__day_versions') }}
with durations as (

    select
        day,
        instansi_code,
        provider_opd,
        provider_system,
        service,
        {{ unnest_list('durations') }} as counted,
        day_version
    from {{ ref('int_calls__classified') }}
    where
        is_business
        and {{ is_chosen_day('day', 'instansi_code') }}

)

select
    day,
    instansi_code,
    provider_opd,
    provider_system,
    service,
    counted.duration_ms,
    cast(sum(counted.calls) as bigint) as calls,
    any_value(day_version) as day_version
from durations
group by
    day,
    instansi_code,
    provider_opd,
    provider_system,
    service,
    counted.duration_ms

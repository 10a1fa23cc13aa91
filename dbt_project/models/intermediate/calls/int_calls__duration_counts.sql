-- depends_on: {{ ref('int_calls__day_versions') }}
with durations as (

    select
        day,
        instansi_code,
        provider_opd,
        provider_system,
        service,
        unnest(durations) as duration_ms,
        day_version
    from {{ ref('int_calls__classified') }}
    where
        is_business
        and {{ is_chosen_day('day') }}

)

select
    day,
    instansi_code,
    provider_opd,
    provider_system,
    service,
    duration_ms,
    count(*) as calls,
    any_value(day_version) as day_version
from durations
group by
    day,
    instansi_code,
    provider_opd,
    provider_system,
    service,
    duration_ms

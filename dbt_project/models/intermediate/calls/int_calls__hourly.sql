-- depends_on: {{ ref('int_calls__day_versions') }}
with hours as (

    select
        day,
        unnest(hours) as hour,
        instansi_code,
        log_format,
        provider_opd,
        provider_system,
        service,
        succeeded,
        day_version
    from {{ ref('int_calls__classified') }}
    where
        is_business
        and {{ is_chosen_day('day') }}

)

select
    day,
    cast(hour as integer) as hour,
    instansi_code,
    log_format,
    provider_opd,
    provider_system,
    service,
    count(*) as calls,
    count(*) filter (where succeeded) as succeeded,
    any_value(day_version) as day_version
from hours
group by
    day,
    hour,
    instansi_code,
    log_format,
    provider_opd,
    provider_system,
    service

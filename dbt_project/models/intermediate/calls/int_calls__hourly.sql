-- depends_on: {{ ref('int_calls__day_versions') }}
with hours as (

    select
        day,
        instansi_code,
        log_format,
        provider_opd,
        provider_system,
        service,
        {{ unnest_list('hours') }} as counted,
        day_version
    from {{ ref('int_calls__classified') }}
    where
        is_business
        and {{ is_chosen_day('day', 'instansi_code') }}

)

select
    day,
    cast(counted.hour as integer) as hour,
    instansi_code,
    log_format,
    provider_opd,
    provider_system,
    service,
    cast(sum(counted.calls) as bigint) as calls,
    cast(sum(counted.succeeded) as bigint) as succeeded,
    any_value(day_version) as day_version
from hours
group by
    day,
    counted.hour,
    instansi_code,
    log_format,
    provider_opd,
    provider_system,
    service

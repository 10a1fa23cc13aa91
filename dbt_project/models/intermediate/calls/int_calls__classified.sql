with counted as (

    select
        calls.* exclude (day_version, calls_version),
        versions.day_version
    from {{ ref('int_calls__counted_daily') }} as calls
    inner join {{ ref('int_calls__day_versions') }} as versions
        on calls.day = versions.day and calls.instansi_code = versions.instansi_code
    where {{ is_chosen_day('calls.day', 'calls.instansi_code') }}

),

identities as (

    select * from {{ ref('int_identities__mapped') }}

),

services as (

    select distinct
        log_format,
        provider_identity,
        service_code,
        -- Of a path with its site before it the path.
        case
            when log_format = 'combined' then regexp_replace(provider_identity, '^[^/]+/', '/')
            else service_code
        end as watched_name
    from counted

),

meta_services as (

    select distinct
        services.log_format,
        services.provider_identity,
        services.service_code
    from services
    inner join {{ ref('metaservices') }} as meta
        on
            services.log_format = meta.log_format
            and (
                services.watched_name = meta.name
                or left(services.watched_name, length(meta.name) + 1) = meta.name || '/'
            )

),

-- In a web log the caller is a login. One that calls by a program's client, or more often than a person can,
-- is a machine's; a gateway's log names the program and the person apart.
machines as (

    select
        day,
        instansi_code,
        consumer_identity
    from counted
    where login_calls > 0 and log_format = 'combined'
    group by day, instansi_code, consumer_identity
    having sum(login_calls) > {{ rule_parameter('I28', 'most_calls_of_a_day', 'bigint') }}

),

mapped as (

    select
        counted.*,
        consumer.opd_code as consumer_opd,
        consumer.system_code as consumer_system,
        counted.log_format = 'combined'
        and (coalesce(consumer.is_system, false) or program.agent is not null or machines.day is not null)
            as is_called_by_machine,
        provider.opd_code as provider_opd,
        provider.system_code as provider_system,
        coalesce(provider.service_code, counted.service_code, '-') as service,
        meta.service_code is not null as is_meta,
        agent.agent is not null as is_monitoring,
        -- A call without a known consumer is no self-call. While a side is unmapped, a member is one OPD.
        coalesce(
            consumer.opd_code = provider.opd_code
            or (
                counted.log_format = 'xroad'
                and not (consumer.is_mapped and provider.is_mapped)
                and {{ xroad_member('counted.consumer_identity') }}
                = {{ xroad_member('counted.provider_identity') }}
            ),
            false
        ) as is_self,
        coalesce(consumer.is_mapped, true) and provider.is_mapped as is_mapped
    from counted
    left join identities as consumer
        on
            consumer.role = 'consumer'
            and counted.instansi_code = consumer.instansi_code
            and counted.log_format = consumer.log_format
            and counted.consumer_identity = consumer.identity
            and counted.day between consumer.valid_from and consumer.valid_to
    inner join identities as provider
        on
            provider.role = 'provider'
            and counted.instansi_code = provider.instansi_code
            and counted.log_format = provider.log_format
            and counted.provider_identity = provider.identity
            and counted.day between provider.valid_from and provider.valid_to
    left join machines
        on
            counted.day = machines.day
            and counted.instansi_code = machines.instansi_code
            and counted.consumer_identity = machines.consumer_identity
    left join meta_services as meta
        on
            counted.log_format = meta.log_format
            and counted.provider_identity = meta.provider_identity
            and counted.service_code = meta.service_code
    left join {{ ref('machine_agents') }} as program on lower(counted.agent) = lower(program.agent)
    left join {{ ref('monitoring_agents') }} as agent on lower(counted.agent) = lower(agent.agent)

)

select
    day,
    instansi_code,
    log_format,
    consumer_identity,
    consumer_opd,
    consumer_system,
    provider_identity,
    provider_opd,
    provider_system,
    service_code,
    service,
    agent,
    calls,
    succeeded,
    request_bytes,
    response_bytes,
    case when is_called_by_machine then 0 else login_calls end as person_calls,
    calls_counted_elsewhere,
    durations,
    hours,
    filed,
    is_meta,
    is_monitoring,
    is_self,
    is_mapped,
    not is_meta and not is_monitoring and not is_self as is_business,
    day_version
from mapped

with counted as (

    select * from {{ ref('int_calls__counted_daily') }}

),

-- What names are mapped to, and which calls are no integration.
rules as (

    select
        count(*) as mappings,
        bit_xor(
            hash(
                instansi_code,
                log_format,
                role,
                identity,
                opd_code,
                system_code,
                service_code,
                valid_from,
                valid_to
            )
        ) as mapping_version
    from {{ ref('stg_gateway_identity__identities') }}

),

meta_services as (

    select bit_xor(hash(log_format, name)) as meta_version
    from {{ ref('metaservices') }}

),

agents as (

    select bit_xor(hash(agent)) as agent_version
    from {{ ref('monitoring_agents') }}

),

-- What makes a login a machine's.
machines as (

    select
        bit_xor(hash(agent)) as machine_version,
        {{ rule_parameter('I28', 'most_calls_of_a_day', 'bigint') }} as most_calls_of_a_day
    from {{ ref('machine_agents') }}

)

select
    counted.day,
    counted.instansi_code,
    hash(
        any_value(counted.calls_version),
        any_value(rules.mapping_version),
        any_value(rules.mappings),
        any_value(meta_services.meta_version),
        any_value(agents.agent_version),
        any_value(machines.machine_version),
        any_value(machines.most_calls_of_a_day)
    ) as day_version,
    cast(sum(counted.calls) as bigint) as calls
from counted
cross join rules
cross join meta_services
cross join agents
cross join machines
group by counted.day, counted.instansi_code

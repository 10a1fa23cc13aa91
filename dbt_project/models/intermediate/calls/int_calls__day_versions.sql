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

)

select
    counted.day,
    hash(
        any_value(counted.day_version),
        any_value(rules.mapping_version),
        any_value(rules.mappings),
        any_value(meta_services.meta_version),
        any_value(agents.agent_version)
    ) as day_version
from counted
cross join rules
cross join meta_services
cross join agents
group by counted.day

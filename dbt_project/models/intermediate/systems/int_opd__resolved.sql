with registered as (

    select
        instansi_code,
        opd_code,
        opd_name,
        opd_kind,
        parent_opd_code,
        is_active,
        valid_from,
        valid_to,
        true as is_mapped
    from {{ ref('stg_opd_register__opds') }}

),

mentioned as (

    select
        instansi_code,
        opd_code,
        opd_name
    from {{ ref('int_opd_names__matched') }}
    union all
    select
        instansi_code,
        opd_code,
        opd_name
    from {{ ref('stg_system_inventory__systems') }}
    union all
    -- A row without an owner, or with one in letters that no key is made of, belongs to whoever sent it, be
    -- it the agency as a whole.
    select
        instansi_code,
        sender_code as opd_code,
        cast(null as varchar) as opd_name
    from {{ ref('stg_system_inventory__systems') }}
    where opd_code is null and {{ name_key('opd_name') }} is null
    union all
    select
        instansi_code,
        opd_code,
        cast(null as varchar) as opd_name
    from {{ ref('stg_vendor_contract__contracts') }}
    union all
    select
        instansi_code,
        provider_opd_code as opd_code,
        cast(null as varchar) as opd_name
    from {{ ref('stg_declared_exchange__exchanges') }}
    union all
    select
        instansi_code,
        consumer_opd_code as opd_code,
        cast(null as varchar) as opd_name
    from {{ ref('stg_declared_exchange__exchanges') }}
    union all
    select
        instansi_code,
        opd_code,
        cast(null as varchar) as opd_name
    from {{ ref('stg_published_figure__figures') }}
    union all
    select
        instansi_code,
        opd_code,
        cast(null as varchar) as opd_name
    from {{ ref('stg_self_assessment__levels') }}

),

provisional as (

    select
        instansi_code,
        opd_code,
        coalesce(min(opd_name), opd_code) as opd_name,
        cast(null as varchar) as opd_kind,
        cast(null as varchar) as parent_opd_code,
        true as is_active,
        cast(null as date) as valid_from,
        cast(null as date) as valid_to,
        false as is_mapped
    from mentioned
    where
        opd_code is not null
        and opd_code not like 'EXT:%'
        and not exists (
            select 1 from registered
            where
                registered.instansi_code = mentioned.instansi_code
                and registered.opd_code = mentioned.opd_code
        )
    group by instansi_code, opd_code

)

select * from registered
union all
select * from provisional

with register as (

    select * from {{ ref('stg_opd_register__opds') }}

),

registered_names as (

    select
        instansi_code,
        opd_code,
        is_active,
        {{ name_key('opd_name') }} as name_key
    from register
    union all
    select
        instansi_code,
        opd_code,
        is_active,
        {{ name_key('short_name') }} as name_key
    from register

),

-- A name that two OPDs bear (an old and a new one) means the active one, then the first code.
registered as (

    select
        instansi_code,
        name_key,
        opd_code
    from registered_names
    where name_key is not null
    qualify row_number() over (
        partition by instansi_code, name_key
        order by is_active desc, opd_code
    ) = 1

),

written as (

    select
        instansi_code,
        {{ name_key('opd_name') }} as name_key,
        min(opd_name) as opd_name
    from {{ ref('stg_system_inventory__systems') }}
    where opd_name is not null
    group by instansi_code, {{ name_key('opd_name') }}

)

select
    written.instansi_code,
    written.name_key,
    written.opd_name,
    coalesce(
        registered.opd_code, written.instansi_code || '-' || replace(written.name_key, ' ', '-')
    ) as opd_code,
    registered.opd_code is not null as is_mapped
from written
left join registered
    on
        written.instansi_code = registered.instansi_code
        and written.name_key = registered.name_key
where written.name_key is not null

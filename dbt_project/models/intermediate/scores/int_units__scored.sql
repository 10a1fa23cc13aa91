with named as (

    select distinct
        sender_code,
        unit_code
    from {{ ref('stg_scores__scores') }}

),

opds as (

    select
        instansi_code,
        opd_code
    from {{ ref('stg_opd_register__opds') }}

),

regions as (

    select kode_kemendagri as instansi_code from {{ ref('wilayah_kabupaten_kota') }}

),

kinds as (

    select
        named.sender_code,
        named.unit_code,
        case
            when named.unit_code = named.sender_code or regions.instansi_code is not null then 'instansi'
            when opds.opd_code is not null then 'opd'
            else 'other'
        end as unit_kind
    from named
    left join regions on named.unit_code = regions.instansi_code
    left join opds on named.sender_code = opds.instansi_code and named.unit_code = opds.opd_code

)

select
    sender_code,
    unit_code,
    unit_kind,
    case when unit_kind = 'instansi' then unit_code else sender_code end as instansi_code
from kinds

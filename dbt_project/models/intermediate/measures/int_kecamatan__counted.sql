-- A kecamatan is an OPD of its regency: a register that names them says how many there are, not their codes.
with listed as (

    select
        instansi_code,
        count(*) as kecamatan
    from {{ ref('kecamatan') }}
    group by instansi_code

),

registered as (

    select
        instansi_code,
        count(*) as kecamatan
    from {{ ref('int_opd__resolved') }}
    where is_mapped and is_active and lower(trim(opd_kind)) = 'kecamatan'
    group by instansi_code

),

named as (

    select
        instansi_code,
        count(distinct kecamatan_code) as kecamatan
    from {{ ref('stg_usage__months') }}
    group by instansi_code

)

select
    instansi_code,
    case
        when listed.instansi_code is not null then listed.kecamatan
        when registered.kecamatan >= coalesce(named.kecamatan, 0) then registered.kecamatan
        else named.kecamatan
    end as kecamatan,
    case
        when listed.instansi_code is not null then 'reference'
        when registered.kecamatan >= coalesce(named.kecamatan, 0) then 'register'
        else 'as_sent'
    end as kecamatan_basis
from listed
full outer join registered using (instansi_code)
full outer join named using (instansi_code)

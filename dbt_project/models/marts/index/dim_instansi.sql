with windows as (

    select *
    from {{ ref('int_windows__listed') }}
    qualify {{ is_latest_window() }}

)

select
    instansi.instansi_code,
    instansi.instansi_name,
    instansi.instansi_kind,
    instansi.is_mapped,
    kecamatan.kecamatan,
    kecamatan.kecamatan_basis,
    windows.measured_to,
    (select settings.as_of from {{ source('raw', 'run_settings') }} as settings) as last_complete_day
from {{ ref('int_instansi__resolved') }} as instansi
left join {{ ref('int_kecamatan__counted') }} as kecamatan on instansi.instansi_code = kecamatan.instansi_code
left join windows on instansi.instansi_code = windows.instansi_code

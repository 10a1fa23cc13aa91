with source as (

    select * from {{ source('raw', 'usage') }}

),

renamed as (

    select
        _instansi_code as instansi_code,
        system_code,
        kecamatan_code,
        coalesce(period, _period) as period,
        active_users,
        transactions,
        target_population,
        counting_rule,
        _opd_code as sender_code,
        _file_sha256 as file_sha256,
        _file_name as file_name,
        _row_number as row_number,
        _file_order as file_order
    from source

)

select *
from renamed
qualify row_number() over (
    partition by instansi_code, system_code, kecamatan_code, period
    order by file_order desc, row_number desc
) = 1

with source as (

    select * from {{ source('raw', 'program') }}

),

renamed as (

    select
        coalesce(instansi_code, _instansi_code) as instansi_code,
        coalesce(period, _period) as period,
        program_code,
        program_name,
        dimension,
        status,
        coalesce(opd_code, nullif(_opd_code, _instansi_code)) as opd_code,
        system_code,
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
    partition by instansi_code, program_code, period
    order by file_order desc, row_number desc
) = 1

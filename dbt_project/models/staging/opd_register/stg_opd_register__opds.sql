with source as (

    select * from {{ source('raw', 'opd_register') }}

),

renamed as (

    select
        coalesce(instansi_code, _instansi_code) as instansi_code,
        opd_code,
        opd_name,
        short_name,
        opd_kind,
        parent_opd_code,
        coalesce(is_active, true) as is_active,
        valid_from,
        valid_to,
        expects,
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
    partition by instansi_code, opd_code
    order by file_order desc, row_number desc
) = 1

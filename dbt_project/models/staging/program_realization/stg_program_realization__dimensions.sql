with source as (

    select * from {{ source('raw', 'program_realization') }}

),

renamed as (

    select
        coalesce(instansi_code, _instansi_code) as instansi_code,
        coalesce(period, _period) as period,
        dimension,
        programs,
        achieved,
        not_achieved,
        source,
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
    partition by instansi_code, period, dimension
    order by file_order desc, row_number desc
) = 1

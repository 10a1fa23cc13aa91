with source as (

    select * from {{ source('raw', 'published_figure') }}

),

renamed as (

    select
        coalesce(instansi_code, _instansi_code) as instansi_code,
        figure_id,
        name,
        unit,
        opd_code,
        system_code,
        system_name,
        area_code,
        coalesce(period, _period) as period,
        published_value,
        published_where,
        published_on,
        field_value,
        field_method,
        field_on,
        numerator,
        denominator,
        tolerance_abs,
        tolerance_rel,
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
    partition by instansi_code, sender_code, figure_id, period
    order by file_order desc, row_number desc
) = 1

with source as (

    select * from {{ source('raw', 'complaint') }}

),

settings as (

    select time_zone from {{ source('raw', 'run_settings') }}

),

renamed as (

    select
        source._instansi_code as instansi_code,
        source.complaint_id,
        source.channel,
        source.category_code,
        coalesce(source.opd_code, source._opd_code) as opd_code,
        source.kecamatan_code,
        source.received_at,
        {{ local_day('source.received_at', 'settings.time_zone') }} as received_on,
        source.first_answer_at,
        source.closed_at,
        -- An answer before the question is a slip of the pen and no answer.
        case
            when source.first_answer_at >= source.received_at
                then {{ hours_between('source.received_at', 'source.first_answer_at') }}
        end as answered_after_hours,
        source.status,
        source._opd_code as sender_code,
        source._file_sha256 as file_sha256,
        source._file_name as file_name,
        source._row_number as row_number,
        source._file_order as file_order
    from source
    cross join settings

)

select *
from renamed
qualify row_number() over (
    partition by instansi_code, sender_code, complaint_id
    order by file_order desc, row_number desc
) = 1

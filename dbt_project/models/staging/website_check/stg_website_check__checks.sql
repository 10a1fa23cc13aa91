with source as (

    select * from {{ source('raw', 'website_check') }}

),

settings as (

    select time_zone from {{ source('raw', 'run_settings') }}

),

renamed as (

    select
        source._instansi_code as instansi_code,
        source.url,
        {{ url_key('source.url') }} as url_key,
        coalesce(source.opd_code, source._opd_code) as opd_code,
        source.checked_at,
        {{ local_day('source.checked_at', 'settings.time_zone') }} as checked_on,
        source.http_status,
        source.error,
        source.error is null and coalesce(source.http_status between 200 and 399, false) as is_reachable,
        source.response_ms,
        -- A date after the check is announced, not written.
        case
            when source.last_content_date <= {{ local_day('source.checked_at', 'settings.time_zone') }}
                then source.last_content_date
        end as last_content_date,
        source.tls_valid_until,
        source.content_sha256,
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
-- An address without a host names no site.
where url_key is not null
qualify row_number() over (
    partition by instansi_code, url_key, checked_at
    order by file_order desc, row_number desc
) = 1

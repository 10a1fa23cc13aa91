with source as (

    select * from {{ source('raw', 'declared_exchange') }}

),

renamed as (

    select
        _instansi_code as instansi_code,
        _period as period,
        exchange_code,
        provider_opd_code,
        provider_system_code,
        consumer_opd_code,
        consumer_system_code,
        data_name,
        data_code,
        data_element,
        channel,
        direction,
        frequency,
        is_personal_data,
        agreement_ref,
        agreement_until,
        gateway_service,
        coalesce(status, 'running') as status,
        since,
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
    partition by instansi_code, sender_code, exchange_code, period
    order by file_order desc, row_number desc
) = 1

with source as (

    select * from {{ source('raw', 'dataset_catalogue') }}

),

renamed as (

    select
        _instansi_code as instansi_code,
        _period as period,
        -- A list without codes is told apart by name.
        coalesce(dataset_code, nullif({{ slug('dataset_name') }}, ''), dataset_name) as dataset_code,
        dataset_name,
        description,
        purpose,
        coalesce(producer_opd, custodian_opd, _opd_code) as producer_opd,
        custodian_opd,
        system_code,
        rad_code,
        access,
        data_type,
        update_frequency,
        last_updated,
        period_covered,
        is_interoperable,
        format,
        access_url,
        region_code_system,
        reference_codes,
        metadata_status,
        record_count,
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
    partition by instansi_code, sender_code, dataset_code, period
    order by file_order desc, row_number desc
) = 1

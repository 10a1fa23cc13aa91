with source as (

    select * from {{ source('raw', 'vendor_contract') }}

),

renamed as (

    select
        _instansi_code as instansi_code,
        _period as period,
        contract_no,
        contract_title,
        opd_code,
        system_code,
        vendor_name,
        kind,
        value_idr,
        fund_source,
        starts_on,
        ends_on,
        transfer_clause,
        source_code_handed_over,
        exit_clause,
        sla_ref,
        dpa_ref,
        procurement_id,
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
    partition by instansi_code, sender_code, contract_no, system_code, kind
    order by period desc, file_order desc, row_number desc
) = 1

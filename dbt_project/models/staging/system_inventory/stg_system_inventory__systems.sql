with source as (

    select * from {{ source('raw', 'system_inventory') }}

),

renamed as (

    select
        _instansi_code as instansi_code,
        _period as period,
        system_code,
        system_name,
        opd_code,
        opd_name,
        description,
        function_text,
        function_code,
        app_class,
        system_kind,
        status,
        platform,
        url,
        users_target,
        service_name,
        ral_code,
        input_data,
        output_data,
        data_supplier,
        data_customer,
        builder_kind,
        vendor_name,
        hosting,
        has_api,
        api_contract_url,
        is_integrated,
        integration_note,
        splp,
        year_built,
        language,
        framework,
        database,
        license,
        legal_basis,
        security_audit_date,
        vapt_date,
        data_class,
        note,
        _opd_code as sender_code,
        _file_id as file_id,
        _file_sha256 as file_sha256,
        _file_name as file_name,
        _row_number as row_number,
        _file_order as file_order
    from source

)

select *
from renamed

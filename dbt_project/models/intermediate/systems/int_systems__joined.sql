with source as (

    select
        *,
        {{ url_key('url') }} as url_key
    from {{ ref('stg_system_inventory__systems') }}

),

owned as (

    select
        source.* exclude (opd_code),
        coalesce(source.opd_code, names.opd_code, source.sender_code) as opd_code
    from source
    left join {{ ref('int_opd_names__matched') }} as names
        on
            source.instansi_code = names.instansi_code
            and {{ name_key('source.opd_name') }} = names.name_key

),

-- Two rows of one file with one address and no code stay two systems; rows of different files become one.
numbered as (

    select
        *,
        row_number() over (
            partition by file_id, url_key, system_code
            order by row_number
        ) as url_turn,
        row_number() over (
            partition by instansi_code, period
            order by file_order, file_name, row_number
        ) as position,
        min(system_code) over (
            partition by instansi_code, period, sender_code, url_key
        ) as code_of_url
    from owned

),

keyed as (

    select
        *,
        coalesce(
            'code:' || system_code,
            case when url_key is not null and url_turn = 1 then 'code:' || code_of_url end,
            case when url_key is not null then 'url:' || sender_code || ':' || url_key || ':' || url_turn end,
            case
                when system_name is not null
                    then 'name:' || opd_code || ':' || {{ name_key('system_name') }}
            end,
            'row:' || file_id || ':' || row_number
        ) as join_key
    from numbered

),

joined as (

    select
        instansi_code,
        period,
        join_key,
        min(position) as position,
        min(url_turn) as url_turn,
        count(*) as source_rows,
        {{ first_filled('file_sha256') }} as file_sha256,
        {{ first_filled('row_number') }} as row_number,
        -- Of each column the first filled value, in file order.
        {{ first_filled('system_code') }} as system_code,
        {{ first_filled('system_name') }} as system_name,
        {{ first_filled('opd_code') }} as opd_code,
        {{ first_filled('description') }} as description,
        {{ first_filled('function_text') }} as function_text,
        {{ first_filled('function_code') }} as function_code,
        {{ first_filled('app_class') }} as app_class,
        {{ first_filled('system_kind') }} as system_kind,
        {{ first_filled('status') }} as status,
        {{ first_filled('platform') }} as platform,
        {{ first_filled('url') }} as url,
        {{ first_filled('url_key') }} as url_key,
        {{ first_filled('users_target') }} as users_target,
        {{ first_filled('service_name') }} as service_name,
        {{ first_filled('ral_code') }} as ral_code,
        {{ first_filled('builder_kind') }} as builder_kind,
        {{ first_filled('vendor_name') }} as vendor_name,
        {{ first_filled('hosting') }} as hosting,
        {{ first_filled('has_api') }} as has_api,
        {{ first_filled('api_contract_url') }} as api_contract_url,
        {{ first_filled('is_integrated') }} as is_integrated,
        {{ first_filled('integration_note') }} as integration_note,
        {{ first_filled('splp') }} as splp,
        {{ first_filled('year_built') }} as year_built,
        {{ first_filled('license') }} as license,
        {{ first_filled('data_class') }} as data_class,
        {{ first_filled('security_audit_date') }} as security_audit_date,
        {{ first_filled('vapt_date') }} as vapt_date,
        {{ first_filled('note') }} as note
    from keyed
    group by instansi_code, period, join_key

),

-- A code is issued from owner and address, else name, else place in the file, and is the same every time.
-- Letters that no code is made of name nothing.
coded as (

    select
        *,
        coalesce(
            system_code,
            opd_code || '-'
            || coalesce(
                nullif({{ slug('url_key') }}, ''),
                nullif({{ slug('system_name') }}, ''),
                'baris-' || row_number
            )
            || case when url_turn > 1 then '-' || url_turn else '' end
        ) as issued_code
    from joined

)

select
    instansi_code,
    period,
    issued_code as system_code,
    system_code is not null as is_code_given,
    coalesce(system_name, url_key, 'Sistem tanpa nama, baris ' || row_number) as system_name,
    opd_code,
    description,
    function_text,
    function_code,
    app_class,
    system_kind,
    -- A list that says nothing on status lists what is there.
    coalesce(status, 'active') as status,
    status is not null as is_status_given,
    platform,
    url,
    users_target,
    service_name,
    ral_code,
    builder_kind,
    vendor_name,
    hosting,
    has_api,
    api_contract_url,
    is_integrated,
    integration_note,
    splp,
    year_built,
    license,
    data_class,
    security_audit_date,
    vapt_date,
    note,
    source_rows,
    file_sha256,
    row_number
from coded
qualify row_number() over (partition by instansi_code, period, issued_code order by position) = 1

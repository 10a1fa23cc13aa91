with systems as (

    select *
    from {{ ref('int_systems__joined') }}
    qualify
        period = max(period) over (partition by instansi_code, opd_code)
        and row_number() over (partition by instansi_code, system_code order by period desc) = 1

),

latest_windows as (

    select
        instansi_code,
        system_code,
        is_silo
    from {{ ref('int_systems__windowed') }}
    qualify row_number() over (
        partition by instansi_code, system_code
        order by window_end desc, window_start desc
    ) = 1

)

select
    systems.instansi_code,
    systems.period,
    systems.system_code,
    systems.is_code_given,
    systems.system_name,
    systems.opd_code,
    systems.description,
    systems.function_text,
    systems.function_code,
    systems.app_class,
    systems.system_kind,
    systems.status,
    systems.is_status_given,
    systems.platform,
    systems.url,
    systems.users_target,
    systems.service_name,
    systems.ral_code,
    systems.builder_kind,
    systems.vendor_name,
    systems.hosting,
    {{ third_party('systems') }} as is_third_party,
    systems.has_api,
    systems.api_contract_url,
    systems.is_integrated,
    systems.integration_note,
    systems.splp,
    systems.year_built,
    systems.license,
    systems.data_class,
    systems.security_audit_date,
    systems.vapt_date,
    systems.note,
    systems.file_sha256,
    systems.row_number,
    case when systems.status = 'active' then latest_windows.is_silo end as is_silo
from systems
left join latest_windows
    on
        systems.instansi_code = latest_windows.instansi_code
        and systems.system_code = latest_windows.system_code

-- Of each instansi the latest window: a contract is judged on the day that it is measured to.
with settings as (

    select as_of from {{ source('raw', 'run_settings') }}

),

windows as (

    select *
    from {{ ref('int_windows__listed') }}
    qualify {{ is_latest_window() }}

),

contracts as (

    select * from {{ ref('stg_vendor_contract__contracts') }}

),

-- A list of the instansi speaks for all its OPDs, one of an OPD for its own systems.
lists as (

    select
        instansi_code,
        opd_code as list_of
    from {{ source('raw', 'intake_files') }}
    where kind = 'vendor_contract' and status in ('loaded', 'partly')
    union
    select
        instansi_code,
        opd_code as list_of
    from contracts

),

active as (

    select
        systems.instansi_code,
        systems.system_code,
        systems.opd_code,
        systems.has_valid_contract,
        {{ third_party('systems') }} as is_third_party
    from {{ ref('int_systems__windowed') }} as systems
    inner join windows on {{ same_window('systems', 'windows') }}

),

-- Systems that a third party builds or hosts, or may do so, and of which no contract was handed in.
unwritten as (

    select active.*
    from active
    left join contracts
        on
            active.instansi_code = contracts.instansi_code
            and active.system_code = contracts.system_code
    where active.is_third_party is distinct from false and contracts.contract_no is null

),

listed as (

    select
        unwritten.instansi_code,
        unwritten.system_code,
        unwritten.opd_code,
        count(lists.list_of) > 0 as has_list
    from unwritten
    left join lists
        on
            unwritten.instansi_code = lists.instansi_code
            and lists.list_of in (unwritten.instansi_code, unwritten.opd_code)
    group by all

),

subjects as (

    select
        instansi_code,
        sender_code,
        contract_no,
        system_code,
        kind as contract_kind,
        opd_code,
        contract_title,
        vendor_name,
        starts_on,
        ends_on,
        true as has_list,
        file_sha256,
        row_number
    from contracts
    union all by name
    select * from listed

),

dated as (

    select
        subjects.instansi_code,
        subjects.sender_code,
        subjects.contract_no,
        subjects.system_code,
        subjects.contract_kind,
        systems.system_name,
        coalesce(subjects.opd_code, systems.opd_code, subjects.sender_code) as opd_code,
        subjects.contract_title,
        coalesce(subjects.vendor_name, systems.vendor_name) as vendor_name,
        active.is_third_party,
        active.has_valid_contract,
        subjects.starts_on,
        subjects.ends_on,
        windows.window_start,
        windows.window_end,
        windows.measured_to,
        {{ days_between('windows.measured_to', 'subjects.ends_on') }} as days_left,
        settings.as_of as last_complete_day,
        {{ days_between('settings.as_of', 'subjects.ends_on') }} as days_left_on_last_day,
        case
            when windows.measured_to is null then 'no_window'
            when subjects.contract_no is not null then null
            when active.is_third_party is null then 'not_told'
            when not subjects.has_list then 'no_list'
        end as unknown_reason,
        coalesce(subjects.file_sha256, systems.file_sha256) as file_sha256,
        coalesce(subjects.row_number, systems.row_number) as row_number
    from subjects
    cross join settings
    left join windows on subjects.instansi_code = windows.instansi_code
    left join active
        on
            subjects.instansi_code = active.instansi_code
            and subjects.system_code = active.system_code
    left join {{ ref('dim_system') }} as systems
        on
            subjects.instansi_code = systems.instansi_code
            and subjects.system_code = systems.system_code

),

judged as (

    select
        *,
        case
            when unknown_reason is not null then 'unknown'
            when contract_no is null then 'missing'
            when starts_on > measured_to then 'not_started'
            when days_left < 0 then 'ended'
            when days_left <= {{ rule_parameter('contracts', 'ends_within') }} then 'ends_soon'
            else 'runs'
        end as status
    from dated

)

select
    judged.instansi_code,
    judged.opd_code,
    judged.system_code,
    judged.system_name,
    judged.sender_code,
    judged.contract_no,
    judged.contract_kind,
    judged.contract_title,
    judged.vendor_name,
    judged.is_third_party,
    judged.starts_on,
    judged.ends_on,
    judged.window_start,
    judged.window_end,
    judged.measured_to,
    judged.days_left,
    judged.last_complete_day,
    judged.days_left_on_last_day,
    judged.status,
    statuses.label_id as status_label,
    judged.unknown_reason,
    reasons.label_id as unknown_reason_label,
    judged.has_valid_contract,
    judged.file_sha256,
    judged.row_number
from judged
inner join {{ ref('contract_statuses') }} as statuses on judged.status = statuses.status
left join {{ ref('unknown_reasons') }} as reasons on judged.unknown_reason = reasons.reason

-- Of each sender the latest list that speaks of the window or of a time before it.
with windows as (

    select * from {{ ref('int_windows__listed') }}

),

flows as (

    select * from {{ ref('stg_declared_exchange__exchanges') }}

),

listed as (

    select
        windows.window_kind,
        windows.window_start,
        windows.window_end,
        windows.measured_to,
        flows.*
    from windows
    inner join flows
        on
            windows.instansi_code = flows.instansi_code
            and flows.period <= {{ month_text('windows.window_end') }}
    qualify
        rank() over (
            partition by windows.instansi_code, windows.window_kind, windows.window_start, flows.sender_code
            order by flows.period desc
        ) = 1

)

select
    instansi_code,
    window_kind,
    window_start,
    window_end,
    measured_to,
    sender_code,
    exchange_code,
    provider_opd_code,
    provider_system_code,
    consumer_opd_code,
    consumer_system_code,
    data_name,
    data_code,
    data_element,
    channel,
    frequency,
    is_personal_data,
    gateway_service,
    agreement_ref,
    agreement_until,
    coalesce(
        agreement_ref is not null and coalesce(agreement_until >= measured_to, true), false
    ) as has_valid_agreement
from listed
where
    status = 'running'
    and coalesce(since <= measured_to, true)

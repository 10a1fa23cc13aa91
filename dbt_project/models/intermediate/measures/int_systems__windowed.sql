with windows as (

    select * from {{ ref('int_windows__listed') }}

),

systems as (

    select * from {{ ref('int_systems__joined') }}

),

-- Of each OPD the latest inventory that speaks of the window or of a time before it.
listed as (

    select
        windows.window_kind,
        windows.window_start,
        windows.window_end,
        windows.measured_to,
        systems.*
    from windows
    inner join systems
        on
            windows.instansi_code = systems.instansi_code
            and systems.period <= {{ month_text('windows.window_end') }}
    qualify
        rank() over (
            partition by windows.instansi_code, windows.window_kind, windows.window_start, systems.opd_code
            order by systems.period desc
        ) = 1
        and row_number() over (
            partition by windows.instansi_code, windows.window_kind, windows.window_start, systems.system_code
            order by systems.period desc
        ) = 1

),

-- Only a call between two that count as an edge ends a silo.
calls as (

    select calls.*
    from {{ ref('int_calls__windowed') }} as calls
    inner join {{ ref('int_opd_pairs__windowed') }} as pairs
        on
            {{ same_window('calls', 'pairs') }}
            and calls.consumer_opd = pairs.consumer_opd
            and calls.provider_opd = pairs.provider_opd
    where
        calls.succeeded > 0
        and pairs.is_observed
        and (pairs.is_between_opds or pairs.is_with_outside)

),

observed as (

    select
        instansi_code,
        window_kind,
        window_start,
        provider_system as system_code
    from calls
    union
    select
        instansi_code,
        window_kind,
        window_start,
        consumer_system as system_code
    from calls

),

exchanges as (

    select * from {{ ref('int_exchanges__windowed') }}
    where provider_opd_code <> consumer_opd_code

),

declared as (

    select
        instansi_code,
        window_kind,
        window_start,
        provider_system_code as system_code
    from exchanges
    union
    select
        instansi_code,
        window_kind,
        window_start,
        consumer_system_code as system_code
    from exchanges

),

-- Where neither logs nor declared exchanges came in, nobody knows whether a system stands alone.
known as (

    select distinct
        instansi_code,
        window_kind,
        window_start
    from exchanges
    union
    select distinct
        instansi_code,
        window_kind,
        window_start
    from {{ ref('int_calls__windowed') }}

),

-- RAB and RAL number one affair differently; the crosswalk makes them one function.
crosswalk as (

    select
        rab_code,
        min(ral_code) as ral_code
    from {{ ref('ref_padanan_rab_ral_rad') }}
    where ral_code is not null
    group by rab_code

),

contracted as (

    select distinct
        windows.instansi_code,
        windows.window_kind,
        windows.window_start,
        contracts.system_code
    from windows
    inner join {{ ref('stg_vendor_contract__contracts') }} as contracts
        on
            windows.instansi_code = contracts.instansi_code
            and windows.measured_to between contracts.starts_on and contracts.ends_on

)

select
    listed.instansi_code,
    listed.window_kind,
    listed.window_start,
    listed.window_end,
    listed.measured_to,
    listed.system_code,
    listed.system_name,
    listed.opd_code,
    listed.app_class,
    listed.builder_kind,
    listed.hosting,
    listed.vendor_name,
    listed.system_kind,
    listed.url,
    listed.description,
    listed.function_text,
    listed.function_code,
    coalesce(crosswalk.ral_code, listed.function_code) as function_key,
    listed.ral_code,
    listed.has_api,
    listed.api_contract_url is not null as has_interface_contract,
    observed.system_code is not null as is_exchange_observed,
    declared.system_code is not null as is_exchange_declared,
    case
        when known.instansi_code is not null
            then observed.system_code is null and declared.system_code is null
    end as is_silo,
    coalesce({{ third_party('listed') }}, false) as is_third_party,
    contracted.system_code is not null as has_valid_contract
from listed
left join observed
    on
        listed.instansi_code = observed.instansi_code
        and listed.window_kind = observed.window_kind
        and listed.window_start = observed.window_start
        and listed.system_code = observed.system_code
left join declared
    on
        listed.instansi_code = declared.instansi_code
        and listed.window_kind = declared.window_kind
        and listed.window_start = declared.window_start
        and listed.system_code = declared.system_code
left join known
    on
        listed.instansi_code = known.instansi_code
        and listed.window_kind = known.window_kind
        and listed.window_start = known.window_start
left join crosswalk on listed.function_code = crosswalk.rab_code
left join contracted
    on
        listed.instansi_code = contracted.instansi_code
        and listed.window_kind = contracted.window_kind
        and listed.window_start = contracted.window_start
        and listed.system_code = contracted.system_code
where listed.status = 'active'

with windows as (

    select * from {{ ref('int_windows__listed') }}

),

settings as (

    select min_calls from {{ source('raw', 'run_settings') }}

),

observed as (

    select
        calls.instansi_code,
        calls.window_kind,
        calls.window_start,
        calls.consumer_opd,
        calls.provider_opd,
        calls.log_format as channel,
        formats.declared_as,
        cast(sum(calls.calls) as bigint) as calls,
        cast(sum(calls.succeeded) as bigint) as succeeded,
        sum(calls.succeeded_on_hub) > 0 as is_hub
    from {{ ref('int_calls__windowed') }} as calls
    inner join {{ ref('log_formats') }} as formats on calls.log_format = formats.log_format
    where calls.consumer_opd is not null
    group by all

),

flows as (

    select *
    from {{ ref('int_exchanges__windowed') }}
    where consumer_opd_code <> provider_opd_code

),

-- Codes conform where a flow names coded elements, all of them on the list, and where a data set that it
-- names is in the catalogue with a code of the national reference.
elements as (

    select
        instansi_code,
        window_kind,
        window_start,
        sender_code,
        exchange_code,
        upper(trim({{ unnest_list('data_element') }})) as element
    from flows

),

element_verdicts as (

    select
        elements.instansi_code,
        elements.window_kind,
        elements.window_start,
        elements.sender_code,
        elements.exchange_code,
        count(*) = count(known.element) as are_known
    from elements
    left join {{ ref('data_elements') }} as known on elements.element = known.element
    group by all

),

catalogued as (

    select distinct
        instansi_code,
        window_kind,
        window_start,
        dataset_code
    from {{ ref('int_datasets__windowed') }}
    where has_known_code

),

declared as (

    select
        flows.instansi_code,
        flows.window_kind,
        flows.window_start,
        flows.consumer_opd_code as consumer_opd,
        flows.provider_opd_code as provider_opd,
        flows.channel,
        bool_or(flows.has_valid_agreement) as has_valid_agreement,
        bool_or(
            flows.has_valid_agreement
            and coalesce(element_verdicts.are_known, false)
            and (flows.data_code is null or catalogued.dataset_code is not null)
        ) as conforms
    from flows
    left join element_verdicts
        on
            {{ same_window('flows', 'element_verdicts') }}
            and flows.sender_code = element_verdicts.sender_code
            and flows.exchange_code = element_verdicts.exchange_code
    left join catalogued
        on
            {{ same_window('flows', 'catalogued') }}
            and flows.data_code = catalogued.dataset_code
    group by all

),

joined as (

    select
        coalesce(observed.instansi_code, declared.instansi_code) as instansi_code,
        coalesce(observed.window_kind, declared.window_kind) as window_kind,
        coalesce(observed.window_start, declared.window_start) as window_start,
        coalesce(observed.consumer_opd, declared.consumer_opd) as consumer_opd,
        coalesce(observed.provider_opd, declared.provider_opd) as provider_opd,
        coalesce(observed.channel, declared.channel) as channel,
        coalesce(observed.calls, 0) as calls,
        coalesce(observed.succeeded, 0) as succeeded,
        coalesce(observed.is_hub, false) as is_hub,
        declared.channel is not null as is_declared,
        coalesce(declared.has_valid_agreement, false) as has_valid_agreement,
        coalesce(declared.conforms, false) as conforms
    from observed
    full outer join declared
        on
            {{ same_window('observed', 'declared') }}
            and observed.consumer_opd = declared.consumer_opd
            and observed.provider_opd = declared.provider_opd
            and observed.declared_as = declared.channel

),

-- `min_calls` is asked of two OPDs, over all ways between them; a way counts where a call of it succeeded.
counted as (

    select
        joined.*,
        joined.succeeded > 0
        and sum(joined.succeeded) over (
            partition by
                joined.instansi_code,
                joined.window_kind,
                joined.window_start,
                joined.consumer_opd,
                joined.provider_opd
        ) >= settings.min_calls as is_observed
    from joined
    cross join settings

)

select
    joined.instansi_code,
    joined.window_kind,
    joined.window_start,
    windows.window_end,
    joined.consumer_opd,
    joined.provider_opd,
    joined.channel,
    joined.is_hub,
    joined.calls,
    joined.succeeded,
    joined.is_declared,
    joined.is_observed,
    joined.has_valid_agreement,
    cast(
        case
            when not joined.is_observed then 0
            when joined.conforms then 3
            when joined.has_valid_agreement then 2
            else 1
        end as integer
    ) as link_level
from counted as joined
inner join windows on {{ same_window('joined', 'windows') }}

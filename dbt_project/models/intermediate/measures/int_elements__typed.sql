with flows as (

    select
        instansi_code,
        window_kind,
        window_start,
        window_end,
        provider_opd_code,
        provider_system_code,
        consumer_opd_code,
        consumer_system_code,
        channel,
        upper(trim({{ unnest_list('data_element') }})) as element
    from {{ ref('int_exchanges__windowed') }}

),

sources_of_record as (

    select distinct
        instansi_code,
        window_kind,
        window_start,
        system_code
    from {{ ref('int_datasets__windowed') }}
    where system_code is not null

),

elements as (

    select
        flows.instansi_code,
        flows.window_kind,
        flows.window_start,
        flows.element,
        min(sources_of_record.system_code) as source_system_code
    from flows
    left join sources_of_record
        on
            {{ same_window('flows', 'sources_of_record') }}
            and flows.provider_system_code = sources_of_record.system_code
    group by all

),

-- Both ends of every flow deal with the element; the end that types it in again does so by hand.
parties as (

    select
        instansi_code,
        window_kind,
        window_start,
        window_end,
        element,
        provider_opd_code as opd_code,
        provider_system_code as system_code,
        false as is_typed
    from flows
    union all
    select
        instansi_code,
        window_kind,
        window_start,
        window_end,
        element,
        consumer_opd_code as opd_code,
        consumer_system_code as system_code,
        channel = 'manual_reentry' as is_typed
    from flows

)

select
    parties.instansi_code,
    parties.window_kind,
    parties.window_start,
    parties.window_end,
    parties.element,
    parties.opd_code,
    elements.source_system_code,
    min(parties.system_code) filter (where parties.is_typed) as typed_system_code,
    coalesce(
        bool_or(
            parties.is_typed
            and elements.source_system_code is not null
            and parties.system_code is distinct from elements.source_system_code
        ),
        false
    ) as is_typed_twice
from parties
inner join elements
    on
        {{ same_window('parties', 'elements') }}
        and parties.element = elements.element
group by
    parties.instansi_code,
    parties.window_kind,
    parties.window_start,
    parties.window_end,
    parties.element,
    parties.opd_code,
    elements.source_system_code

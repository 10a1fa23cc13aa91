with windows as (

    select * from {{ ref('int_windows__listed') }}

),

called as (

    select
        instansi_code,
        window_kind,
        window_start,
        provider_opd,
        provider_system,
        service,
        sum(calls) as calls,
        sum(succeeded) as succeeded
    from {{ ref('int_calls__windowed') }}
    group by all

),

used as (

    select
        instansi_code,
        window_kind,
        window_start,
        provider_opd,
        provider_system,
        service,
        count(consumer_opd) as consumers,
        list(consumer_opd order by consumer_opd) filter (where consumer_opd is not null) as consumer_opds
    from {{ ref('int_services__used') }}
    group by all

),

-- As the measures of reliability tell them; a provider that is no unit has none.
measured as (

    select
        instansi_code,
        window_kind,
        window_start,
        unit_code as provider_opd,
        figure_system as provider_system,
        figure_service as service,
        max(value) filter (where measure_id = 'I11') as success_rate,
        max(numerator) filter (where measure_id = 'I12') as hours_answered,
        max(denominator) filter (where measure_id = 'I12') as hours_called,
        max(value) filter (where measure_id = 'I12') as availability,
        max(value) filter (where measure_id = 'I13') as p95_ms
    from {{ ref('int_measures__valued') }}
    where unit_kind = 'opd' and figure = 'service'
    group by all

),

joined as (

    select
        called.instansi_code,
        called.window_kind,
        called.window_start,
        windows.window_end,
        windows.measured_to,
        called.provider_opd,
        called.provider_system,
        called.service as service_code,
        cast(called.calls as bigint) as calls,
        cast(called.succeeded as bigint) as succeeded,
        measured.success_rate,
        measured.hours_called,
        measured.hours_answered,
        measured.availability,
        measured.p95_ms,
        used.consumers,
        coalesce(used.consumer_opds, []) as consumer_opds,
        case
            when measured.success_rate is null then 'not_mapped'
            when measured.p95_ms is null then 'no_duration'
        end as unknown_reason
    from called
    inner join windows on {{ same_window('called', 'windows') }}
    left join used
        on
            {{ same_window('called', 'used') }}
            and called.provider_opd is not distinct from used.provider_opd
            and called.provider_system is not distinct from used.provider_system
            and called.service is not distinct from used.service
    left join measured
        on
            {{ same_window('called', 'measured') }}
            and called.provider_opd = measured.provider_opd
            and called.provider_system is not distinct from measured.provider_system
            and called.service is not distinct from measured.service

)

select
    joined.*,
    reasons.label_id as unknown_reason_label
from joined
left join {{ ref('unknown_reasons') }} as reasons on joined.unknown_reason = reasons.reason

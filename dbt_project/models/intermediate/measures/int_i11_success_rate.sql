with calls as (

    select * from {{ ref('int_calls__windowed') }}

),

served as (

    select
        {{ unit_keys('units') }},
        'main' as figure,
        cast(null as varchar) as figure_system,
        cast(null as varchar) as figure_service,
        sum(calls.succeeded) as succeeded,
        coalesce(sum(calls.calls), 0) as calls
    from {{ ref('int_units__windowed') }} as units
    left join calls
        on
            {{ same_window('units', 'calls') }}
            and {{ counts_for('units', 'calls.provider_opd') }}
    group by all
    union all
    select
        {{ unit_keys('units') }},
        'as_consumer' as figure,
        cast(null as varchar) as figure_system,
        cast(null as varchar) as figure_service,
        sum(calls.succeeded) as succeeded,
        sum(calls.calls) as calls
    from {{ ref('int_units__windowed') }} as units
    inner join calls
        on
            {{ same_window('units', 'calls') }}
            and units.unit_code = calls.consumer_opd
    where units.unit_kind = 'opd'
    group by all
    union all
    select
        {{ unit_keys('units') }},
        'service' as figure,
        calls.provider_system as figure_system,
        calls.service as figure_service,
        sum(calls.succeeded) as succeeded,
        sum(calls.calls) as calls
    from {{ ref('int_units__windowed') }} as units
    inner join calls
        on
            {{ same_window('units', 'calls') }}
            and units.unit_code = calls.provider_opd
    where units.unit_kind = 'opd'
    group by all

)

select
    instansi_code,
    'I11' as measure_id,
    figure,
    figure_system,
    figure_service,
    'share' as figure_unit,
    unit_kind,
    unit_code,
    window_kind,
    window_start,
    window_end,
    cast(succeeded as bigint) as numerator,
    cast(calls as bigint) as denominator,
    cast(succeeded as double) / cast(nullif(calls, 0) as double) as value
from served

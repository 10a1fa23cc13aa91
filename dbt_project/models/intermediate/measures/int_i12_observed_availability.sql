-- A service that two gateways carry is one service: it answers in an hour where either of them got an answer.
with service_hours as (

    select
        instansi_code,
        day,
        hour,
        provider_opd,
        provider_system,
        service,
        sum(succeeded) as succeeded
    from {{ ref('int_calls__hourly') }}
    group by
        instansi_code,
        day,
        hour,
        provider_opd,
        provider_system,
        service

),

hours as (

    select
        windows.instansi_code,
        windows.window_kind,
        windows.window_start,
        calls.provider_opd,
        calls.provider_system,
        calls.service,
        count(*) as hours_called,
        count(*) filter (where calls.succeeded > 0) as hours_answered
    from {{ ref('int_windows__listed') }} as windows
    inner join service_hours as calls
        on
            windows.instansi_code = calls.instansi_code
            and calls.day between windows.window_start and windows.measured_to
    group by all

),

counted as (

    select
        {{ unit_keys('units') }},
        'main' as figure,
        cast(null as varchar) as figure_system,
        cast(null as varchar) as figure_service,
        coalesce(sum(hours.hours_called), 0) as hours_called,
        sum(hours.hours_answered) as hours_answered
    from {{ ref('int_units__windowed') }} as units
    left join hours
        on
            {{ same_window('units', 'hours') }}
            and {{ counts_for('units', 'hours.provider_opd') }}
    group by all
    union all
    select
        {{ unit_keys('units') }},
        'service' as figure,
        hours.provider_system as figure_system,
        hours.service as figure_service,
        hours.hours_called,
        hours.hours_answered
    from {{ ref('int_units__windowed') }} as units
    inner join hours
        on
            {{ same_window('units', 'hours') }}
            and units.unit_code = hours.provider_opd
    where units.unit_kind = 'opd'

)

select
    instansi_code,
    'I12' as measure_id,
    figure,
    figure_system,
    figure_service,
    'share' as figure_unit,
    unit_kind,
    unit_code,
    window_kind,
    window_start,
    window_end,
    cast(hours_answered as bigint) as numerator,
    cast(hours_called as bigint) as denominator,
    cast(hours_answered as double) / cast(nullif(hours_called, 0) as double) as value
from counted

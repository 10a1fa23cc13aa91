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
        coalesce(sum(hours.hours_called), 0) as hours_called,
        sum(hours.hours_answered) as hours_answered
    from {{ ref('int_units__windowed') }} as units
    left join hours
        on
            {{ same_window('units', 'hours') }}
            and {{ counts_for('units', 'hours.provider_opd') }}
    group by all

)

{{ measure_rows('I12', 'counted', shares=[('main', 'hours_answered', 'hours_called')]) }}

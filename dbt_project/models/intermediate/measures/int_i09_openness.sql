with calls as (

    select
        windows.instansi_code,
        windows.window_kind,
        windows.window_start,
        calls.consumer_opd,
        sum(calls.calls) filter (where calls.is_self) as own,
        sum(calls.calls) filter (where not calls.is_self) as others
    from {{ ref('int_windows__listed') }} as windows
    inner join {{ ref('int_calls__classified') }} as calls
        on
            windows.instansi_code = calls.instansi_code
            and calls.day between windows.window_start and windows.measured_to
    where
        not calls.is_meta
        and not calls.is_monitoring
        and calls.consumer_opd is not null
    group by all

),

counted as (

    select
        {{ unit_keys('units') }},
        coalesce(sum(calls.own), 0) as own,
        coalesce(sum(calls.others), 0) as others
    from {{ ref('int_units__windowed') }} as units
    left join calls
        on
            {{ same_window('units', 'calls') }}
            and {{ counts_for('units', 'calls.consumer_opd') }}
    group by all

)

{{ measure_rows('I09', 'counted', shares=[('main', 'others - own', 'others + own', 'index')]) }}

with calls as (

    select
        windows.instansi_code,
        windows.window_kind,
        windows.window_start,
        calls.consumer_opd,
        sum(calls.login_calls) as login_calls
    from {{ ref('int_windows__listed') }} as windows
    inner join {{ ref('int_calls__classified') }} as calls
        on
            windows.instansi_code = calls.instansi_code
            and calls.day between windows.window_start and windows.window_end
    where calls.is_business
    group by all

),

counted as (

    select
        {{ unit_keys('units') }},
        sum(calls.login_calls) as login_calls
    from {{ ref('int_units__windowed') }} as units
    left join calls
        on
            {{ same_window('units', 'calls') }}
            and {{ counts_for('units', 'calls.consumer_opd') }}
    group by all

)

{{ measure_rows('I28', 'counted', shares=[('main', 'login_calls', '4', 'hours')]) }}

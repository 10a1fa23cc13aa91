with calls as (

    select
        windows.instansi_code,
        windows.window_kind,
        windows.window_start,
        calls.consumer_opd,
        sum(calls.person_calls) as person_calls
    from {{ ref('int_windows__listed') }} as windows
    inner join {{ ref('int_calls__classified') }} as calls
        on
            windows.instansi_code = calls.instansi_code
            and calls.day between windows.window_start and windows.measured_to
    where calls.is_business
    group by all

),

-- Where logs came and nobody logged in, nothing was saved; without logs nobody knows.
logged as (

    select distinct
        instansi_code,
        window_kind,
        window_start
    from calls

),

counted as (

    select
        {{ unit_keys('units') }},
        case
            when bool_or(logged.instansi_code is not null) then coalesce(sum(calls.person_calls), 0)
        end as person_calls,
        60 / {{ rule_parameter('I28', 'saved_by_call') }} as calls_per_hour
    from {{ ref('int_units__windowed') }} as units
    left join logged on {{ same_window('units', 'logged') }}
    left join calls
        on
            {{ same_window('units', 'calls') }}
            and {{ counts_for('units', 'calls.consumer_opd') }}
    group by all

)

{{ measure_rows('I28', 'counted', shares=[('main', 'person_calls', 'calls_per_hour', 'hours')]) }}

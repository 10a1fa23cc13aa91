-- Every window is made of whole months.
with months as (

    select
        instansi_code,
        last_day(day) as month_end,
        provider_opd,
        provider_system,
        service,
        duration_ms,
        sum(calls) as calls
    from {{ ref('int_calls__duration_counts') }}
    group by
        instansi_code,
        last_day(day),
        provider_opd,
        provider_system,
        service,
        duration_ms

),

durations as (

    select
        windows.instansi_code,
        windows.window_kind,
        windows.window_start,
        months.provider_opd,
        months.provider_system,
        months.service,
        months.duration_ms,
        sum(months.calls) as calls
    from {{ ref('int_windows__listed') }} as windows
    inner join months
        on
            windows.instansi_code = months.instansi_code
            and months.month_end between windows.window_start and windows.window_end
    group by all

),

counted as (

    select
        {{ unit_keys('units') }},
        'main' as figure,
        cast(null as varchar) as figure_system,
        cast(null as varchar) as figure_service,
        durations.duration_ms,
        sum(durations.calls) as calls
    from {{ ref('int_units__windowed') }} as units
    left join durations
        on
            {{ same_window('units', 'durations') }}
            and {{ counts_for('units', 'durations.provider_opd') }}
    group by all
    union all
    select
        {{ unit_keys('units') }},
        'service' as figure,
        durations.provider_system as figure_system,
        durations.service as figure_service,
        durations.duration_ms,
        sum(durations.calls) as calls
    from {{ ref('int_units__windowed') }} as units
    inner join durations
        on
            {{ same_window('units', 'durations') }}
            and units.unit_code = durations.provider_opd
    where units.unit_kind = 'opd'
    group by all

),

placed as (

    select
        *,
        cast(
            sum(calls) over (
                partition by
                    instansi_code, unit_kind, unit_code, window_kind, window_start, figure, figure_system,
                    figure_service
                order by duration_ms
            ) as bigint
        ) as calls_upto,
        cast(
            sum(calls) over (
                partition by
                    instansi_code, unit_kind, unit_code, window_kind, window_start, figure, figure_system,
                    figure_service
            ) as bigint
        ) as all_calls
    from counted

),

ranked as (

    select
        {{ unit_keys('placed') }},
        placed.figure,
        placed.figure_system,
        placed.figure_service,
        {{ counted_percentile('placed.duration_ms', 'placed.calls_upto', 'placed.all_calls', 95) }} as p95_ms
    from placed
    group by all

)

select
    instansi_code,
    'I13' as measure_id,
    figure,
    figure_system,
    figure_service,
    'ms' as figure_unit,
    unit_kind,
    unit_code,
    window_kind,
    window_start,
    window_end,
    cast(null as bigint) as numerator,
    cast(null as bigint) as denominator,
    cast(p95_ms as double) as value
from ranked

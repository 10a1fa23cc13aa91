with durations as (

    select
        windows.instansi_code,
        windows.window_kind,
        windows.window_start,
        calls.provider_opd,
        calls.provider_system,
        calls.service,
        calls.duration_ms
    from {{ ref('int_windows__listed') }} as windows
    inner join {{ ref('int_calls__durations') }} as calls
        on
            windows.instansi_code = calls.instansi_code
            and calls.day between windows.window_start and windows.window_end

),

ranked as (

    select
        {{ unit_keys('units') }},
        'main' as figure,
        {{ exact_percentile('durations.duration_ms', 0.95) }} as p95_ms
    from {{ ref('int_units__windowed') }} as units
    left join durations
        on
            {{ same_window('units', 'durations') }}
            and {{ counts_for('units', 'durations.provider_opd') }}
    group by all
    union all
    select
        {{ unit_keys('units') }},
        'service ' || durations.provider_system || ' ' || durations.service as figure,
        {{ exact_percentile('durations.duration_ms', 0.95) }} as p95_ms
    from {{ ref('int_units__windowed') }} as units
    inner join durations
        on
            {{ same_window('units', 'durations') }}
            and units.unit_code = durations.provider_opd
    where units.unit_kind = 'opd'
    group by all

)

select
    instansi_code,
    'I13' as measure_id,
    figure,
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

with provided as (

    select
        {{ unit_keys('units') }},
        calls.provider_opd,
        cast(sum(calls.calls) as hugeint) as calls
    from {{ ref('int_units__windowed') }} as units
    left join {{ ref('int_calls__windowed') }} as calls
        on
            {{ same_window('units', 'calls') }}
            and {{ counts_for('units', 'calls.consumer_opd') }}
    group by all

),

counted as (

    select
        {{ unit_keys('provided') }},
        coalesce(sum(calls), 0) as calls,
        coalesce(max(calls), 0) as of_largest,
        sum(cast(calls as double) * cast(calls as double)) as squares
    from provided
    group by all

)

{{ measure_rows('I10', 'counted',
    shares=[('top_1', 'of_largest', 'calls')],
    values=[('main', 'index', 'squares / nullif(cast(calls as double) * cast(calls as double), 0)')],
) }}

with measured as (

    {% for number in ['01', '04', '08', '11', '15', '20', '27'] %}
    select * from {{ ref('int_measure_i' ~ number) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

valued as (

    select
        *,
        cast(numerator as double) / cast(nullif(denominator, 0) as double) as value
    from measured

),

sources as (

    select
        instansi_code,
        window_kind,
        window_start,
        unit_kind,
        unit_code,
        numerator as sources_received,
        denominator as sources_expected
    from {{ ref('int_measure_i27') }}
    -- Without a promise in the register nobody knows what to expect.
    where denominator > 0

),

thresholds as (

    select
        measure_id,
        level,
        comparison,
        cast(threshold as double) as threshold
    from {{ ref('interop_1_thresholds') }}
    where rulebook_id = 'interop-1' and rubric_version = 1

),

-- The lowest threshold that fails ends the climb; both sides are the doubles nearest to exact fractions.
levels as (

    select
        valued.instansi_code,
        valued.measure_id,
        valued.unit_kind,
        valued.unit_code,
        valued.window_kind,
        valued.window_start,
        coalesce(
            min(thresholds.level) filter (
                where not case thresholds.comparison
                    when '>=' then valued.value >= thresholds.threshold
                    else valued.value <= thresholds.threshold
                end
            ) - 1,
            max(thresholds.level)
        ) as level
    from valued
    inner join thresholds on valued.measure_id = thresholds.measure_id
    where valued.figure = 'main' and valued.value is not null
    group by all

)

select
    valued.instansi_code,
    valued.measure_id,
    valued.figure,
    valued.unit_kind,
    valued.unit_code,
    valued.window_kind,
    valued.window_start,
    valued.window_end,
    valued.numerator,
    valued.denominator,
    valued.value,
    cast(levels.level as integer) as level,
    sources.sources_received,
    sources.sources_expected
from valued
left join levels
    on
        valued.instansi_code = levels.instansi_code
        and valued.measure_id = levels.measure_id
        and valued.figure = 'main'
        and valued.unit_kind = levels.unit_kind
        and valued.unit_code = levels.unit_code
        and valued.window_kind = levels.window_kind
        and valued.window_start = levels.window_start
left join sources
    on
        valued.instansi_code = sources.instansi_code
        and valued.unit_kind = sources.unit_kind
        and valued.unit_code = sources.unit_code
        and valued.window_kind = sources.window_kind
        and valued.window_start = sources.window_start

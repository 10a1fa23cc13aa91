with measured as (

    -- By name: only the measures of services tell which service a figure is of.
    {% for measure in measure_models() if measure != 'int_i26_declaration_gap' %}
    select * from {{ ref(measure) }}
    {{ 'union all by name' if not loop.last }}
    {% endfor %}

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
    from measured
    -- Without a promise in the register nobody knows what to expect.
    where measure_id = 'I27' and denominator > 0

),

thresholds as (

    select
        measure_id,
        level,
        comparison,
        cast(threshold as double) as threshold
    from {{ ref('interop_1_thresholds') }}
    where rulebook_id = 'interop-1'
    qualify rubric_version = max(rubric_version) over ()

),

-- The lowest threshold that fails ends the climb; both sides are the doubles nearest to exact fractions.
levels as (

    select
        measured.instansi_code,
        measured.measure_id,
        measured.unit_kind,
        measured.unit_code,
        measured.window_kind,
        measured.window_start,
        coalesce(
            min(thresholds.level) filter (
                where not case thresholds.comparison
                    when '>=' then measured.value >= thresholds.threshold
                    else measured.value <= thresholds.threshold
                end
            ) - 1,
            max(thresholds.level)
        ) as level
    from measured
    inner join thresholds on measured.measure_id = thresholds.measure_id
    where measured.figure = 'main' and measured.value is not null
    group by all

)

select
    measured.instansi_code,
    measured.measure_id,
    measured.figure,
    measured.figure_system,
    measured.figure_service,
    measured.figure_unit,
    measured.unit_kind,
    measured.unit_code,
    measured.window_kind,
    measured.window_start,
    measured.window_end,
    measured.numerator,
    measured.denominator,
    measured.value,
    cast(levels.level as integer) as level,
    sources.sources_received,
    sources.sources_expected
from measured
left join levels
    on
        measured.figure = 'main'
        and measured.measure_id = levels.measure_id
        and {{ same_window('measured', 'levels') }}
        and measured.unit_kind = levels.unit_kind
        and measured.unit_code = levels.unit_code
left join sources
    on
        {{ same_window('measured', 'sources') }}
        and measured.unit_kind = sources.unit_kind
        and measured.unit_code = sources.unit_code

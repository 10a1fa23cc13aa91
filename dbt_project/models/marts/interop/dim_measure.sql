-- Each measure is defined in English where it is computed: the description of its model, said once.
with definitions as (

    {% for name in measure_models() %}
    select
        '{{ name[4:7] | upper }}' as measure_id,
        {{ definition_of(name) }} as definition_en
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

thresholds as (

    select
        measure_id,
        list(threshold order by threshold) as level_thresholds
    from (
        select * from {{ ref('interop_1_thresholds') }}
        qualify rubric_version = max(rubric_version) over ()
    ) as latest
    group by measure_id

)

select
    measures.measure_id,
    measures.name,
    measures.name_en,
    measures.unit,
    measures.direction,
    measures.formula,
    definitions.definition_en,
    measures.needs,
    coalesce(thresholds.level_thresholds, []) as level_thresholds
from {{ ref('measures') }} as measures
left join definitions on measures.measure_id = definitions.measure_id
left join thresholds on measures.measure_id = thresholds.measure_id

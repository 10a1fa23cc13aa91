with thresholds as (

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
    measures.needs,
    coalesce(thresholds.level_thresholds, []) as level_thresholds
from {{ ref('measures') }} as measures
left join thresholds on measures.measure_id = thresholds.measure_id

with assessments as (

    select distinct
        observed.instansi_code,
        observed.unit_kind,
        observed.unit_code,
        observed.period,
        observed.rulebook_id,
        observed.stage
    from {{ ref('int_scores__observed') }} as observed
    inner join {{ ref('rulebooks') }} as rulebooks on observed.rulebook_id = rulebooks.rulebook_id

)

select
    row_number() over (order by unit_kind, unit_code, period, rulebook_id, stage) as assessment_id,
    instansi_code,
    unit_kind,
    unit_code,
    period,
    rulebook_id,
    stage
from assessments

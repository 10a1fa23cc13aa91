with scored as (

    select * from {{ ref('int_overlaps__scored') }}

),

decisions as (

    select * from {{ ref('stg_overlap_decision__decisions') }}

)

select
    scored.instansi_code,
    scored.system_code,
    scored.other_system_code,
    scored.system_name,
    scored.other_system_name,
    scored.opd_code,
    scored.other_opd_code,
    case when scored.function_key is not null then 'function_code' else 'similar_words' end as basis,
    scored.function_key,
    scored.word_score,
    scored.name_score,
    scored.score,
    coalesce(
        decisions.decision, case when scored.function_key is not null then 'overlap' else 'candidate' end
    ) as decision,
    decisions.decided_by,
    decisions.decided_on,
    decisions.note
from scored
left join decisions
    on
        scored.instansi_code = decisions.instansi_code
        and scored.system_code = decisions.system_code
        and scored.other_system_code = decisions.other_system_code

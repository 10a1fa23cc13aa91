-- The macros below write long lines.
-- noqa: disable=LT05
with completed as (

    select * from {{ ref('int_scores__completed') }}

),

assessments as (

    select * from {{ ref('int_assessments__listed') }}

),

nodes as (

    select * from {{ ref('int_nodes__weighted') }}

),

received as (

    select * from {{ ref('int_scores__observed') }}

),

-- Evaluation years in which the ministry called the printed index, not the exact one.
rounding as (

    select * from {{ ref('predicate_rounding') }}

),

-- The lowest band has no floor: an index below the scale (an unanswered service counted 0) is still in it.
bands as (

    select
        rulebook_id,
        predicate,
        lower_inclusive,
        upper_exclusive,
        lower_inclusive = min(lower_inclusive) over (partition by rulebook_id) as is_lowest
    from {{ ref('predicates') }}

),

scored as (

    select
        assessments.instansi_code,
        assessments.unit_kind,
        assessments.unit_code,
        assessments.period,
        assessments.rulebook_id,
        assessments.stage,
        completed.node_id,
        nodes.node_kind,
        completed.is_available,
        completed.value_num,
        completed.value_den,
        case when completed.is_available then {{ rational_double('completed.value_num', 'completed.value_den') }} end
            as score,
        case
            when completed.is_available
                then
                    cast(completed.value_num as varchar)
                    || case when completed.value_den > 1 then '/' || cast(completed.value_den as varchar) else '' end
        end as score_exact,
        case when completed.is_available then {{ half_up_2('completed.value_num', 'completed.value_den') }} end
            as printed,
        coalesce(rounding.basis, 'exact') as predicate_basis,
        received.observed,
        received.published,
        received.published_predicate,
        {{ rational_double('completed.low_num', 'completed.band_den') }} as band_low,
        {{ rational_double('completed.high_num', 'completed.band_den') }} as band_high,
        {{ rational_double('completed.observed_weight', 'nodes.tree_weight') }} as coverage,
        case
            when root.is_available
                then
                    {{ rational_double(
                        'completed.share_num * completed.value_num', 'completed.share_den * completed.value_den'
                    ) }}
        end as contribution,
        received.file_sha256,
        received.file_name,
        received.row_number
    from completed
    inner join assessments on completed.assessment_id = assessments.assessment_id
    inner join nodes on completed.rulebook_id = nodes.rulebook_id and completed.node_id = nodes.node_id
    inner join completed as root on completed.assessment_id = root.assessment_id and root.depth = 0
    left join received
        on
            assessments.unit_kind = received.unit_kind
            and assessments.unit_code = received.unit_code
            and assessments.period = received.period
            and assessments.rulebook_id = received.rulebook_id
            and assessments.stage = received.stage
            and completed.node_id = received.node_id
    left join rounding
        on
            assessments.rulebook_id = rounding.rulebook_id
            and substr(assessments.period, 1, 4) = cast(rounding.evaluation_year as varchar)

)

select
    scored.instansi_code,
    scored.unit_kind,
    scored.unit_code,
    scored.period,
    scored.rulebook_id,
    scored.stage,
    scored.node_id,
    scored.node_kind,
    scored.score,
    scored.printed,
    called.predicate,
    scored.observed,
    scored.published,
    scored.band_low,
    scored.band_high,
    scored.coverage,
    scored.score_exact,
    scored.contribution,
    scored.published_predicate,
    published_called.predicate as predicate_of_published,
    case when scored.node_kind = 'index' then scored.printed = called.lower_inclusive end as prints_on_border,
    scored.file_sha256,
    scored.file_name,
    scored.row_number
from scored
left join bands as called
    on
        scored.node_kind = 'index'
        and scored.is_available
        and scored.rulebook_id = called.rulebook_id
        and case
            when scored.predicate_basis = 'printed'
                then
                    (called.is_lowest or scored.printed >= called.lower_inclusive)
                    and (called.upper_exclusive is null or scored.printed < called.upper_exclusive)
            else
                (called.is_lowest or {{ rational_at_least('scored.value_num', 'scored.value_den', 'called.lower_inclusive') }})
                and (
                    called.upper_exclusive is null
                    or not {{ rational_at_least('scored.value_num', 'scored.value_den', 'called.upper_exclusive') }}
                )
        end
left join bands as published_called
    on
        scored.node_kind = 'index'
        and scored.rulebook_id = published_called.rulebook_id
        and (published_called.is_lowest or scored.published >= published_called.lower_inclusive)
        and (published_called.upper_exclusive is null or scored.published < published_called.upper_exclusive)
        and scored.published is not null

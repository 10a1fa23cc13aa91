with nodes as (

    select
        node_no,
        node_id,
        node_kind
    from {{ ref('int_nodes__weighted') }}
    where depth = 0 or not is_leaf

),

-- Units of one list are compared with each other.
assessments as (

    select
        *,
        dense_rank() over (order by rulebook_id, period, stage, unit_kind) as list_no
    from {{ ref('int_assessments__listed') }}
    where walk = 'point'

),

scored as (

    select
        completed.assessment_id,
        completed.node_no,
        assessments.list_no,
        {{ value_double('completed') }} as score
    from {{ ref('int_scores__completed') }} as completed
    inner join nodes on completed.node_no = nodes.node_no
    inner join assessments on completed.assessment_id = assessments.assessment_id
    where completed.is_available

),

-- Many units share a score: places are counted once for each score.
shared as (

    select
        list_no,
        node_no,
        score,
        count(*) as sharing
    from scored
    group by list_no, node_no, score

),

placed as (

    select
        *,
        sum(sharing) over (partition by list_no, node_no) as units,
        sum(sharing) over (
            partition by list_no, node_no order by score desc rows between unbounded preceding and current row
        ) - sharing + 1 as rank
    from shared

)

select
    assessments.instansi_code,
    assessments.unit_kind,
    assessments.unit_code,
    assessments.period,
    assessments.rulebook_id,
    assessments.stage,
    nodes.node_id,
    nodes.node_kind,
    scored.score,
    cast(placed.rank as integer) as rank,
    cast(placed.units as integer) as units,
    cast(placed.sharing as integer) as sharing
from scored
inner join assessments on scored.assessment_id = assessments.assessment_id
inner join nodes on scored.node_no = nodes.node_no
inner join placed
    on scored.list_no = placed.list_no and scored.node_no = placed.node_no and scored.score = placed.score

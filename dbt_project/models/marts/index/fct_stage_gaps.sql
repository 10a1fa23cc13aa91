-- The macros below write long lines.
-- noqa: disable=LT05
with assessments as (

    select
        *,
        case stage
            when 'self' then 1
            when 'document' then 2
            when 'interview' then 3
            when 'visit' then 4
            when 'final' then 5
            when 'evidence' then 6
        end as stage_order
    from {{ ref('int_assessments__listed') }}
    where walk = 'point'

),

pairs as (

    select
        earlier.*,
        later.assessment_id as later_id,
        later.stage as later_stage,
        later.stage_order as later_order
    from assessments as earlier
    inner join assessments as later
        on
            earlier.unit_kind = later.unit_kind
            and earlier.instansi_code = later.instansi_code
            and earlier.unit_code = later.unit_code
            and earlier.period = later.period
            and earlier.rulebook_id = later.rulebook_id
            and earlier.stage_order < later.stage_order

),

indices as (

    select
        assessment_id,
        is_available
    from {{ ref('int_scores__completed') }}
    where depth = 0

),

nodes as (

    select *
    from {{ ref('int_nodes__weighted') }}
    where depth = 0 or not is_leaf

),

valued as (

    select
        completed.*,
        nodes.node_id,
        nodes.node_kind,
        {{ value_double('completed') }} as score,
        case
            when indices.is_available
                then
                    {{ rational_double(
                        'completed.share_num * completed.value_num', 'completed.share_den * completed.value_den'
                    ) }}
        end as contribution
    from {{ ref('int_scores__completed') }} as completed
    inner join nodes on completed.node_no = nodes.node_no
    inner join indices on completed.assessment_id = indices.assessment_id
    where completed.is_available

)

select
    pairs.instansi_code,
    pairs.unit_kind,
    pairs.unit_code,
    pairs.period,
    pairs.rulebook_id,
    pairs.stage as from_stage,
    pairs.later_stage as to_stage,
    earlier.node_id,
    earlier.node_kind,
    earlier.score as from_score,
    later.score as to_score,
    {{ rational_double(
        'later.value_num * earlier.value_den - earlier.value_num * later.value_den',
        'later.value_den * earlier.value_den'
    ) }} as gap,
    {{ half_up_2(
        '(later.value_num * earlier.value_den - earlier.value_num * later.value_den)',
        '(later.value_den * earlier.value_den)'
    ) }} as gap_printed,
    later.contribution - earlier.contribution as index_points,
    pairs.stage_order as from_stage_no,
    row_number() over (
        partition by pairs.assessment_id, earlier.node_no
        order by pairs.later_order
    ) = 1 as is_consecutive
from pairs
inner join valued as earlier on pairs.assessment_id = earlier.assessment_id
inner join valued as later on pairs.later_id = later.assessment_id and earlier.node_no = later.node_no

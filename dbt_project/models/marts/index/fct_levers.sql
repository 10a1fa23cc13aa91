-- The macros below write long lines.
-- noqa: disable=LT05
{% set step_den = 'stepped.value_den * ' ~ exact_denominator() %}
with assessments as (

    select *
    from {{ ref('int_assessments__listed') }}
    where walk = 'point'

),

completed as (

    select *
    from {{ ref('int_scores__completed') }}
    where not is_below_observed

),

nodes as (

    select *
    from {{ ref('int_nodes__weighted') }}
    where is_leaf

),

roots as (

    select
        completed.assessment_id,
        nodes.node_id,
        completed.is_available
    from completed
    inner join {{ ref('int_nodes__weighted') }} as nodes on completed.node_no = nodes.node_no
    where completed.depth = 0

),

levels as (

    select * from {{ ref('rulebook_levels') }}

),

leaves as (

    select
        completed.assessment_id,
        completed.node_no,
        nodes.rulebook_id,
        nodes.node_id,
        roots.node_id as index_node_id,
        roots.is_available as has_index,
        completed.is_observed,
        completed.value_num,
        completed.value_den,
        completed.share_num,
        completed.share_den,
        nodes.scale_min,
        nodes.scale_max
    from completed
    inner join nodes on completed.node_no = nodes.node_no
    inner join roots on completed.assessment_id = roots.assessment_id

),

-- The level reached is the highest whose values begin at or below the score (a regulation with decimal values has
-- bands); where a rulebook has no level texts, the whole part of the score. Looked up once for each value found.
values_found as (

    select distinct
        rulebook_id,
        node_id,
        value_num,
        value_den
    from leaves
    where is_observed

),

reached as (

    select
        found.rulebook_id,
        found.node_id,
        found.value_num,
        found.value_den,
        max(levels.level) as level
    from values_found as found
    inner join levels
        on
            found.rulebook_id = levels.rulebook_id
            and found.node_id = levels.node_id
            and {{ rational_at_least('found.value_num', 'found.value_den', 'levels.value_from') }}
    group by found.rulebook_id, found.node_id, found.value_num, found.value_den

),

stepped as (

    select
        leaves.*,
        case
            when not leaves.is_observed then cast(leaves.scale_min as integer)
            else cast(coalesce(reached.level, {{ int_div('leaves.value_num', 'leaves.value_den') }}) + 1 as integer)
        end as next_level,
        -- One level more, or what is left up to the top of the scale; over value_den * 10^15.
        greatest(
            least(
                leaves.value_den * {{ exact_denominator() }},
                {{ exact_numerator('leaves.scale_max') }} * leaves.value_den
                - leaves.value_num * {{ exact_denominator() }}
            ),
            0
        ) as step_num
    from leaves
    left join reached
        on
            leaves.rulebook_id = reached.rulebook_id
            and leaves.node_id = reached.node_id
            and leaves.value_num = reached.value_num
            and leaves.value_den = reached.value_den

)

select
    assessments.instansi_code,
    assessments.unit_kind,
    assessments.unit_code,
    assessments.period,
    assessments.rulebook_id,
    assessments.stage,
    stepped.node_id,
    stepped.index_node_id,
    case
        when stepped.is_observed then {{ rational_double('stepped.value_num', 'stepped.value_den') }}
    end as current_level,
    case when stepped.next_level <= stepped.scale_max then stepped.next_level end as next_level,
    case
        when stepped.has_index
            then
                coalesce(
                    {{ rational_double(
                        'stepped.share_num * (' ~ reduce_num('stepped.step_num', step_den) ~ ')',
                        'stepped.share_den * ' ~ reduce_den('stepped.step_num', step_den)
                    ) }},
                    raised.gain
                )
    end as gain_one_level,
    levels.criterion as next_criterion,
    levels.evidence as evidence_wanted
from stepped
inner join assessments on stepped.assessment_id = assessments.assessment_id
left join {{ ref('int_levers__raised') }} as raised
    on stepped.assessment_id = raised.assessment_id and stepped.node_no = raised.node_no
left join levels
    on
        stepped.rulebook_id = levels.rulebook_id
        and stepped.node_id = levels.node_id
        and stepped.next_level = levels.level

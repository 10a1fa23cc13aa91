-- The macros below write long lines.
-- noqa: disable=LT05
with sets as (

    select * from {{ ref('int_lever_sets__searched') }}

),

assessments as (

    select * from {{ ref('int_assessments__listed') }}

),

completed as (

    select
        completed.*,
        nodes.rulebook_id,
        nodes.node_id
    from {{ ref('int_scores__completed') }} as completed
    inner join {{ ref('int_nodes__weighted') }} as nodes on completed.node_no = nodes.node_no

),

-- All that is asked on the way from the level now to the level of the set.
asked as (

    select
        sets.assessment_id,
        sets.set_no,
        sets.node_id,
        string_agg('Tingkat ' || levels.level || ': ' || levels.evidence, ' ' order by levels.level) as evidence_asked
    from sets
    inner join completed on sets.assessment_id = completed.assessment_id and sets.node_id = completed.node_id
    inner join {{ ref('rulebook_levels') }} as levels
        on
            completed.rulebook_id = levels.rulebook_id
            and completed.node_id = levels.node_id
            and not {{ rational_at_least('completed.value_num', 'completed.value_den', 'levels.value_from') }}
            and {{ rational_at_least(
                '(completed.value_num + sets.levels_up * completed.value_den)', 'completed.value_den', 'levels.value_from'
            ) }}
    group by sets.assessment_id, sets.set_no, sets.node_id

)

select
    assessments.instansi_code,
    assessments.unit_kind,
    assessments.unit_code,
    assessments.period,
    assessments.rulebook_id,
    assessments.stage,
    sets.next_predicate,
    cast(sets.set_no as integer) as set_no,
    sets.node_id,
    {{ value_double('leaf') }} as from_level,
    {{ value_double('leaf') }} + sets.levels_up as to_level,
    sets.levels_up,
    cast(sets.levels_up * sets.cost_per_level as bigint) as cost,
    {{ rational_double('sets.levels_up * sets.gain_num', 'sets.gain_den') }} as gain,
    sets.set_cost,
    {{ rational_double('sets.set_gain_num', 'sets.gain_den') }} as set_gain,
    {{ value_double('root') }} as index_now,
    {{ sum_double(value_double('root'), rational_double('sets.set_gain_num', 'sets.gain_den')) }} as index_reached,
    asked.evidence_asked
from sets
inner join assessments on sets.assessment_id = assessments.assessment_id
inner join completed as leaf on sets.assessment_id = leaf.assessment_id and sets.node_id = leaf.node_id
inner join completed as root on sets.assessment_id = root.assessment_id and root.depth = 0
left join asked
    on
        sets.assessment_id = asked.assessment_id
        and sets.set_no = asked.set_no
        and sets.node_id = asked.node_id

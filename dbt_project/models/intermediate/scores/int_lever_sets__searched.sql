-- The macros below write long lines, and the linter does not read DuckDB's lambda.
-- noqa: disable=LT05,PRS
-- Nobody raises the levels of a year gone by: the newest period of each unit and stage, since a search costs some
-- milliseconds each.
with recursive assessments as (

    select
        assessment_id,
        rulebook_id,
        period
    from {{ ref('int_assessments__listed') }}
    where walk = 'point'
    qualify
        period = max(period) over (partition by instansi_code, unit_kind, unit_code, rulebook_id, stage)

),

rounding as (

    select * from {{ ref('predicate_rounding') }}

),

indices as (

    select
        completed.assessment_id,
        assessments.rulebook_id,
        completed.value_num,
        completed.value_den,
        coalesce(rounding.basis = 'printed', false) as is_printed_basis
    from {{ ref('int_scores__completed') }} as completed
    inner join assessments on completed.assessment_id = assessments.assessment_id
    left join rounding
        on
            assessments.rulebook_id = rounding.rulebook_id
            and {{ year_text('assessments.period') }} = cast(rounding.evaluation_year as varchar)
    where completed.depth = 0 and completed.is_available and not completed.is_observed

),

-- The exact index from which a predicate is called: where the printed index is called, half a cent less.
bands as (

    select
        rulebook_id,
        predicate,
        basis.is_printed_basis,
        lower_inclusive - case when basis.is_printed_basis then 0.005 else 0 end as lower_inclusive
    from {{ ref('predicates') }}
    cross join (values (true), (false)) as basis (is_printed_basis)

),

targets as (

    select
        indices.assessment_id,
        indices.value_num,
        indices.value_den,
        bands.predicate,
        bands.lower_inclusive
    from indices
    inner join bands
        on indices.rulebook_id = bands.rulebook_id and indices.is_printed_basis = bands.is_printed_basis
    where not {{ rational_at_least('indices.value_num', 'indices.value_den', 'bands.lower_inclusive') }}
    qualify row_number() over (partition by indices.assessment_id order by bands.lower_inclusive) = 1

),

costs as (

    select * from {{ ref('level_costs') }}

),

-- What can be raised: indicators that count, by whole levels up to the top of the scale.
leaves as (

    select
        completed.assessment_id,
        nodes.node_id,
        completed.share_num,
        completed.share_den,
        cast(coalesce(costs.cost_per_level, 1) as bigint) as cost,
        cast(
            {{ int_div(
                exact_numerator('nodes.scale_max') ~ ' * completed.value_den - completed.value_num * ' ~ exact_denominator(),
                'completed.value_den * ' ~ exact_denominator()
            ) }} as bigint
        ) as capacity
    from {{ ref('int_scores__completed') }} as completed
    inner join targets on completed.assessment_id = targets.assessment_id
    inner join {{ ref('int_nodes__weighted') }} as nodes on completed.node_no = nodes.node_no
    left join costs on nodes.rulebook_id = costs.rulebook_id and nodes.node_id = costs.node_id
    where nodes.is_leaf and completed.share_num is not null

),

commons as (

    select
        assessment_id,
        coalesce(nullif({{ bounded_lcm_agg('share_den') }}, 0), {{ exact_limit() }}) as common_den
    from leaves
    where capacity > 0
    group by assessment_id

),

-- Whole numbers from here on. Where no common denominator is within the limit, a gain is cut and a need is not,
-- so that no set claims more than it brings.
gains as (

    select
        leaves.assessment_id,
        leaves.node_id,
        leaves.cost,
        leaves.capacity,
        {{ int_div('leaves.share_num * commons.common_den', 'leaves.share_den') }} as gain
    from leaves
    inner join commons on leaves.assessment_id = commons.assessment_id
    where leaves.capacity > 0

),

needs as (

    select
        targets.assessment_id,
        targets.predicate,
        commons.common_den,
        -- What lacks, over the common denominator, rounded up; a band's floor has at most 4 decimals.
        {{ int_div(
            '(cast(targets.lower_inclusive * 10000 as ' ~ exact_type() ~ ') * targets.value_den '
            ~ '- targets.value_num * 10000) * commons.common_den + targets.value_den * 10000 - 1',
            'targets.value_den * 10000'
        ) }} as need
    from targets
    inner join commons on targets.assessment_id = commons.assessment_id

),

-- Indicators of one gain and one cost are interchangeable: a class, of which only the number of levels counts.
classes as (

    select
        assessment_id,
        gain,
        cost,
        sum(capacity) as capacity,
        row_number() over (partition by assessment_id order by gain / cost desc, cost, gain) as class_no
    from gains
    where gain > 0
    group by assessment_id, gain, cost

),

-- Filling the classes by gain per cost until the need is met gives a cost that the best set does not exceed.
filling as (

    select
        classes.*,
        needs.need,
        needs.need - coalesce(sum(classes.gain * classes.capacity) over before, 0) as still_needed,
        coalesce(sum(classes.cost * classes.capacity) over before, 0) as cost_before,
        sum(classes.gain * classes.capacity) over onwards as gain_onwards
    from classes
    inner join needs on classes.assessment_id = needs.assessment_id
    window
        before as (
            partition by classes.assessment_id order by classes.class_no rows between unbounded preceding and 1 preceding
        ),
        onwards as (
            partition by classes.assessment_id order by classes.class_no rows between current row and unbounded following
        )

),

bounds as (

    select
        assessment_id,
        min(cost_before + cost * {{ int_div('still_needed + gain - 1', 'gain') }}) as most_cost
    from filling
    where still_needed > 0 and still_needed <= gain * capacity
    group by assessment_id

),

steps as (

    select
        filling.assessment_id,
        filling.class_no,
        filling.gain,
        filling.cost,
        filling.capacity,
        filling.need,
        filling.gain_onwards,
        bounds.most_cost,
        filling.class_no = max(filling.class_no) over (partition by filling.assessment_id) as is_last
    from filling
    inner join bounds on filling.assessment_id = bounds.assessment_id

),

-- One class after the other; of the ways that cost the same so far, only the ten that bring most can lead to one
-- of the ten best.
walked as (

    select
        assessment_id,
        cast(0 as bigint) as class_no,
        cast(0 as bigint) as set_cost,
        cast(0 as {{ exact_type() }}) as set_gain,
        cast([] as bigint[]) as levels
    from bounds

    union all

    select
        assessment_id,
        class_no,
        set_cost,
        set_gain,
        levels
    from (
        select
            tried.*,
            row_number() over (
                partition by tried.assessment_id, tried.set_cost order by tried.set_gain desc, tried.levels
            ) as place
        from (
            select
                steps.assessment_id,
                steps.class_no,
                steps.need,
                steps.gain_onwards,
                steps.gain,
                steps.capacity,
                steps.most_cost,
                walked.set_cost + steps.cost * choices.taken as set_cost,
                walked.set_gain + steps.gain * choices.taken as set_gain,
                list_append(walked.levels, choices.taken) as levels
            from walked
            inner join steps on walked.assessment_id = steps.assessment_id and walked.class_no + 1 = steps.class_no
            cross join lateral (
                select unnest(
                    range(
                        0,
                        cast(
                            1 + least(
                                steps.capacity,
                                {{ int_div('steps.most_cost - walked.set_cost', 'steps.cost') }},
                                greatest({{ int_div('steps.need - walked.set_gain + steps.gain - 1', 'steps.gain') }}, 0)
                            ) as bigint
                        )
                    )
                ) as taken
            ) as choices
        ) as tried
        where tried.set_gain + tried.gain_onwards - tried.gain * tried.capacity >= tried.need
    ) as placed
    where place <= {{ var('lever_sets_kept') }}

),

finished as (

    select
        walked.assessment_id,
        walked.set_cost,
        walked.set_gain,
        walked.levels,
        row_number() over (
            partition by walked.assessment_id order by walked.set_cost, walked.set_gain desc, walked.levels desc
        ) as set_no,
        min(walked.set_cost) over (partition by walked.assessment_id) as least_cost
    from walked
    inner join steps on walked.assessment_id = steps.assessment_id and walked.class_no = steps.class_no
    where steps.is_last and walked.set_gain >= steps.need

),

chosen as (

    select
        finished.assessment_id,
        finished.set_no,
        finished.set_cost,
        finished.set_gain,
        classes.gain,
        classes.cost,
        finished.levels[classes.class_no] as levels_taken
    from finished
    inner join classes on finished.assessment_id = classes.assessment_id
    where finished.set_cost = finished.least_cost and finished.set_no <= {{ var('lever_sets_kept') }}

),

-- Within a class the lowest level goes first, then the regulation's order.
level_steps as (

    select
        gains.assessment_id,
        gains.node_id,
        gains.gain,
        gains.cost,
        row_number() over (
            partition by gains.assessment_id, gains.gain, gains.cost
            order by steps_up.step - gains.capacity, nodes.sort_key
        ) as turn
    from gains
    inner join assessments on gains.assessment_id = assessments.assessment_id
    inner join {{ ref('int_nodes__weighted') }} as nodes
        on assessments.rulebook_id = nodes.rulebook_id and gains.node_id = nodes.node_id
    cross join lateral (select unnest(range(1, gains.capacity + 1)) as step) as steps_up

)

select
    chosen.assessment_id,
    chosen.set_no,
    level_steps.node_id,
    needs.predicate as next_predicate,
    cast(count(*) as integer) as levels_up,
    max(chosen.cost) as cost_per_level,
    cast(max(chosen.set_cost) as bigint) as set_cost,
    max(chosen.gain) as gain_num,
    cast(max(chosen.set_gain) as {{ exact_type() }}) as set_gain_num,
    max(needs.common_den) as gain_den
from chosen
inner join level_steps
    on
        chosen.assessment_id = level_steps.assessment_id
        and chosen.gain = level_steps.gain
        and chosen.cost = level_steps.cost
        and chosen.levels_taken >= level_steps.turn
inner join needs on chosen.assessment_id = needs.assessment_id
group by chosen.assessment_id, chosen.set_no, level_steps.node_id, needs.predicate

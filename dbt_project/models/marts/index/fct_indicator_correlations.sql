-- The macros below write long lines.
-- noqa: disable=LT05
with assessments as (

    select *
    from {{ ref('int_assessments__listed') }}
    where walk = 'point'

),

nodes as (

    select *
    from {{ ref('int_nodes__weighted') }}
    where parent_id is not null

),

valued as (

    select
        completed.assessment_id,
        nodes.rulebook_id,
        nodes.node_id,
        nodes.parent_id,
        nodes.name,
        nodes.sort_key,
        cast({{ value_double('completed') }} as decimal(19, 8)) as value
    from {{ ref('int_scores__completed') }} as completed
    inner join nodes on completed.node_no = nodes.node_no
    where completed.is_available and not completed.is_below_observed

),

-- Exact sums first: the correlation does not depend on the order of rows.
summed as (

    select
        assessments.rulebook_id,
        assessments.period,
        assessments.stage,
        assessments.unit_kind,
        one.parent_id,
        one.node_id,
        other.node_id as other_node_id,
        max(one.name) as name,
        max(other.name) as other_name,
        count(*) as units,
        cast(sum(one.value) as double) as sum_x,
        cast(sum(other.value) as double) as sum_y,
        cast(sum(one.value * other.value) as double) as sum_xy,
        cast(sum(one.value * one.value) as double) as sum_xx,
        cast(sum(other.value * other.value) as double) as sum_yy
    from valued as one
    inner join valued as other
        on
            one.assessment_id = other.assessment_id
            and one.parent_id = other.parent_id
            and one.sort_key < other.sort_key
    inner join assessments on one.assessment_id = assessments.assessment_id
    group by
        assessments.rulebook_id, assessments.period, assessments.stage, assessments.unit_kind,
        one.parent_id, one.node_id, other.node_id
    having count(*) >= {{ rule_parameter('indicator_correlations', 'least_units') }}

),

correlated as (

    select
        *,
        case
            -- What is left of two large numbers must be more than their last digits.
            when
                units * sum_xx - sum_x * sum_x > greatest(1e-9, 1e-12 * units * sum_xx)
                and units * sum_yy - sum_y * sum_y > greatest(1e-9, 1e-12 * units * sum_yy)
                then
                    least(greatest(
                        (units * sum_xy - sum_x * sum_y)
                        / (sqrt(units * sum_xx - sum_x * sum_x) * sqrt(units * sum_yy - sum_y * sum_y)), -1
                    ), 1)
        end as correlation
    from summed

)

select
    rulebook_id,
    period,
    stage,
    unit_kind,
    parent_id,
    node_id,
    other_node_id,
    name,
    other_name,
    cast(units as integer) as units,
    correlation,
    case
        when correlation is null then 'constant'
        when correlation < 0 then 'negative'
        when correlation < {{ rule_parameter('indicator_correlations', 'weak_below') }} then 'weak'
        when correlation > {{ rule_parameter('indicator_correlations', 'redundant_above') }} then 'redundant'
        else 'coherent'
    end as verdict
from correlated

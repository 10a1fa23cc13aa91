-- The macros below write long lines, and the linter does not read DuckDB's lambda.
-- noqa: disable=LT05,PRS
{# From the deepest level up to the root. A level holds the nodes that are observed themselves, plus the weighted
    means of the level below for nodes that are not; what has nothing observed below it has no row. #}
{% set deepest = max_depth() | trim | int %}
with given as (

    select
        assessments.assessment_id,
        nodes.node_id,
        nodes.parent_id,
        nodes.depth,
        nodes.weight,
        true as is_observed,
        {{ reduce_num(exact_numerator('observed.observed'), exact_denominator()) }} as value_num,
        {{ reduce_den(exact_numerator('observed.observed'), exact_denominator()) }} as value_den,
        cast(null as {{ exact_type() }}) as counted_weight,
        nodes.tree_weight as observed_weight,
        nodes.tree_weight as known_weight,
        nodes.tree_weight * {{ exact_numerator('observed.observed') }} as known_sum,
        true as is_exact
    from {{ ref('int_scores__observed') }} as observed
    inner join {{ ref('int_assessments__listed') }} as assessments
        on
            observed.unit_kind = assessments.unit_kind
            and observed.unit_code = assessments.unit_code
            and observed.period = assessments.period
            and observed.rulebook_id = assessments.rulebook_id
            and observed.stage = assessments.stage
    inner join {{ ref('int_nodes__weighted') }} as nodes
        on observed.rulebook_id = nodes.rulebook_id and observed.node_id = nodes.node_id
    where observed.observed is not null

),

-- Unanswered leaves, for rulebooks that say what they count: known, but not observed.
filled as (

    select
        assessments.assessment_id,
        nodes.node_id,
        nodes.parent_id,
        nodes.depth,
        nodes.weight,
        false as is_observed,
        {{ reduce_num(exact_numerator('nodes.missing_counts_as'), exact_denominator()) }} as value_num,
        {{ reduce_den(exact_numerator('nodes.missing_counts_as'), exact_denominator()) }} as value_den,
        cast(null as {{ exact_type() }}) as counted_weight,
        cast(0 as {{ exact_type() }}) as observed_weight,
        nodes.tree_weight as known_weight,
        nodes.tree_weight * {{ exact_numerator('nodes.missing_counts_as') }} as known_sum,
        true as is_exact
    from {{ ref('int_assessments__listed') }} as assessments
    inner join {{ ref('int_nodes__weighted') }} as nodes on assessments.rulebook_id = nodes.rulebook_id
    where
        nodes.is_leaf
        and nodes.missing_counts_as is not null
        and not exists (
            select 1 from given
            where given.assessment_id = assessments.assessment_id and given.node_id = nodes.node_id
        )

),

started as (

    select * from given
    union all
    select * from filled

),
{% for depth in range(deepest, -1, -1) %}
level_{{ depth }} as (

    select *
    from started
    where depth = {{ depth }}
    {%- if depth < deepest %}
    union all
    select * from mean_{{ depth }}
    {%- endif %}

),
{% if depth > 0 %}
common_{{ depth }} as (

    select
        assessment_id,
        parent_id,
        coalesce(nullif({{ bounded_lcm_agg('value_den') }}, 0), {{ exact_limit() }}) as common_den,
        coalesce({{ bounded_lcm_agg('value_den') }} > 0, false) as is_exact
    from level_{{ depth }}
    group by assessment_id, parent_id

),

summed_{{ depth }} as (

    select
        child.assessment_id,
        child.parent_id as node_id,
        sum(
            child.weight * {{ on_denominator('child.value_num', 'child.value_den', 'common.common_den') }}
        ) as value_num,
        sum(child.weight) * max(common.common_den) as value_den,
        sum(child.weight) as counted_weight,
        sum(child.observed_weight) as observed_weight,
        sum(child.known_weight) as known_weight,
        sum(child.known_sum) as known_sum,
        bool_and(child.is_exact and common.is_exact) as is_exact
    from level_{{ depth }} as child
    inner join common_{{ depth }} as common
        on child.assessment_id = common.assessment_id and child.parent_id = common.parent_id
    group by child.assessment_id, child.parent_id

),

mean_{{ depth - 1 }} as (

    select
        summed.assessment_id,
        summed.node_id,
        nodes.parent_id,
        nodes.depth,
        nodes.weight,
        false as is_observed,
        {{ reduce_num('summed.value_num', 'summed.value_den') }} as value_num,
        {{ reduce_den('summed.value_num', 'summed.value_den') }} as value_den,
        summed.counted_weight,
        summed.observed_weight,
        summed.known_weight,
        summed.known_sum,
        summed.is_exact and {{ is_within_limit('summed.value_num', 'summed.value_den') }} as is_exact
    from summed_{{ depth }} as summed
    inner join {{ ref('int_assessments__listed') }} as assessments
        on summed.assessment_id = assessments.assessment_id
    inner join {{ ref('int_nodes__weighted') }} as nodes
        on assessments.rulebook_id = nodes.rulebook_id and summed.node_id = nodes.node_id
    where
        not exists (
            select 1 from given
            where
                given.depth = {{ depth - 1 }}
                and given.assessment_id = summed.assessment_id
                and given.node_id = summed.node_id
        )

),
{% endif %}
{%- endfor %}
levels as (

    {% for depth in range(deepest + 1) -%}
    select * from level_{{ depth }}
    {%- if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}

)

select
    assessment_id,
    node_id,
    is_observed,
    cast(value_num as {{ exact_type() }}) as value_num,
    cast(value_den as {{ exact_type() }}) as value_den,
    cast(counted_weight as {{ exact_type() }}) as counted_weight,
    cast(observed_weight as {{ exact_type() }}) as observed_weight,
    cast(known_weight as {{ exact_type() }}) as known_weight,
    cast(known_sum as {{ exact_type() }}) as known_sum,
    is_exact
from levels

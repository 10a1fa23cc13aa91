-- The macros below write long lines, and the linter does not read DuckDB's lambda.
-- noqa: disable=LT05,PRS
{# From the deepest level up to the root. A level holds the nodes that are observed themselves, plus the weighted
    means of the level below for nodes that are not; what has nothing observed below it has no row. `value` is
    filled only where the fraction is not exact: doubles, whose sums are taken as DECIMAL so that no order of
    rows changes them. #}
{% set deepest = max_depth() | trim | int %}
-- The same few levels stand everywhere: each value is made a fraction once.
with fractions as (

    select
        observed,
        {{ exact_numerator('observed') }} as numerator,
        {{ reduce_num(exact_numerator('observed'), exact_denominator()) }} as value_num,
        {{ reduce_den(exact_numerator('observed'), exact_denominator()) }} as value_den
    from (
        select distinct observed
        from {{ ref('int_scores__observed') }}
        where observed is not null
    ) as found

),

given as (

    select
        assessments.assessment_id,
        nodes.node_id,
        nodes.parent_id,
        nodes.depth,
        nodes.weight,
        coalesce(nodes.joined_by = 'geometric', false) as in_geometric,
        nodes.is_leaf,
        true as is_observed,
        fractions.value_num,
        fractions.value_den,
        cast(null as {{ exact_type() }}) as counted_weight,
        nodes.tree_weight as observed_weight,
        nodes.tree_weight as known_weight,
        nodes.tree_weight * fractions.numerator as known_sum,
        true as is_exact,
        cast(null as double) as value
    from {{ ref('int_scores__observed') }} as observed
    inner join {{ ref('int_assessments__listed') }} as assessments on observed.point_id = assessments.point_id
    inner join {{ ref('int_nodes__weighted') }} as nodes
        on observed.rulebook_id = nodes.rulebook_id and observed.node_id = nodes.node_id
    inner join fractions on observed.observed = fractions.observed

),

fillings as (

    select
        assessments.assessment_id,
        nodes.*,
        coalesce(
            nodes.missing_counts_as,
            case assessments.walk when 'low' then nodes.scale_min when 'high' then nodes.scale_max end
        ) as filling
    from {{ ref('int_assessments__listed') }} as assessments
    inner join {{ ref('int_nodes__weighted') }} as nodes on assessments.rulebook_id = nodes.rulebook_id
    where nodes.is_leaf and (nodes.missing_counts_as is not null or assessments.walk <> 'point')

),

-- Unanswered leaves, where the rulebook says what they count or a band asks for an end of the scale: known, but
-- not observed.
filled as (

    select
        assessment_id,
        node_id,
        parent_id,
        depth,
        weight,
        coalesce(joined_by = 'geometric', false) as in_geometric,
        is_leaf,
        false as is_observed,
        {{ reduce_num(exact_numerator('filling'), exact_denominator()) }} as value_num,
        {{ reduce_den(exact_numerator('filling'), exact_denominator()) }} as value_den,
        cast(null as {{ exact_type() }}) as counted_weight,
        cast(0 as {{ exact_type() }}) as observed_weight,
        tree_weight as known_weight,
        tree_weight * {{ exact_numerator('filling') }} as known_sum,
        true as is_exact,
        cast(null as double) as value
    from fillings
    where
        not exists (
            select 1 from given
            where given.assessment_id = fillings.assessment_id and given.node_id = fillings.node_id
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
    select *
    from mean_{{ depth }}
    where
        not exists (
            select 1 from given
            where
                given.depth = {{ depth }}
                and given.assessment_id = mean_{{ depth }}.assessment_id
                and given.node_id = mean_{{ depth }}.node_id
        )
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
        bool_and(child.is_exact and common.is_exact and not child.in_geometric) as is_exact,
        bool_or(child.in_geometric) as is_geometric,
        min(child.value_num) filter (where child.in_geometric) as smallest_num,
        -- Of weight times value, or of weight times logarithm; only where the exact sum does not serve.
        sum(
            case
                when child.in_geometric and child.value_num > 0
                    then cast(child.weight * ln({{ value_double('child') }}) as decimal(38, 20))
                when child.in_geometric then 0
                when not (child.is_exact and common.is_exact)
                    then cast(child.weight * {{ value_double('child') }} as decimal(38, 20))
            end
        ) as double_sum
    from level_{{ depth }} as child
    inner join common_{{ depth }} as common
        on child.assessment_id = common.assessment_id and child.parent_id = common.parent_id
    group by child.assessment_id, child.parent_id

),

joined_{{ depth }} as (

    select
        * exclude (value_num, value_den),
        case
            when not is_geometric then value_num
            when smallest_num > 0
                then
                    cast(
                        cast(exp(cast(double_sum as double) / counted_weight) as decimal(38, 14)) * {{ exact_limit() }}
                        as {{ exact_type() }}
                    )
            else 0
        end as value_num,
        case when is_geometric then {{ exact_limit() }} else value_den end as value_den,
        case
            when is_geometric and smallest_num > 0 then exp(cast(double_sum as double) / counted_weight)
            when is_geometric then 0
            when not is_exact then cast(double_sum as double) / counted_weight
            when not {{ is_within_limit('value_num', 'value_den') }} then {{ rational_double('value_num', 'value_den') }}
        end as value
    from summed_{{ depth }}
    -- Of a negative value there is no geometric mean: the node stays without one.
    where not is_geometric or smallest_num >= 0

),

mean_{{ depth - 1 }} as (

    select
        summed.assessment_id,
        summed.node_id,
        nodes.parent_id,
        nodes.depth,
        nodes.weight,
        coalesce(nodes.joined_by = 'geometric', false) as in_geometric,
        nodes.is_leaf,
        false as is_observed,
        {{ reduce_num('summed.value_num', 'summed.value_den') }} as value_num,
        {{ reduce_den('summed.value_num', 'summed.value_den') }} as value_den,
        summed.counted_weight,
        summed.observed_weight,
        summed.known_weight,
        summed.known_sum,
        summed.is_exact and {{ is_within_limit('summed.value_num', 'summed.value_den') }} as is_exact,
        summed.value
    from joined_{{ depth }} as summed
    inner join {{ ref('int_assessments__listed') }} as assessments
        on summed.assessment_id = assessments.assessment_id
    inner join {{ ref('int_nodes__weighted') }} as nodes
        on assessments.rulebook_id = nodes.rulebook_id and summed.node_id = nodes.node_id

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

),

-- What the children of an observed node would make of it, to be shown beside.
observed_inner as (

    select
        assessment_id,
        node_id
    from given
    where not is_leaf

),

means as (

    {% for depth in range(deepest) -%}
    select
        assessment_id,
        node_id,
        {{ value_double('mean_' ~ depth) }} as children_value
    from mean_{{ depth }}
    {%- if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}

),

beside as (

    select means.*
    from means
    inner join observed_inner
        on means.assessment_id = observed_inner.assessment_id and means.node_id = observed_inner.node_id

)

select
    levels.assessment_id,
    levels.node_id,
    levels.is_observed,
    cast(levels.value_num as {{ exact_type() }}) as value_num,
    cast(levels.value_den as {{ exact_type() }}) as value_den,
    cast(levels.counted_weight as {{ exact_type() }}) as counted_weight,
    cast(levels.observed_weight as {{ exact_type() }}) as observed_weight,
    cast(levels.known_weight as {{ exact_type() }}) as known_weight,
    cast(levels.known_sum as {{ exact_type() }}) as known_sum,
    levels.is_exact,
    levels.value,
    beside.children_value
from levels
left join beside on levels.assessment_id = beside.assessment_id and levels.node_id = beside.node_id

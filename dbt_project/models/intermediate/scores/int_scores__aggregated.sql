-- The macros below write long lines, and the linter does not read DuckDB's lambda.
-- noqa: disable=LT05,PRS
{# All leaves at once first, which are nearly all rows; then one pass a depth from the deepest up to the root, over
    what is left of them: one row for each node with children. `value` is filled only where the fraction is not
    exact: doubles, whose sums are taken as DECIMAL so that no order of rows changes them. #}
{% set deepest = max_depth() | trim | int %}
with nodes as (

    select
        *,
        coalesce(method = 'geometric', false) as is_geometric,
        coalesce(joined_by = 'geometric', false) as in_geometric,
        -- A root without children is computed as a node with children is.
        is_leaf and depth > 0 as is_below
    from {{ ref('int_nodes__weighted') }}

),

assessments as (

    select * from {{ ref('int_assessments__listed') }}

),

answered as not materialized (

    select
        assessments.assessment_id,
        observed.node_no,
        observed.observed as value,
        true as is_observed
    from {{ ref('int_scores__observed') }} as observed
    inner join assessments on observed.point_id = assessments.point_id
    where observed.observed is not null

),

-- Leaves that the rulebook fills, or that a band asks to stand at an end of the scale.
fillings as (

    select
        assessments.assessment_id,
        nodes.node_no,
        case assessments.walk
            when 'low' then nodes.scale_min
            when 'high' then nodes.scale_max
            else nodes.missing_counts_as
        end as value
    from assessments
    inner join nodes on assessments.rulebook_id = nodes.rulebook_id
    where nodes.is_leaf and (nodes.missing_counts_as is not null or assessments.walk <> 'point')

),

filled_assessments as (

    select distinct assessment_id from fillings

),

answered_there as (

    select
        answered.assessment_id,
        answered.node_no
    from answered
    inner join filled_assessments on answered.assessment_id = filled_assessments.assessment_id

),

filled as (

    select
        fillings.assessment_id,
        fillings.node_no,
        fillings.value,
        false as is_observed
    from fillings
    left join answered_there
        on fillings.assessment_id = answered_there.assessment_id and fillings.node_no = answered_there.node_no
    where answered_there.node_no is null

),

-- Read anew where it is used: cheaper than a copy of nearly all rows.
given as not materialized (

    select * from answered
    union all
    select * from filled

),

-- The same few values stand everywhere: each is made a fraction once.
fractions as (

    select
        value,
        {{ exact_numerator('value') }} as numerator,
        {{ reduce_num(exact_numerator('value'), exact_denominator()) }} as value_num,
        {{ reduce_den(exact_numerator('value'), exact_denominator()) }} as value_den,
        {{ is_within_limit(exact_numerator('value'), exact_denominator()) }} as is_exact
    from (select distinct value from given) as found

),

doubled as (

    select
        *,
        {{ value_of_fraction('is_exact', 'value_num', 'value_den', 'numerator') }} as value_double
    from fractions

),

-- Where all children are leaves their sum is exact and there is nothing to bring to one denominator.
parents as (

    select
        parent_no as node_no,
        bool_and(is_below) as has_leaves_only
    from nodes
    where parent_no is not null
    group by parent_no

),

-- What the leaves of a node sum to, over 10^15: a whole number, since received values have at most 15 decimals.
leaf_sums as (

    select
        given.assessment_id,
        nodes.parent_no as node_no,
        sum(nodes.weight * doubled.numerator) as value_num,
        sum(nodes.weight) as counted_weight,
        sum(case when given.is_observed then nodes.tree_weight else 0 end) as observed_weight,
        sum(case when given.is_observed then nodes.tree_weight * doubled.numerator end) as observed_sum,
        min(doubled.numerator) as smallest_num,
        sum(
            case
                when nodes.in_geometric and doubled.numerator > 0
                    then cast(nodes.weight * ln(doubled.value_double) as decimal(38, 20))
                when not nodes.in_geometric and not parents.has_leaves_only
                    then cast(nodes.weight * doubled.value_double as decimal(38, 20))
            end
        ) as double_sum
    from given
    inner join nodes on given.node_no = nodes.node_no
    inner join parents on nodes.parent_no = parents.node_no
    inner join doubled on given.value = doubled.value
    where nodes.is_below
    group by given.assessment_id, nodes.parent_no

),

leaf_parts as not materialized (

    select
        leaf_sums.* exclude (value_num),
        {{ int_div('leaf_sums.value_num', exact_gcd('leaf_sums.value_num', exact_denominator())) }} as value_num,
        {{ int_div(exact_denominator(), exact_gcd('leaf_sums.value_num', exact_denominator())) }} as value_den,
        parents.has_leaves_only,
        nodes.depth
    from leaf_sums
    inner join parents on leaf_sums.node_no = parents.node_no
    inner join nodes on leaf_sums.node_no = nodes.node_no

),

-- Nodes with children that were handed in themselves count as they are.
own as (

    select
        given.assessment_id,
        given.node_no,
        nodes.depth,
        given.is_observed,
        nodes.tree_weight,
        doubled.numerator,
        doubled.value_num,
        doubled.value_den,
        doubled.value_double,
        doubled.is_exact
    from given
    inner join nodes on given.node_no = nodes.node_no
    inner join doubled on given.value = doubled.value
    where not nodes.is_below

),
{% for depth in range(deepest - 1, -1, -1) %}
{%- if depth < deepest - 1 %}
-- The children of each node at depth {{ depth }} that has others than leaves: its leaves as one part, each other as one.
parts_{{ depth }} as (

    select
        assessment_id,
        node_no,
        cast(1 as {{ exact_type() }}) as weight,
        value_num,
        value_den,
        counted_weight,
        observed_weight,
        observed_sum,
        smallest_num,
        true as is_exact,
        double_sum
    from leaf_parts
    where depth = {{ depth }} and not has_leaves_only
    union all
    select
        child.assessment_id,
        nodes.parent_no as node_no,
        nodes.weight,
        child.value_num,
        child.value_den,
        nodes.weight as counted_weight,
        child.observed_weight,
        child.observed_sum,
        child.value_num as smallest_num,
        child.is_exact,
        case
            when not nodes.in_geometric then cast(nodes.weight * {{ value_double('child') }} as decimal(38, 20))
            when child.value_num > 0 then cast(nodes.weight * ln({{ value_double('child') }}) as decimal(38, 20))
        end as double_sum
    from level_{{ depth + 1 }} as child
    inner join nodes on child.node_no = nodes.node_no

),

common_{{ depth }} as (

    select
        assessment_id,
        node_no,
        coalesce(nullif({{ bounded_lcm_agg('value_den') }}, 0), {{ exact_limit() }}) as common_den,
        coalesce({{ bounded_lcm_agg('value_den') }} > 0, false) as is_exact
    from parts_{{ depth }}
    group by assessment_id, node_no

),

{% endif %}
summed_{{ depth }} as (

    select
        assessment_id,
        node_no,
        value_num,
        counted_weight * value_den as value_den,
        counted_weight,
        observed_weight,
        observed_sum,
        true as is_exact,
        smallest_num,
        double_sum
    from leaf_parts
    where depth = {{ depth }} and has_leaves_only
    {%- if depth < deepest - 1 %}
    union all
    select
        part.assessment_id,
        part.node_no,
        sum(
            part.weight * {{ on_denominator('part.value_num', 'part.value_den', 'common.common_den') }}
        ) as value_num,
        sum(part.counted_weight) * max(common.common_den) as value_den,
        sum(part.counted_weight) as counted_weight,
        sum(part.observed_weight) as observed_weight,
        sum(part.observed_sum) as observed_sum,
        bool_and(part.is_exact and common.is_exact) as is_exact,
        min(part.smallest_num) as smallest_num,
        -- Of weight times value, or of weight times logarithm.
        sum(part.double_sum) as double_sum
    from parts_{{ depth }} as part
    inner join common_{{ depth }} as common
        on part.assessment_id = common.assessment_id and part.node_no = common.node_no
    group by part.assessment_id, part.node_no
    {%- endif %}

),

joined_{{ depth }} as (

    select
        summed.* exclude (value_num, value_den, is_exact),
        nodes.tree_weight,
        summed.is_exact and not nodes.is_geometric as is_exact,
        case
            when not nodes.is_geometric then summed.value_num
            when summed.smallest_num > 0
                then
                    cast(
                        cast(exp(cast(summed.double_sum as double) / summed.counted_weight) as decimal(38, 14))
                        * {{ exact_limit() }} as {{ exact_type() }}
                    )
            else 0
        end as value_num,
        case when nodes.is_geometric then {{ exact_limit() }} else summed.value_den end as value_den,
        case
            when nodes.is_geometric and summed.smallest_num > 0
                then exp(cast(summed.double_sum as double) / summed.counted_weight)
            when nodes.is_geometric then 0
            when not summed.is_exact then cast(summed.double_sum as double) / summed.counted_weight
            when not {{ is_within_limit('summed.value_num', 'summed.value_den') }}
                then {{ rational_double('summed.value_num', 'summed.value_den') }}
        end as value
    from summed_{{ depth }} as summed
    inner join nodes on summed.node_no = nodes.node_no
    -- Of a negative value there is no geometric mean: the node stays without one.
    where not nodes.is_geometric or summed.smallest_num >= 0

),

mean_{{ depth }} as (

    select
        * exclude (value_num, value_den, is_exact),
        {{ reduce_num('value_num', 'value_den') }} as value_num,
        {{ reduce_den('value_num', 'value_den') }} as value_den,
        is_exact and {{ is_within_limit('value_num', 'value_den') }} as is_exact
    from joined_{{ depth }}

),

own_{{ depth }} as (

    select *
    from own
    where depth = {{ depth }}

),

level_{{ depth }} as (

    select
        coalesce(own.assessment_id, mean.assessment_id) as assessment_id,
        coalesce(own.node_no, mean.node_no) as node_no,
        coalesce(own.is_observed, false) as is_observed,
        coalesce(own.value_num, mean.value_num) as value_num,
        coalesce(own.value_den, mean.value_den) as value_den,
        case when own.node_no is null then mean.counted_weight end as counted_weight,
        case
            when own.is_observed then own.tree_weight when not own.is_observed then 0 else mean.observed_weight
        end as observed_weight,
        case
            when own.is_observed then own.tree_weight * own.numerator
            when own.node_no is null then mean.observed_sum
        end as observed_sum,
        coalesce(own.is_exact, mean.is_exact) as is_exact,
        case when own.node_no is null then mean.value when not own.is_exact then own.value_double end as value,
        -- What the children of an observed node would make of it, to be shown beside.
        case when own.node_no is not null then {{ value_double('mean') }} end as children_value
    from mean_{{ depth }} as mean
    full outer join own_{{ depth }} as own
        on mean.assessment_id = own.assessment_id and mean.node_no = own.node_no

),
{% endfor %}
levels as (

    {% for depth in range(deepest) -%}
    select * from level_{{ depth }}
    {%- if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}

)

select
    assessment_id,
    node_no,
    is_observed,
    cast(value_num as {{ exact_type() }}) as value_num,
    cast(value_den as {{ exact_type() }}) as value_den,
    cast(counted_weight as {{ exact_type() }}) as counted_weight,
    cast(observed_weight as {{ exact_type() }}) as observed_weight,
    cast(coalesce(observed_sum, 0) as {{ exact_type() }}) as observed_sum,
    is_exact,
    value,
    children_value
from levels

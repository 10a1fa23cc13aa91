-- The macros below write long lines.
-- noqa: disable=LT05
{# A geometric mean can not be told apart into shares, so the way up is computed anew with the one indicator raised.
    Doubles, but summed as DECIMAL, so that the same rows give the same gain whatever their order. #}
{% set deepest = max_depth() | trim | int %}
with geometric_rulebooks as (

    select distinct rulebook_id
    from {{ ref('int_nodes__weighted') }}
    where not is_linear

),

nodes as (

    select
        nodes.*,
        coalesce(nodes.joined_by = 'geometric', false) as in_geometric
    from {{ ref('int_nodes__weighted') }} as nodes
    inner join geometric_rulebooks on nodes.rulebook_id = geometric_rulebooks.rulebook_id

),

valued as (

    select
        completed.assessment_id,
        completed.node_no,
        nodes.parent_no,
        nodes.depth,
        nodes.weight,
        nodes.in_geometric,
        nodes.is_leaf and not nodes.is_linear as is_raised,
        {{ value_double('completed') }} as value,
        cast(nodes.scale_max as double) as scale_max
    from {{ ref('int_scores__completed') }} as completed
    inner join nodes on completed.node_no = nodes.node_no
    where completed.value_num is not null and not completed.is_below_observed

),
{% for depth in range(deepest, -1, -1) %}
raised_{{ depth }} as (

    select
        assessment_id,
        node_no as leaf_no,
        node_no,
        parent_no,
        value + greatest(least(1, scale_max - value), 0) as value
    from valued
    where depth = {{ depth }} and is_raised
    {%- if depth < deepest %}
    union all
    select
        mean.assessment_id,
        mean.leaf_no,
        mean.node_no,
        nodes.parent_no,
        mean.value
    from mean_{{ depth }} as mean
    inner join nodes on mean.node_no = nodes.node_no
    {%- endif %}

),
{%- if depth > 0 %}

placed_{{ depth }} as (

    select
        raised.assessment_id,
        raised.leaf_no,
        raised.parent_no as node_no,
        sibling.weight,
        sibling.in_geometric,
        case when sibling.node_no = raised.node_no then raised.value else sibling.value end as value
    from raised_{{ depth }} as raised
    inner join valued as sibling
        on raised.assessment_id = sibling.assessment_id and raised.parent_no = sibling.parent_no

),

mean_{{ depth - 1 }} as (

    select
        assessment_id,
        leaf_no,
        node_no,
        case
            when not bool_or(in_geometric)
                then cast(sum(cast(weight * value as decimal(38, 20))) as double) / cast(sum(weight) as double)
            when min(value) > 0
                then
                    exp(
                        cast(sum(case when value > 0 then cast(weight * ln(value) as decimal(38, 20)) end) as double)
                        / cast(sum(weight) as double)
                    )
            else 0
        end as value
    from placed_{{ depth }}
    group by assessment_id, leaf_no, node_no

),
{%- endif %}
{%- endfor %}

roots as (

    select
        assessment_id,
        value
    from valued
    where depth = 0

)

select
    raised_0.assessment_id,
    raised_0.leaf_no as node_no,
    -- A mean never falls where one of its values rises; what is below 0 is the last digit of a double.
    greatest(raised_0.value - roots.value, 0) as gain
from raised_0
inner join roots on raised_0.assessment_id = roots.assessment_id

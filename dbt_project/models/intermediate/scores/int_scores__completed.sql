-- The macros below write long lines.
-- noqa: disable=LT05
{# From the root down to the deepest level: every node of the rulebook beside what the tree has for it. #}
{% set deepest = max_depth() | trim | int %}
with assessments as (

    select
        assessment_id,
        rulebook_id
    from {{ ref('int_assessments__listed') }}
    where walk = 'point'

),

nodes as (

    select * from {{ ref('int_nodes__weighted') }}

),

valued as (

    select * from {{ ref('int_scores__aggregated') }}

),

-- The ends of a band that is no plain sum, since the rulebook has a geometric mean.
ends as (

    select
        listed.point_id as assessment_id,
        low.node_id,
        {{ on_denominator('low.value_num', 'low.value_den', exact_limit()) }} as low_num,
        {{ on_denominator('high.value_num', 'high.value_den', exact_limit()) }} as high_num
    from {{ ref('int_assessments__listed') }} as listed
    inner join {{ ref('int_assessments__listed') }} as other
        on listed.point_id = other.point_id and other.walk = 'high'
    inner join valued as low on listed.assessment_id = low.assessment_id
    inner join valued as high on other.assessment_id = high.assessment_id and low.node_id = high.node_id
    where listed.walk = 'low'

),
{% for depth in range(deepest + 1) %}
framed_{{ depth }} as (

    select
        assessments.assessment_id,
        assessments.rulebook_id,
        nodes.node_id,
        nodes.depth,
        coalesce(valued.is_observed, false) as is_observed,
        {% if depth == 0 -%}
        false as is_below_observed,
        {%- else -%}
        above.is_observed or above.is_below_observed as is_below_observed,
        {%- endif %}
        valued.value_num,
        valued.value_den,
        valued.value,
        valued.children_value,
        valued.counted_weight,
        coalesce(valued.is_exact, true) as is_exact,
        coalesce(valued.observed_weight, 0) as observed_weight,
        -- Bands: what is not known at the scale's lowest, then at its highest.
        case
            when valued.known_weight = nodes.tree_weight then valued.value_num
            when ends.node_id is not null then ends.low_num
            else
                coalesce(valued.known_sum, 0)
                + (nodes.tree_weight - coalesce(valued.known_weight, 0)) * {{ exact_numerator('nodes.scale_min') }}
        end as low_num,
        case
            when valued.known_weight = nodes.tree_weight then valued.value_num
            when ends.node_id is not null then ends.high_num
            else
                coalesce(valued.known_sum, 0)
                + (nodes.tree_weight - coalesce(valued.known_weight, 0)) * {{ exact_numerator('nodes.scale_max') }}
        end as high_num,
        case
            when valued.known_weight = nodes.tree_weight then valued.value_den
            when ends.node_id is not null then {{ exact_limit() }}
            else nodes.tree_weight * {{ exact_denominator() }}
        end as band_den,
        -- Where no sibling is missing on the way up, a share is the rulebook's own and is not computed anew.
        {% if depth == 0 -%}
        true as share_is_whole,
        {%- else -%}
        above.share_is_whole and coalesce(above.counted_weight = nodes.siblings_weight, false) as share_is_whole,
        {%- endif %}
        coalesce(
            valued.value_num is not null
            and (
                nodes.missing_counts_as is not null
                or {{ rational_at_least('valued.observed_weight', 'nodes.tree_weight', 'nodes.availability_threshold') }}
            ),
            false
        ) as is_available,
        {% if depth == 0 -%}
        cast(case when valued.value_num is not null then 1 end as {{ exact_type() }}) as share_num,
        cast(case when valued.value_num is not null then 1 end as {{ exact_type() }}) as share_den
        {%- else -%}
        case
            when valued.value_num is null or above.is_observed or not nodes.is_linear then null
            when above.share_is_whole and above.counted_weight = nodes.siblings_weight then nodes.share_num
            else {{ reduce_num('above.share_num * nodes.weight', 'above.share_den * above.counted_weight') }}
        end as share_num,
        case
            when valued.value_num is null or above.is_observed or not nodes.is_linear then null
            when above.share_is_whole and above.counted_weight = nodes.siblings_weight then nodes.share_den
            else {{ reduce_den('above.share_num * nodes.weight', 'above.share_den * above.counted_weight') }}
        end as share_den
        {%- endif %}
    from assessments
    inner join nodes on assessments.rulebook_id = nodes.rulebook_id and nodes.depth = {{ depth }}
    {% if depth > 0 -%}
    inner join framed_{{ depth - 1 }} as above
        on assessments.assessment_id = above.assessment_id and nodes.parent_id = above.node_id
    {% endif -%}
    left join valued on assessments.assessment_id = valued.assessment_id and nodes.node_id = valued.node_id
    left join ends on assessments.assessment_id = ends.assessment_id and nodes.node_id = ends.node_id

),
{% endfor %}
framed as (

    {% for depth in range(deepest + 1) -%}
    select * from framed_{{ depth }}
    {%- if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}

)

select
    assessment_id,
    rulebook_id,
    node_id,
    depth,
    is_observed,
    is_below_observed,
    is_available,
    cast(value_num as {{ exact_type() }}) as value_num,
    cast(value_den as {{ exact_type() }}) as value_den,
    value,
    children_value,
    cast(low_num as {{ exact_type() }}) as low_num,
    cast(high_num as {{ exact_type() }}) as high_num,
    cast(band_den as {{ exact_type() }}) as band_den,
    cast(observed_weight as {{ exact_type() }}) as observed_weight,
    cast(share_num as {{ exact_type() }}) as share_num,
    cast(share_den as {{ exact_type() }}) as share_den,
    is_exact
from framed
-- Below an observed node only what is itself observed, at or below, is worth a row.
where not is_below_observed or observed_weight > 0

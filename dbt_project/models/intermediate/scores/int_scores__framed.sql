-- The macros below write long lines.
-- noqa: disable=LT05
{# From the root down to the deepest level that has children. #}
{% set deepest = max_depth() | trim | int %}
with nodes as (

    select
        *,
        -- A root without children is computed as a node with children is.
        is_leaf and depth > 0 as is_below
    from {{ ref('int_nodes__weighted') }}

),

listed as (

    select * from {{ ref('int_assessments__listed') }}

),

assessments as (

    select
        assessment_id,
        rulebook_id
    from listed
    where walk = 'point'

),

valued as not materialized (

    select * from {{ ref('int_scores__aggregated') }}

),

-- The ends of a band that is no plain sum, since the rulebook has a geometric mean.
ends as (

    select
        lowest.point_id as assessment_id,
        low.node_no,
        {{ rational_double(on_denominator('low.value_num', 'low.value_den', exact_limit()), exact_limit()) }} as band_low,
        {{ rational_double(on_denominator('high.value_num', 'high.value_den', exact_limit()), exact_limit()) }} as band_high
    from listed as lowest
    inner join listed as highest on lowest.point_id = highest.point_id and highest.walk = 'high'
    inner join valued as low on lowest.assessment_id = low.assessment_id
    inner join valued as high on highest.assessment_id = high.assessment_id and low.node_no = high.node_no
    where lowest.walk = 'low'

),
{% for depth in range(deepest) %}
-- Only what the level below needs to know, so that little is kept of each.
shared_{{ depth }} as (

    select
        assessments.assessment_id,
        nodes.node_no,
        coalesce(valued.is_observed, false) as is_observed,
        {% if depth == 0 -%}
        false as is_below_observed,
        {%- else -%}
        above.is_observed or above.is_below_observed as is_below_observed,
        {%- endif %}
        valued.counted_weight,
        -- Where no sibling is missing on the way up, a share is the rulebook's own and is not computed anew.
        {% if depth == 0 -%}
        true as share_is_whole,
        cast(case when valued.value_num is not null then 1 end as {{ exact_type() }}) as share_num,
        cast(case when valued.value_num is not null then 1 end as {{ exact_type() }}) as share_den
        {%- else -%}
        above.share_is_whole and coalesce(above.counted_weight = nodes.siblings_weight, false) as share_is_whole,
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
    inner join nodes
        on assessments.rulebook_id = nodes.rulebook_id and nodes.depth = {{ depth }} and not nodes.is_below
    {% if depth > 0 -%}
    inner join shared_{{ depth - 1 }} as above
        on assessments.assessment_id = above.assessment_id and nodes.parent_no = above.node_no
    {% endif -%}
    left join valued on assessments.assessment_id = valued.assessment_id and nodes.node_no = valued.node_no

),
{% endfor %}
shared as (

    {% for depth in range(deepest) -%}
    select * from shared_{{ depth }}
    {%- if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}

)

select
    shared.assessment_id,
    shared.node_no,
    nodes.depth,
    shared.is_observed,
    shared.is_below_observed,
    coalesce(
        valued.value_num is not null
        and (
            nodes.missing_counts_as is not null
            or {{ rational_at_least('valued.observed_weight', 'nodes.tree_weight', 'nodes.availability_threshold') }}
        ),
        false
    ) as is_available,
    valued.value_num,
    valued.value_den,
    valued.value,
    valued.children_value,
    shared.counted_weight,
    -- Bands: what is not observed at the scale's lowest, then at its highest; also where the rulebook says what it
    -- counts until it is answered.
    {% for end in ('low', 'high') -%}
    {%- set scale = 'nodes.scale_min' if end == 'low' else 'nodes.scale_max' -%}
    case
        when valued.observed_weight = nodes.tree_weight then {{ value_double('valued') }}
        when ends.node_no is not null then ends.band_{{ end }}
        else
            {{ rational_double(
                'coalesce(valued.observed_sum, 0) + (nodes.tree_weight - coalesce(valued.observed_weight, 0)) * '
                ~ exact_numerator(scale),
                'nodes.tree_weight * ' ~ exact_denominator()
            ) }}
    end as band_{{ end }},
    {% endfor -%}
    {{ rational_double('coalesce(valued.observed_weight, 0)', 'nodes.tree_weight') }} as coverage,
    shared.share_is_whole,
    cast(shared.share_num as {{ exact_type() }}) as share_num,
    cast(shared.share_den as {{ exact_type() }}) as share_den,
    coalesce(valued.is_exact, true) as is_exact
from shared
inner join nodes on shared.node_no = nodes.node_no
left join valued on shared.assessment_id = valued.assessment_id and shared.node_no = valued.node_no
left join ends on shared.assessment_id = ends.assessment_id and shared.node_no = ends.node_no

-- The macros below write long lines.
-- noqa: disable=LT05
with nodes as (

    select
        *,
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

framed as not materialized (

    select * from {{ ref('int_scores__framed') }}

),

-- Read anew where it is used: cheaper than a copy of nearly all rows.
received as not materialized (

    select * from {{ ref('int_scores__observed') }}

),

received_inner as (

    select
        received.point_id,
        received.node_no,
        received.observed,
        received.file_no,
        received.row_number
    from received
    inner join nodes on received.node_no = nodes.node_no
    where not nodes.is_below

),

received_leaves as not materialized (

    select
        received.point_id as assessment_id,
        received.node_no,
        received.observed,
        received.file_no,
        received.row_number
    from received
    inner join nodes on received.node_no = nodes.node_no
    where nodes.is_below

),

leaf_counts as (

    select
        rulebook_id,
        count(*) as leaves
    from nodes
    where is_below
    group by rulebook_id

),

leaves_found as (

    select
        assessment_id,
        count(*) as leaves
    from received_leaves
    group by assessment_id

),

-- A filled-in sheet names every indicator, also those without a level: only others lack leaves.
incomplete as (

    select
        assessments.assessment_id,
        assessments.rulebook_id
    from assessments
    inner join leaf_counts on assessments.rulebook_id = leaf_counts.rulebook_id
    left join leaves_found on assessments.assessment_id = leaves_found.assessment_id
    where coalesce(leaves_found.leaves, 0) < leaf_counts.leaves

),

received_there as (

    select
        received_leaves.assessment_id,
        received_leaves.node_no
    from received_leaves
    inner join incomplete on received_leaves.assessment_id = incomplete.assessment_id

),

leaves as not materialized (

    select * from received_leaves
    union all
    select
        incomplete.assessment_id,
        nodes.node_no,
        cast(null as decimal(38, 15)) as observed,
        cast(null as integer) as file_no,
        cast(null as bigint) as row_number
    from incomplete
    inner join nodes on incomplete.rulebook_id = nodes.rulebook_id and nodes.is_below
    left join received_there
        on incomplete.assessment_id = received_there.assessment_id and nodes.node_no = received_there.node_no
    where received_there.node_no is null

),

walked_rulebooks as (

    select distinct rulebook_id
    from listed
    where walk = 'low'

),

leaf_levels as (

    select
        node_no,
        observed
    from received_leaves
    union distinct
    select
        node_no,
        cast(null as decimal(38, 15)) as observed
    from nodes
    where is_below

),

-- The same few values stand at every leaf: all that follows from leaf and value alone is worked out once.
values_found as (

    select
        nodes.*,
        found.observed,
        coalesce(found.observed, nodes.missing_counts_as) as counted,
        walked.rulebook_id is not null as is_walked
    from leaf_levels as found
    inner join nodes on found.node_no = nodes.node_no
    left join walked_rulebooks as walked on nodes.rulebook_id = walked.rulebook_id

),

fractions as (

    select
        *,
        {{ reduce_num(exact_numerator('counted'), exact_denominator()) }} as value_num,
        case
            when counted is not null then {{ reduce_den(exact_numerator('counted'), exact_denominator()) }}
        end as value_den,
        coalesce({{ is_within_limit(exact_numerator('counted'), exact_denominator()) }}, true) as is_exact
    from values_found

),

doubled as (

    select
        *,
        {{ value_of_fraction('is_exact', 'value_num', 'value_den', exact_numerator('counted')) }} as value_double
    from fractions

),

leaf_values as (

    select
        node_no,
        parent_no,
        depth,
        weight,
        siblings_weight,
        share_num,
        share_den,
        is_linear,
        observed,
        observed is not null as is_observed,
        value_num,
        value_den,
        case when not is_exact then value_double end as value,
        is_exact,
        {% for end in ('low', 'high') -%}
        {%- set scale = 'scale_min' if end == 'low' else 'scale_max' -%}
        case
            when observed is not null then value_double
            when is_walked
                then {{ rational_double(
                    on_denominator(exact_numerator(scale), exact_denominator(), exact_limit()), exact_limit()
                ) }}
            else
                {{ rational_double(
                    'tree_weight * ' ~ exact_numerator(scale), 'tree_weight * ' ~ exact_denominator()
                ) }}
        end as band_{{ end }},
        {% endfor -%}
        cast(case when observed is not null then 1 else 0 end as double) as coverage,
        coalesce(
            counted is not null
            and (
                missing_counts_as is not null
                or {{ rational_at_least('tree_weight', 'tree_weight', 'availability_threshold') }}
            ),
            false
        ) as is_available
    from doubled

)

select
    framed.assessment_id,
    framed.node_no,
    framed.depth,
    framed.is_observed,
    framed.is_below_observed,
    framed.is_available,
    framed.value_num,
    framed.value_den,
    framed.value,
    framed.children_value,
    framed.band_low,
    framed.band_high,
    framed.coverage,
    framed.share_num,
    framed.share_den,
    framed.is_exact,
    received_inner.observed,
    received_inner.file_no,
    received_inner.row_number
from framed
left join received_inner
    on framed.assessment_id = received_inner.point_id and framed.node_no = received_inner.node_no
-- Below an observed node only what is itself observed, at or below, is worth a row.
where not framed.is_below_observed or framed.coverage > 0
union all
select
    leaves.assessment_id,
    leaves.node_no,
    leaf_values.depth,
    leaf_values.is_observed,
    above.is_observed or above.is_below_observed as is_below_observed,
    leaf_values.is_available,
    cast(leaf_values.value_num as {{ exact_type() }}) as value_num,
    cast(leaf_values.value_den as {{ exact_type() }}) as value_den,
    leaf_values.value,
    cast(null as double) as children_value,
    leaf_values.band_low,
    leaf_values.band_high,
    leaf_values.coverage,
    cast(
        case
            when leaf_values.value_num is null or above.is_observed or not leaf_values.is_linear then null
            when above.share_is_whole and above.counted_weight = leaf_values.siblings_weight then leaf_values.share_num
            else {{ reduce_num('above.share_num * leaf_values.weight', 'above.share_den * above.counted_weight') }}
        end as {{ exact_type() }}
    ) as share_num,
    cast(
        case
            when leaf_values.value_num is null or above.is_observed or not leaf_values.is_linear then null
            when above.share_is_whole and above.counted_weight = leaf_values.siblings_weight then leaf_values.share_den
            else {{ reduce_den('above.share_num * leaf_values.weight', 'above.share_den * above.counted_weight') }}
        end as {{ exact_type() }}
    ) as share_den,
    leaf_values.is_exact,
    leaves.observed,
    leaves.file_no,
    leaves.row_number
-- Every leaf has its match in both; inner joins would be reordered, each value times each assessment first.
from leaves
left join leaf_values
    on leaves.node_no = leaf_values.node_no and leaves.observed is not distinct from leaf_values.observed
left join framed as above
    on leaves.assessment_id = above.assessment_id and leaf_values.parent_no = above.node_no
where leaf_values.is_observed or not (above.is_observed or above.is_below_observed)

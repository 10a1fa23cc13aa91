-- The macros below write long lines.
-- noqa: disable=LT05
-- Both ways: an old evaluation under the new regulation, and a new one under the old.
with pairs as (

    select
        from_rulebook_id,
        from_node_id,
        to_rulebook_id,
        to_node_id,
        kind
    from {{ ref('rulebook_mapping') }}
    union all
    select
        to_rulebook_id as from_rulebook_id,
        to_node_id as from_node_id,
        from_rulebook_id as to_rulebook_id,
        from_node_id as to_node_id,
        kind
    from {{ ref('rulebook_mapping') }}

),

assessments as (

    select *
    from {{ ref('int_assessments__listed') }}
    where walk = 'point'

),

completed as (

    select * from {{ ref('int_scores__completed') }}

),

nodes as (

    select * from {{ ref('int_nodes__weighted') }}

),

-- Only where indicators were assessed: a domain value says nothing of its indicators.
assessed_leaves as (

    select
        completed.assessment_id,
        nodes.rulebook_id,
        nodes.node_id,
        completed.observed
    from completed
    inner join nodes on completed.node_no = nodes.node_no
    where nodes.is_leaf and completed.is_observed

),

targets as (

    select distinct
        assessed_leaves.assessment_id,
        pairs.to_rulebook_id
    from assessed_leaves
    inner join pairs on assessed_leaves.rulebook_id = pairs.from_rulebook_id

),

-- An indicator that several of the other regulation speak of takes their mean, kept on its own scale.
carried as (

    select
        assessed_leaves.assessment_id,
        pairs.to_rulebook_id,
        pairs.to_node_id,
        bool_and(pairs.kind = 'same') as is_same,
        cast(sum(assessed_leaves.observed) as double) / count(*) as mean_value
    from assessed_leaves
    inner join pairs
        on assessed_leaves.rulebook_id = pairs.from_rulebook_id and assessed_leaves.node_id = pairs.from_node_id
    where pairs.kind <> 'none'
    group by assessed_leaves.assessment_id, pairs.to_rulebook_id, pairs.to_node_id

),

framed as (

    select
        targets.assessment_id,
        targets.to_rulebook_id,
        nodes.node_id,
        nodes.sort_key,
        nodes.tree_weight,
        nodes.scale_min,
        nodes.scale_max,
        carried.is_same,
        -- least and greatest pass over NULL, so an indicator without a value is kept out of them.
        case
            when carried.mean_value is not null
                then
                    cast(
                        greatest(
                            least(carried.mean_value, cast(nodes.scale_max as double)), cast(nodes.scale_min as double)
                        ) as decimal(20, 12)
                    )
        end as value
    from targets
    inner join nodes on targets.to_rulebook_id = nodes.rulebook_id and nodes.is_leaf
    left join carried
        on
            targets.assessment_id = carried.assessment_id
            and targets.to_rulebook_id = carried.to_rulebook_id
            and nodes.node_id = carried.to_node_id

),

summed as (

    select
        assessment_id,
        to_rulebook_id,
        cast(sum(tree_weight) as double) as whole,
        cast(sum(tree_weight) filter (where value is not null) as double) as mapped,
        cast(sum(tree_weight) filter (where is_same) as double) as mapped_same,
        cast(sum(cast(tree_weight as decimal(16, 0)) * value) as double) as mapped_sum,
        cast(sum(cast(tree_weight as decimal(16, 0)) * value) filter (where is_same) as double) as same_sum,
        cast(max(scale_min) as double) as scale_min,
        cast(max(scale_max) as double) as scale_max,
        cast(count(*) as integer) as indicators,
        cast(count(value) as integer) as indicators_mapped,
        string_agg(node_id, ', ' order by sort_key) filter (where value is null) as not_mapped
    from framed
    group by assessment_id, to_rulebook_id

),

-- Indicators of the own regulation that find no partner: their evidence counts nothing there.
unused as (

    select
        assessed_leaves.assessment_id,
        pairs.to_rulebook_id,
        string_agg(assessed_leaves.node_id, ', ' order by nodes.sort_key) as not_used
    from assessed_leaves
    inner join pairs
        on assessed_leaves.rulebook_id = pairs.from_rulebook_id and assessed_leaves.node_id = pairs.from_node_id
    inner join nodes
        on assessed_leaves.rulebook_id = nodes.rulebook_id and assessed_leaves.node_id = nodes.node_id
    where pairs.kind = 'none'
    group by assessed_leaves.assessment_id, pairs.to_rulebook_id

)

select
    assessments.instansi_code,
    assessments.unit_kind,
    assessments.unit_code,
    assessments.period,
    assessments.stage,
    assessments.rulebook_id,
    summed.to_rulebook_id as as_rulebook_id,
    case when own.is_available then {{ value_double('own') }} end as score,
    summed.mapped_sum / summed.mapped as score_as,
    (coalesce(summed.mapped_sum, 0) + (summed.whole - coalesce(summed.mapped, 0)) * summed.scale_min) / summed.whole
        as band_low_as,
    (coalesce(summed.mapped_sum, 0) + (summed.whole - coalesce(summed.mapped, 0)) * summed.scale_max) / summed.whole
        as band_high_as,
    (coalesce(summed.same_sum, 0) + (summed.whole - coalesce(summed.mapped_same, 0)) * summed.scale_min) / summed.whole
        as band_low_same,
    (coalesce(summed.same_sum, 0) + (summed.whole - coalesce(summed.mapped_same, 0)) * summed.scale_max) / summed.whole
        as band_high_same,
    coalesce(summed.mapped, 0) / summed.whole as share_mapped,
    coalesce(summed.mapped_same, 0) / summed.whole as share_same,
    summed.indicators,
    summed.indicators_mapped,
    summed.not_mapped,
    unused.not_used
from summed
inner join assessments on summed.assessment_id = assessments.assessment_id
inner join completed as own on summed.assessment_id = own.assessment_id and own.depth = 0
left join unused
    on summed.assessment_id = unused.assessment_id and summed.to_rulebook_id = unused.to_rulebook_id

-- The macros below write long lines, and the linter does not read DuckDB's lambda.
-- noqa: disable=LT05,PRS
with recursive nodes as (

    select
        node.*,
        book.scale_min,
        book.scale_max,
        book.availability_threshold,
        book.missing_counts_as,
        {{ exact_numerator("split_part(node.weight, '/', 1)") }} as given_num,
        {{ exact_numerator("coalesce(nullif(split_part(node.weight, '/', 2), ''), '1')") }} as given_den
    from {{ ref('rulebook_nodes') }} as node
    inner join {{ ref('rulebooks') }} as book on node.rulebook_id = book.rulebook_id

),

reduced as (

    select
        nodes.*,
        {{ int_div('given_num', exact_gcd('given_num', 'given_den')) }} as weight_num,
        {{ int_div('given_den', exact_gcd('given_num', 'given_den')) }} as weight_den
    from nodes

),

siblings as (

    select
        rulebook_id,
        parent_id,
        {{ lcm_agg('weight_den') }} as common_den
    from reduced
    group by rulebook_id, parent_id

),

weighted as (

    select
        reduced.*,
        reduced.weight_num * {{ int_div('siblings.common_den', 'reduced.weight_den') }} as weight_whole,
        sum(reduced.weight_num * {{ int_div('siblings.common_den', 'reduced.weight_den') }})
            over (partition by reduced.rulebook_id, reduced.parent_id) as siblings_weight,
        coalesce(lpad(reduced.number, 4, '0'), reduced.node_id) as position
    from reduced
    inner join siblings
        on
            reduced.rulebook_id = siblings.rulebook_id
            and reduced.parent_id is not distinct from siblings.parent_id

),

tree as (

    select
        rulebook_id,
        node_id,
        0 as depth,
        '/' || node_id || '/' as path,
        position as sort_key,
        cast(1 as {{ exact_type() }}) as share_num,
        cast(1 as {{ exact_type() }}) as share_den,
        true as is_exact,
        {{ wide_unit() }} as wide_weight
    from weighted
    where parent_id is null

    union all

    select
        child.rulebook_id,
        child.node_id,
        tree.depth + 1 as depth,
        tree.path || child.node_id || '/' as path,
        tree.sort_key || '/' || child.position as sort_key,
        {{ reduce_num('tree.share_num * child.weight_whole', 'tree.share_den * child.siblings_weight') }} as share_num,
        {{ reduce_den('tree.share_num * child.weight_whole', 'tree.share_den * child.siblings_weight') }} as share_den,
        tree.is_exact
        and {{ is_within_limit('tree.share_num * child.weight_whole', 'tree.share_den * child.siblings_weight') }}
            as is_exact,
        {{ int_div('2 * tree.wide_weight * child.weight_whole + child.siblings_weight', '2 * child.siblings_weight') }}
            as wide_weight
    from tree
    inner join weighted as child
        on tree.rulebook_id = child.rulebook_id and tree.node_id = child.parent_id
    where tree.depth < {{ max_depth() }}

),

leaves as (

    select
        tree.*,
        not exists (
            select 1 from weighted as child
            where child.rulebook_id = tree.rulebook_id and child.parent_id = tree.node_id
        ) as is_leaf
    from tree

),

commons as (

    select
        rulebook_id,
        {{ bounded_lcm_agg('share_den') }} as common_den,
        bool_and(is_exact) as is_exact
    from leaves
    where is_leaf
    group by rulebook_id

),

leaf_weights as (

    select
        leaves.rulebook_id,
        leaves.path,
        case
            when commons.is_exact and commons.common_den > 0
                then leaves.share_num * {{ int_div('commons.common_den', 'leaves.share_den') }}
            else leaves.wide_weight
        end as tree_weight
    from leaves
    inner join commons on leaves.rulebook_id = commons.rulebook_id
    where leaves.is_leaf

),

-- A node weighs exactly what its leaves weigh, also where a leaf had to be rounded: full coverage is exactly 1.
tree_weights as (

    select
        tree.rulebook_id,
        tree.node_id,
        sum(leaf_weights.tree_weight) as tree_weight
    from tree
    inner join leaf_weights
        on tree.rulebook_id = leaf_weights.rulebook_id and starts_with(leaf_weights.path, tree.path)
    group by tree.rulebook_id, tree.node_id

)

select
    weighted.rulebook_id,
    weighted.node_id,
    weighted.parent_id,
    weighted.node_kind,
    weighted.number,
    weighted.name,
    weighted.name_en,
    weighted.measure_id,
    leaves.depth,
    leaves.is_leaf,
    leaves.sort_key,
    cast(weighted.weight_whole as {{ exact_type() }}) as weight,
    cast(weighted.siblings_weight as {{ exact_type() }}) as siblings_weight,
    leaves.share_num,
    leaves.share_den,
    cast(tree_weights.tree_weight as {{ exact_type() }}) as tree_weight,
    weighted.scale_min,
    weighted.scale_max,
    weighted.availability_threshold,
    weighted.missing_counts_as
from weighted
inner join leaves on weighted.rulebook_id = leaves.rulebook_id and weighted.node_id = leaves.node_id
inner join tree_weights on weighted.rulebook_id = tree_weights.rulebook_id and weighted.node_id = tree_weights.node_id

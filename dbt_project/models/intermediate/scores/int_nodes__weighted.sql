-- The macros below write long lines, and the linter does not read DuckDB's lambda.
-- noqa: disable=LT05,PRS
with recursive listed as (

    select
        rulebook_id,
        node_id,
        parent_id,
        node_kind,
        number,
        name,
        name_en,
        measure_id,
        method,
        weight,
        coalesce(lpad(number, 4, '0'), node_id) as position
    from {{ ref('rulebook_nodes') }}
    union all
    select
        rulebook_id,
        node_id,
        parent_id,
        node_kind,
        cast(null as varchar) as number,
        coalesce(name, node_id) as name,
        cast(null as varchar) as name_en,
        cast(null as varchar) as measure_id,
        method,
        cast(coalesce(weight, 1) as varchar) as weight,
        lpad(cast(row_number as varchar), 7, '0') as position
    from {{ ref('stg_rulebook__nodes') }}

),

nodes as (

    select
        node.*,
        book.scale_min,
        book.scale_max,
        book.availability_threshold,
        book.missing_counts_as,
        {{ weight_numerator("split_part(node.weight, '/', 1)") }} as given_num,
        {{ weight_numerator("coalesce(nullif(split_part(node.weight, '/', 2), ''), '1')") }} as given_den
    from listed as node
    inner join {{ ref('int_rulebooks__listed') }} as book on node.rulebook_id = book.rulebook_id

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

scaled as (

    select
        reduced.*,
        reduced.weight_num * {{ int_div('siblings.common_den', 'reduced.weight_den') }} as scaled_weight
    from reduced
    inner join siblings
        on
            reduced.rulebook_id = siblings.rulebook_id
            and reduced.parent_id is not distinct from siblings.parent_id

),

-- Only the ratio counts: the smallest whole numbers that have it keep products small.
factors as (

    select
        rulebook_id,
        parent_id,
        {{ gcd_agg('scaled_weight') }} as factor,
        sum(scaled_weight) as scaled_sum
    from scaled
    group by rulebook_id, parent_id

),

weighted as (

    select
        scaled.*,
        {{ int_div('scaled.scaled_weight', 'factors.factor') }} as weight_whole,
        {{ int_div('factors.scaled_sum', 'factors.factor') }} as siblings_weight
    from scaled
    inner join factors
        on
            scaled.rulebook_id = factors.rulebook_id
            and scaled.parent_id is not distinct from factors.parent_id

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
        true as is_linear,
        {{ wide_unit('scale_min', 'scale_max') }} as wide_weight
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
        tree.is_linear and above.method <> 'geometric' as is_linear,
        {{ int_div('2 * tree.wide_weight * child.weight_whole + child.siblings_weight', '2 * child.siblings_weight') }}
            as wide_weight
    from tree
    inner join weighted as above on tree.rulebook_id = above.rulebook_id and tree.node_id = above.node_id
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

),

-- A short number for each node of every rulebook: the tables of scores join by it and leave names to the marts.
numbered as (

    select
        rulebook_id,
        node_id,
        cast(row_number() over (order by rulebook_id, node_id) as integer) as node_no
    from tree

)

select
    numbered.node_no,
    parents.node_no as parent_no,
    weighted.rulebook_id,
    weighted.node_id,
    weighted.parent_id,
    weighted.node_kind,
    weighted.number,
    weighted.name,
    weighted.name_en,
    weighted.measure_id,
    weighted.method,
    above.method as joined_by,
    leaves.depth,
    leaves.is_leaf,
    leaves.is_linear,
    leaves.path,
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
inner join numbered on weighted.rulebook_id = numbered.rulebook_id and weighted.node_id = numbered.node_id
left join numbered as parents on weighted.rulebook_id = parents.rulebook_id and weighted.parent_id = parents.node_id
left join listed as above on weighted.rulebook_id = above.rulebook_id and weighted.parent_id = above.node_id

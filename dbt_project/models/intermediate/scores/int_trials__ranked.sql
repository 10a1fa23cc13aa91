-- The macros below write long lines.
-- noqa: disable=LT05
{# Trials of a rulebook of our own or a user's: each draws other weights, or leaves one indicator out. Doubles, but
    summed as DECIMAL, so that the same rows give the same ranks whatever their order. #}
{% set deepest = max_depth() | trim | int %}
with settings as (

    select * from {{ ref('uncertainty_settings') }}

),

nodes as (

    select nodes.*
    from {{ ref('int_nodes__weighted') }} as nodes
    inner join {{ ref('int_rulebooks__listed') }} as books on nodes.rulebook_id = books.rulebook_id
    where books.regulation is null

),

-- Only indices that are ranked among at least two units, in the newest periods.
peers as (

    select
        listed.assessment_id,
        listed.rulebook_id,
        listed.period,
        listed.stage,
        listed.unit_kind,
        count(*) over (
            partition by listed.rulebook_id, listed.period, listed.stage, listed.unit_kind
        ) as units,
        dense_rank() over (
            partition by listed.rulebook_id, listed.stage, listed.unit_kind
            order by length(listed.period), listed.period desc
        ) as period_no
    from {{ ref('int_assessments__listed') }} as listed
    inner join {{ ref('int_scores__completed') }} as indices
        on listed.assessment_id = indices.assessment_id and indices.depth = 0 and indices.is_available
    where listed.rulebook_id in (select rulebook_id from nodes)

),

compared as (

    select peers.*
    from peers
    cross join settings
    where peers.units > 1 and peers.period_no <= settings.latest_periods

),

-- Values that count: what was handed in, and what the rulebook fills in.
given as (

    select
        compared.rulebook_id,
        completed.assessment_id,
        nodes.node_id,
        completed.depth,
        nodes.parent_id,
        {{ value_double('completed') }} as value
    from {{ ref('int_scores__completed') }} as completed
    inner join compared on completed.assessment_id = compared.assessment_id
    inner join nodes on completed.node_no = nodes.node_no
    where
        not completed.is_below_observed
        and completed.value_num is not null
        and (completed.is_observed or nodes.is_leaf)

),

-- A thousand draws of a large rulebook with thousands of units would take hours: fewer draws, which the mart states.
tried_rulebooks as (

    select
        given.rulebook_id,
        least(
            settings.draws, greatest(settings.least_draws, {{ int_div('settings.values_drawn', 'count(*)') }})
        ) as draws
    from given
    cross join settings
    group by given.rulebook_id, settings.draws, settings.least_draws, settings.values_drawn

),

draws as (

    select
        rulebook_id,
        unnest(range(1, draws + 1)) as draw_no
    from tried_rulebooks

),

weights as (

    select
        nodes.rulebook_id,
        cast(draws.draw_no as integer) as draw_no,
        cast(null as varchar) as left_out,
        nodes.node_id,
        cast(nodes.weight as double) / cast(nodes.siblings_weight as double)
        * (
            1 + cast(settings.weight_spread as double)
            * (2 * {{ uniform_of("settings.seed || '/' || draws.draw_no || '/' || nodes.rulebook_id || '/' || nodes.node_id") }} - 1)
        ) as weight
    from nodes
    inner join draws on nodes.rulebook_id = draws.rulebook_id
    cross join settings

    union all

    select
        nodes.rulebook_id,
        cast(0 as integer) as draw_no,
        leaves.node_id as left_out,
        nodes.node_id,
        cast(nodes.weight as double) / cast(nodes.siblings_weight as double) as weight
    from nodes
    inner join tried_rulebooks on nodes.rulebook_id = tried_rulebooks.rulebook_id
    inner join nodes as leaves on nodes.rulebook_id = leaves.rulebook_id and leaves.is_leaf and leaves.depth > 0
    where nodes.node_id <> leaves.node_id

),

tried as (

    select
        given.assessment_id,
        weights.draw_no,
        weights.left_out,
        given.node_id,
        given.parent_id,
        given.depth,
        weights.weight,
        given.value
    from given
    inner join weights on given.rulebook_id = weights.rulebook_id and given.node_id = weights.node_id

),
{% for depth in range(deepest, 0, -1) %}
level_{{ depth }} as (

    select *
    from tried
    where depth = {{ depth }}
    {%- if depth < deepest %}
    union all
    select * from mean_{{ depth }}
    {%- endif %}

),

summed_{{ depth }} as (

    select
        level.assessment_id,
        level.draw_no,
        level.left_out,
        level.parent_id as node_id,
        nodes.joined_by = 'geometric' as is_geometric,
        min(level.value) as smallest,
        cast(sum(cast(level.weight as decimal(38, 20))) as double) as weight_sum,
        cast(
            sum(
                cast(
                    case
                        when nodes.joined_by <> 'geometric' then level.weight * level.value
                        when level.value > 0 then level.weight * ln(level.value)
                        else 0
                    end as decimal(38, 20)
                )
            ) as double
        ) as value_sum
    from level_{{ depth }} as level
    inner join compared on level.assessment_id = compared.assessment_id
    inner join nodes on compared.rulebook_id = nodes.rulebook_id and level.node_id = nodes.node_id
    group by level.assessment_id, level.draw_no, level.left_out, level.parent_id, nodes.joined_by

),

mean_{{ depth - 1 }} as (

    select
        summed.assessment_id,
        summed.draw_no,
        summed.left_out,
        summed.node_id,
        nodes.parent_id,
        nodes.depth,
        weights.weight,
        case
            when not summed.is_geometric then summed.value_sum / summed.weight_sum
            when summed.smallest > 0 then exp(summed.value_sum / summed.weight_sum)
            else 0
        end as value
    from summed_{{ depth }} as summed
    inner join compared on summed.assessment_id = compared.assessment_id
    inner join nodes on compared.rulebook_id = nodes.rulebook_id and summed.node_id = nodes.node_id
    inner join weights
        on
            compared.rulebook_id = weights.rulebook_id
            and summed.node_id = weights.node_id
            and summed.draw_no = weights.draw_no
            and summed.left_out is not distinct from weights.left_out

),
{% endfor %}
indices as (

    select
        assessment_id,
        draw_no,
        left_out,
        value
    from mean_0
    union all
    select
        assessment_id,
        draw_no,
        left_out,
        value
    from tried
    where depth = 0

)

select
    indices.assessment_id,
    indices.draw_no,
    indices.left_out,
    cast(
        rank() over (
            partition by
                compared.rulebook_id, compared.period, compared.stage, compared.unit_kind,
                indices.draw_no, indices.left_out
            -- What differs in the last digits of a double is the same.
            order by round(indices.value, 10) desc
        ) as integer
    ) as rank
from indices
inner join compared on indices.assessment_id = compared.assessment_id

with scores as (

    select
        scores.*,
        nodes.parent_id
    from {{ ref('fct_scores') }} as scores
    inner join {{ ref('dim_node') }} as nodes
        on scores.rulebook_id = nodes.rulebook_id and scores.node_id = nodes.node_id
    where scores.contribution is not null

)

select
    parent.instansi_code,
    parent.unit_code,
    parent.period,
    parent.rulebook_id,
    parent.stage,
    parent.node_id,
    max(parent.contribution) as contribution,
    sum(child.contribution) as children_sum
from scores as parent
inner join scores as child
    on
        parent.unit_kind = child.unit_kind
        and parent.instansi_code = child.instansi_code
        and parent.unit_code = child.unit_code
        and parent.period = child.period
        and parent.rulebook_id = child.rulebook_id
        and parent.stage = child.stage
        and parent.node_id = child.parent_id
group by
    parent.instansi_code,
    parent.unit_code,
    parent.period,
    parent.rulebook_id,
    parent.stage,
    parent.node_id
having
    abs(max(parent.contribution) - sum(child.contribution)) > 1e-9 * (1 + sum(abs(child.contribution)))

with scores as (

    select
        scores.*,
        nodes.depth
    from {{ ref('fct_scores') }} as scores
    inner join {{ ref('dim_node') }} as nodes
        on scores.rulebook_id = nodes.rulebook_id and scores.node_id = nodes.node_id
    where scores.score is not null and (nodes.depth = 0 or not nodes.is_leaf)

)

select
    instansi_code,
    unit_kind,
    unit_code,
    period,
    rulebook_id,
    stage,
    node_id,
    node_kind,
    score,
    cast(rank() over (peers order by score desc) as integer) as rank,
    cast(count(*) over peers as integer) as units,
    cast(
        count(*) over (partition by rulebook_id, period, stage, unit_kind, node_id, score) as integer
    ) as sharing
from scores
window peers as (partition by rulebook_id, period, stage, unit_kind, node_id)

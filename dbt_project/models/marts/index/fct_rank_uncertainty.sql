with trials as (

    select * from {{ ref('int_trials__ranked') }}

),

drawn as (

    select
        assessment_id,
        cast(count(*) as integer) as draws,
        cast(sum(rank) as double) / count(*) as mean_rank,
        percentile_disc(0.05) within group (order by rank) as rank_p5,
        percentile_disc(0.95) within group (order by rank) as rank_p95
    from trials
    where left_out is null
    group by assessment_id

),

left_out as (

    select
        trials.assessment_id,
        trials.left_out,
        trials.rank,
        ranks.rank as own_rank,
        nodes.sort_key
    from trials
    inner join {{ ref('int_assessments__listed') }} as listed on trials.assessment_id = listed.assessment_id
    inner join {{ ref('int_nodes__weighted') }} as nodes
        on listed.rulebook_id = nodes.rulebook_id and trials.left_out = nodes.node_id
    inner join {{ ref('fct_ranks') }} as ranks
        on
            listed.unit_kind = ranks.unit_kind
            and listed.instansi_code = ranks.instansi_code
            and listed.unit_code = ranks.unit_code
            and listed.period = ranks.period
            and listed.rulebook_id = ranks.rulebook_id
            and listed.stage = ranks.stage
            and ranks.node_kind = 'index'

),

moved as (

    select
        assessment_id,
        min(rank) as best_rank_left_out,
        max(rank) as worst_rank_left_out
    from left_out
    group by assessment_id

),

most_moving as (

    select
        assessment_id,
        left_out
    from left_out
    where rank <> own_rank
    qualify row_number() over (partition by assessment_id order by abs(rank - own_rank) desc, sort_key) = 1

)

select
    listed.instansi_code,
    listed.unit_kind,
    listed.unit_code,
    listed.period,
    listed.rulebook_id,
    listed.stage,
    ranks.units,
    ranks.score,
    ranks.rank,
    drawn.draws,
    drawn.mean_rank,
    drawn.rank_p5,
    drawn.rank_p95,
    moved.best_rank_left_out,
    moved.worst_rank_left_out,
    most_moving.left_out as most_moving_node_id
from drawn
inner join {{ ref('int_assessments__listed') }} as listed on drawn.assessment_id = listed.assessment_id
inner join {{ ref('fct_ranks') }} as ranks
    on
        listed.unit_kind = ranks.unit_kind
        and listed.instansi_code = ranks.instansi_code
        and listed.unit_code = ranks.unit_code
        and listed.period = ranks.period
        and listed.rulebook_id = ranks.rulebook_id
        and listed.stage = ranks.stage
        and ranks.node_kind = 'index'
left join moved on drawn.assessment_id = moved.assessment_id
left join most_moving on drawn.assessment_id = most_moving.assessment_id

-- A list is one evaluation; in it, a group is all agencies of one kind, or those of one kind and province.
-- Who stands in no list of the state is compared with nobody.
with ranked as (

    select
        ranks.instansi_code,
        ranks.period,
        ranks.rulebook_id,
        ranks.stage,
        ranks.node_id,
        ranks.node_kind,
        ranks.score,
        instansi.instansi_kind,
        case
            when instansi.instansi_kind in ('kabupaten', 'kota') then split_part(ranks.instansi_code, '.', 1)
        end as province_code
    from {{ ref('fct_ranks') }} as ranks
    inner join {{ ref('dim_instansi') }} as instansi on ranks.instansi_code = instansi.instansi_code
    where ranks.unit_kind = 'instansi' and instansi.is_mapped

),

members as (

    select
        *,
        'kind' as peer_group,
        instansi_kind as group_key
    from ranked
    union all
    select
        *,
        'province' as peer_group,
        instansi_kind || province_code as group_key
    from ranked
    where province_code is not null

),

-- Many share a score: places are counted once for each score.
shared as (

    select
        period,
        rulebook_id,
        stage,
        node_id,
        peer_group,
        group_key,
        score,
        count(*) as sharing,
        min(instansi_code) as first_code
    from members
    group by period, rulebook_id, stage, node_id, peer_group, group_key, score

),

placed as (

    select
        *,
        sum(sharing) over (partition by period, rulebook_id, stage, node_id, peer_group, group_key) as units,
        sum(sharing) over (
            partition by period, rulebook_id, stage, node_id, peer_group, group_key
            order by score desc rows between unbounded preceding and current row
        ) - sharing + 1 as rank,
        lag(score) over above_it as above_score,
        lag(sharing) over above_it as above_sharing,
        lag(first_code) over above_it as above_code
    from shared
    window
        above_it as (
            partition by period, rulebook_id, stage, node_id, peer_group, group_key order by score desc
        )

),

indices as (

    select *
    from ranked
    where node_kind = 'index'

),

-- Agencies of one kind whose indices lie as near as makes no difference.
neighbours as (

    select
        own.instansi_code,
        own.period,
        own.rulebook_id,
        own.stage,
        other.instansi_code as other_code
    from indices as own
    inner join indices as other
        on
            own.period = other.period
            and own.rulebook_id = other.rulebook_id
            and own.stage = other.stage
            and own.instansi_kind = other.instansi_kind
            and own.instansi_code <> other.instansi_code
            and abs(own.score - other.score) <= {{ rule_parameter('peers', 'index_apart') }}

),

beside as (

    select
        neighbours.instansi_code,
        neighbours.period,
        neighbours.rulebook_id,
        neighbours.stage,
        ranked.node_id,
        count(*) as neighbours,
        cast(sum(cast(ranked.score as decimal(38, 12))) as double) / count(*) as neighbours_score
    from neighbours
    inner join ranked
        on
            neighbours.other_code = ranked.instansi_code
            and neighbours.period = ranked.period
            and neighbours.rulebook_id = ranked.rulebook_id
            and neighbours.stage = ranked.stage
    group by
        neighbours.instansi_code,
        neighbours.period,
        neighbours.rulebook_id,
        neighbours.stage,
        ranked.node_id

)

select
    members.instansi_code,
    members.period,
    members.rulebook_id,
    members.stage,
    members.node_id,
    members.node_kind,
    members.peer_group,
    members.score,
    cast(placed.rank as integer) as rank,
    cast(placed.units as integer) as units,
    cast(placed.sharing as integer) as sharing,
    placed.above_code,
    placed.above_score,
    cast(placed.above_sharing as integer) as above_sharing,
    cast(beside.neighbours as integer) as neighbours,
    beside.neighbours_score
from members
inner join placed
    on
        members.period = placed.period
        and members.rulebook_id = placed.rulebook_id
        and members.stage = placed.stage
        and members.node_id = placed.node_id
        and members.peer_group = placed.peer_group
        and members.group_key = placed.group_key
        and members.score = placed.score
left join beside
    on
        members.peer_group = 'kind'
        and members.instansi_code = beside.instansi_code
        and members.period = beside.period
        and members.rulebook_id = beside.rulebook_id
        and members.stage = beside.stage
        and members.node_id = beside.node_id
-- One alone has no peers.
where placed.units > 1

with assessed as (

    select
        received.instansi_code,
        received.unit_kind,
        received.unit_code,
        received.period,
        received.rulebook_id,
        received.stage
    from {{ ref('int_scores__received') }} as received
    inner join {{ ref('int_rulebooks__listed') }} as rulebooks on received.rulebook_id = rulebooks.rulebook_id
    group by
        received.instansi_code,
        received.unit_kind,
        received.unit_code,
        received.period,
        received.rulebook_id,
        received.stage

),

numbered as (

    select
        row_number() over (order by unit_kind, unit_code, instansi_code, period, rulebook_id, stage)
            as point_id,
        assessed.*
    from assessed

),

-- Where a mean is geometric, a band is no plain sum: the tree is walked again with the missing at either end.
walks as (

    select
        rulebook_id,
        'point' as walk,
        0 as step
    from {{ ref('int_rulebooks__listed') }}
    union all
    select distinct
        nodes.rulebook_id,
        ends.walk,
        ends.step
    from {{ ref('int_nodes__weighted') }} as nodes
    cross join (values ('low', 1), ('high', 2)) as ends (walk, step)
    where nodes.method = 'geometric' and nodes.scale_min is not null

)

select
    numbered.point_id * 3 + walks.step as assessment_id,
    numbered.point_id * 3 as point_id,
    walks.walk,
    numbered.instansi_code,
    numbered.unit_kind,
    numbered.unit_code,
    numbered.period,
    numbered.rulebook_id,
    numbered.stage
from numbered
inner join walks on numbered.rulebook_id = walks.rulebook_id

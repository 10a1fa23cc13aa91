-- Where no register came in, nobody knows who the OPDs are, and an index of them would say nothing.
with registered as (

    select distinct instansi_code
    from {{ ref('stg_opd_register__opds') }}

),

measured as (

    select
        levels.instansi_code,
        levels.unit_kind,
        levels.unit_code,
        case levels.window_kind
            when 'month' then {{ month_text('levels.window_start') }}
            else {{ year_text('levels.window_start') }}
        end as period,
        nodes.rulebook_id,
        nodes.node_id,
        cast(levels.level as decimal(38, 15)) as observed
    from {{ ref('int_measures__valued') }} as levels
    inner join registered on levels.instansi_code = registered.instansi_code
    inner join {{ ref('rulebook_nodes') }} as nodes on levels.measure_id = nodes.measure_id
    where
        levels.figure = 'main'
        and levels.level is not null

),

-- A regulation with bands of values counts the lowest value of the level that the evidence supports.
regulated as (

    select
        leveled.instansi_code,
        'instansi' as unit_kind,
        leveled.instansi_code as unit_code,
        leveled.period,
        leveled.rulebook_id,
        leveled.node_id,
        cast(coalesce(levels.value_from, leveled.evidence_level) as decimal(38, 15)) as observed
    from {{ ref('int_evidence__leveled') }} as leveled
    left join {{ ref('rulebook_levels') }} as levels
        on
            leveled.rulebook_id = levels.rulebook_id
            and leveled.node_id = levels.node_id
            and leveled.evidence_level = levels.level
    where leveled.evidence_level is not null

),

unioned as (

    select * from measured
    union all
    select * from regulated

)

select
    instansi_code,
    unit_kind,
    unit_code,
    period,
    rulebook_id,
    'evidence' as stage,
    node_id,
    observed,
    cast(null as decimal(38, 10)) as published,
    cast(null as varchar) as published_predicate,
    false as is_print,
    cast(null as varchar) as file_sha256,
    cast(null as varchar) as file_name,
    cast(null as bigint) as row_number,
    cast(null as timestamp) as received_at,
    cast(0 as bigint) as file_order
from unioned

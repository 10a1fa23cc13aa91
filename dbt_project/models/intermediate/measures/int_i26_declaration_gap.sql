-- The regulation that the agency assessed itself by; of several in one year the one that came last.
with leveled as (

    select leveled.*
    from {{ ref('int_evidence__leveled') }} as leveled
    inner join {{ ref('rulebooks') }} as rulebooks on leveled.rulebook_id = rulebooks.rulebook_id
    where
        leveled.gap is not null
    qualify rank() over (
        partition by leveled.instansi_code, leveled.period
        order by rulebooks.first_eval_year desc, leveled.rulebook_id
    ) = 1

),

gaps as (

    select
        leveled.instansi_code,
        leveled.period,
        aspects.node_id as aspect_id,
        cast(
            leveled.gap
            * cast(nodes.share_num as decimal(18, 0)) as decimal(28, 10)
        ) / cast(nodes.share_den as double) as weighted_gap
    from leveled
    inner join {{ ref('int_nodes__weighted') }} as nodes
        on
            leveled.rulebook_id = nodes.rulebook_id
            and leveled.node_id = nodes.node_id
    inner join {{ ref('int_nodes__weighted') }} as aspects
        on
            nodes.rulebook_id = aspects.rulebook_id
            and nodes.parent_id = aspects.node_id

),

windows as (

    select
        *,
        {{ year_text('window_start') }} as period
    from {{ ref('int_windows__listed') }}
    where window_kind = 'ytd'

),

-- Summed as decimals, so that every run gives the same last digit.
figures as (

    select
        instansi_code,
        period,
        'main' as figure,
        cast(null as varchar) as figure_node,
        sum(cast(weighted_gap as decimal(38, 15))) as value
    from gaps
    group by instansi_code, period
    union all
    select
        instansi_code,
        period,
        'aspect' as figure,
        aspect_id as figure_node,
        sum(cast(weighted_gap as decimal(38, 15))) as value
    from gaps
    group by instansi_code, period, aspect_id

)

select
    windows.instansi_code,
    'I26' as measure_id,
    figures.figure,
    figures.figure_node,
    'level' as figure_unit,
    'instansi' as unit_kind,
    windows.instansi_code as unit_code,
    windows.window_kind,
    windows.window_start,
    windows.window_end,
    cast(null as bigint) as numerator,
    cast(null as bigint) as denominator,
    cast(figures.value as double) as value
from windows
inner join figures
    on
        windows.instansi_code = figures.instansi_code
        and windows.period = figures.period

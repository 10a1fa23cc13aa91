with edges as (

    select * from {{ ref('int_edges__windowed') }}
    where window_kind = 'month'

),

-- An edge whose two ends no other way joins.
bridges as (

    select
        instansi_code,
        window_start,
        gone_first as first_opd,
        gone_second as second_opd
    from {{ ref('int_network__reached') }}
    where gone_first is not null
    group by instansi_code, window_start, gone_first, gone_second
    having not bool_or(opd_code = gone_second)

)

select
    edges.instansi_code,
    edges.window_start,
    edges.window_end,
    edges.consumer_opd,
    edges.provider_opd,
    edges.channel,
    edges.calls,
    edges.succeeded,
    edges.is_declared,
    edges.is_observed,
    edges.link_level,
    edges.is_observed and bridges.first_opd is not null as is_bridge
from edges
left join bridges
    on
        edges.instansi_code = bridges.instansi_code
        and edges.window_start = bridges.window_start
        and least(edges.consumer_opd, edges.provider_opd) = bridges.first_opd
        and greatest(edges.consumer_opd, edges.provider_opd) = bridges.second_opd

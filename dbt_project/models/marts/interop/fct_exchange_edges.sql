with edges as (

    select * from {{ ref('int_edges__windowed') }}
    where window_kind = 'month'

),

-- An edge whose two ends no other way joins.
bridges as (

    select
        instansi_code,
        window_start,
        split_part(variant, ' ', 1) as first_opd,
        split_part(variant, ' ', 2) as second_opd
    from {{ ref('int_network__reached') }}
    where variant not in ('whole', 'without_largest')
    group by instansi_code, window_start, variant
    having not bool_or(opd_code = split_part(variant, ' ', 2))

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

with edges as (

    select * from {{ ref('int_edges__windowed') }}

),

units as (

    select * from {{ ref('int_units__windowed') }}
    where unit_kind = 'opd'

),

settings as (

    select min_calls from {{ source('raw', 'run_settings') }}

),

pairs as (

    select
        edges.instansi_code,
        edges.window_kind,
        edges.window_start,
        edges.consumer_opd,
        edges.provider_opd,
        cast(sum(edges.calls) as bigint) as calls,
        cast(sum(edges.succeeded) as bigint) as succeeded,
        bool_or(edges.is_hub and edges.is_observed) as is_hub_observed,
        bool_or(edges.is_declared) as is_declared,
        bool_or(
            edges.is_declared
            and edges.channel in ('p2p_api', 'combined', 'db_link', 'file', 'manual_reentry')
        ) as is_declared_without_hub,
        max(edges.link_level) as link_level
    from edges
    group by
        edges.instansi_code,
        edges.window_kind,
        edges.window_start,
        edges.consumer_opd,
        edges.provider_opd

),

judged as (

    select
        pairs.*,
        pairs.succeeded >= settings.min_calls as is_observed,
        consumers.unit_code is not null and providers.unit_code is not null as is_between_opds,
        (consumers.unit_code is not null and pairs.provider_opd like 'EXT:%')
        or (providers.unit_code is not null and pairs.consumer_opd like 'EXT:%') as is_with_outside
    from pairs
    cross join settings
    left join units as consumers
        on
            {{ same_window('pairs', 'consumers') }}
            and pairs.consumer_opd = consumers.unit_code
    left join units as providers
        on
            {{ same_window('pairs', 'providers') }}
            and pairs.provider_opd = providers.unit_code

)

select
    judged.instansi_code,
    judged.window_kind,
    judged.window_start,
    judged.consumer_opd,
    judged.provider_opd,
    judged.is_between_opds,
    judged.is_with_outside,
    judged.calls,
    judged.succeeded,
    judged.is_observed,
    judged.is_hub_observed,
    judged.is_declared,
    judged.is_declared_without_hub,
    judged.link_level,
    judged.is_observed and coalesce(back.is_observed, false) as is_mutual
from judged
left join judged as back
    on
        {{ same_window('judged', 'back') }}
        and judged.consumer_opd = back.provider_opd
        and judged.provider_opd = back.consumer_opd

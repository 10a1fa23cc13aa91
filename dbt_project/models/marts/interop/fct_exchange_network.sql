with reached as (

    select * from {{ ref('int_network__reached') }}

),

opds as (

    select * from {{ ref('int_units__windowed') }}
    where
        window_kind = 'month'
        and unit_kind = 'opd'

),

-- A component is named by its first OPD; alone is a component of one.
components as (

    select
        instansi_code,
        window_start,
        variant,
        start_opd as opd_code,
        min(opd_code) as component,
        count(*) as component_opds
    from reached
    where variant in ('whole', 'without_largest')
    group by instansi_code, window_start, variant, start_opd

),

-- The part that goes on working: the largest of what is left, of equals the first by name.
kept as (

    select
        instansi_code,
        window_start,
        variant,
        component
    from components
    qualify row_number() over (
        partition by instansi_code, window_start, variant
        order by component_opds desc, component
    ) = 1

),

pairs as (

    select * from {{ ref('int_opd_pairs__windowed') }}
    where
        window_kind = 'month'
        and is_between_opds
        and is_observed

),

degrees as (

    select
        opds.instansi_code,
        opds.window_start,
        opds.unit_code as opd_code,
        count(*) filter (where pairs.consumer_opd = opds.unit_code) as providers,
        count(*) filter (where pairs.provider_opd = opds.unit_code) as consumers,
        coalesce(sum(pairs.calls) filter (where pairs.consumer_opd = opds.unit_code), 0) as calls_made,
        coalesce(sum(pairs.calls) filter (where pairs.provider_opd = opds.unit_code), 0) as calls_answered
    from opds
    left join pairs
        on
            opds.instansi_code = pairs.instansi_code
            and opds.window_start = pairs.window_start
            and opds.unit_code in (pairs.consumer_opd, pairs.provider_opd)
    group by opds.instansi_code, opds.window_start, opds.unit_code

),

logged as (

    select distinct
        instansi_code,
        window_start
    from {{ ref('int_calls__windowed') }}
    where window_kind = 'month'

)

select
    opds.instansi_code,
    opds.window_start,
    opds.window_end,
    opds.unit_code as opd_code,
    degrees.providers,
    degrees.consumers,
    cast(degrees.calls_made as bigint) as calls_made,
    cast(degrees.calls_answered as bigint) as calls_answered,
    degrees.providers + degrees.consumers = 0 as is_isolated,
    coalesce(whole.component, opds.unit_code) as component,
    coalesce(whole.component_opds, 1) as component_opds,
    whole.component is not null and without.component is null as is_largest_provider,
    coalesce(
        whole.component = kept_whole.component
        and without.component is not null
        and without.component <> kept_without.component,
        false
    ) as falls_apart_without_largest
from opds
inner join logged
    on
        opds.instansi_code = logged.instansi_code
        and opds.window_start = logged.window_start
inner join degrees
    on
        opds.instansi_code = degrees.instansi_code
        and opds.window_start = degrees.window_start
        and opds.unit_code = degrees.opd_code
left join components as whole
    on
        opds.instansi_code = whole.instansi_code
        and opds.window_start = whole.window_start
        and opds.unit_code = whole.opd_code
        and whole.variant = 'whole'
left join components as without
    on
        opds.instansi_code = without.instansi_code
        and opds.window_start = without.window_start
        and opds.unit_code = without.opd_code
        and without.variant = 'without_largest'
left join kept as kept_whole
    on
        opds.instansi_code = kept_whole.instansi_code
        and opds.window_start = kept_whole.window_start
        and kept_whole.variant = 'whole'
left join kept as kept_without
    on
        opds.instansi_code = kept_without.instansi_code
        and opds.window_start = kept_without.window_start
        and kept_without.variant = 'without_largest'

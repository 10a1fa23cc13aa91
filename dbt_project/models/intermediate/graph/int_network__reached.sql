-- Every month's exchange as a graph without directions, asked three times who reaches whom: whole, without
-- its largest provider, and without each edge in turn.
with recursive pairs as (

    select
        instansi_code,
        window_start,
        consumer_opd,
        provider_opd,
        calls
    from {{ ref('int_opd_pairs__windowed') }}
    where
        window_kind = 'month'
        and is_between_opds
        and is_observed

),

opds as (

    select
        instansi_code,
        window_start,
        unit_code as opd_code
    from {{ ref('int_units__windowed') }}
    where
        window_kind = 'month'
        and unit_kind = 'opd'

),

edges as (

    select distinct
        instansi_code,
        window_start,
        least(consumer_opd, provider_opd) as first_opd,
        greatest(consumer_opd, provider_opd) as second_opd
    from pairs

),

-- Of all OPDs the one that answers most calls of others; of equals the first by code.
largest as (

    select
        instansi_code,
        window_start,
        provider_opd as opd_code
    from pairs
    group by instansi_code, window_start, provider_opd
    qualify row_number() over (
        partition by instansi_code, window_start
        order by sum(calls) desc, provider_opd
    ) = 1

),

variants as (

    select distinct
        instansi_code,
        window_start,
        'whole' as variant,
        cast(null as varchar) as gone_opd,
        cast(null as varchar) as gone_first,
        cast(null as varchar) as gone_second
    from edges
    union all
    select
        instansi_code,
        window_start,
        'without_largest' as variant,
        opd_code as gone_opd,
        cast(null as varchar) as gone_first,
        cast(null as varchar) as gone_second
    from largest
    union all
    select
        instansi_code,
        window_start,
        {{ joined_key(' ', ['first_opd', 'second_opd']) }} as variant,
        cast(null as varchar) as gone_opd,
        first_opd as gone_first,
        second_opd as gone_second
    from edges

),

neighbours as (

    select
        variants.instansi_code,
        variants.window_start,
        variants.variant,
        edges.first_opd as opd_code,
        edges.second_opd as other_opd
    from variants
    inner join edges
        on
            variants.instansi_code = edges.instansi_code
            and variants.window_start = edges.window_start
    where
        coalesce(variants.gone_opd not in (edges.first_opd, edges.second_opd), true)
        and coalesce(edges.first_opd <> variants.gone_first or edges.second_opd <> variants.gone_second, true)

),

both_ways as (

    select * from neighbours
    union all
    select
        instansi_code,
        window_start,
        variant,
        other_opd as opd_code,
        opd_code as other_opd
    from neighbours

),

-- Where to start: everybody for the components, one end for an edge left out.
reached as (

    select
        variants.instansi_code,
        variants.window_start,
        variants.variant,
        variants.gone_first,
        variants.gone_second,
        opds.opd_code as start_opd,
        opds.opd_code
    from variants
    inner join opds
        on
            variants.instansi_code = opds.instansi_code
            and variants.window_start = opds.window_start
    where
        coalesce(opds.opd_code <> variants.gone_opd, true)
        and coalesce(opds.opd_code = variants.gone_first, true)
    union
    select
        reached.instansi_code,
        reached.window_start,
        reached.variant,
        reached.gone_first,
        reached.gone_second,
        reached.start_opd,
        both_ways.other_opd as opd_code
    from reached
    inner join both_ways
        on
            reached.instansi_code = both_ways.instansi_code
            and reached.window_start = both_ways.window_start
            and reached.variant = both_ways.variant
            and reached.opd_code = both_ways.opd_code

)

select
    instansi_code,
    window_start,
    variant,
    gone_first,
    gone_second,
    start_opd,
    opd_code
from reached

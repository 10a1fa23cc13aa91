select
    units.instansi_code,
    'I27' as measure_id,
    'main' as figure,
    units.unit_kind,
    units.unit_code,
    units.window_kind,
    units.window_start,
    units.window_end,
    cast(sum(sources.sources_received) as bigint) as numerator,
    cast(coalesce(sum(sources.sources_expected), 0) as bigint) as denominator
from {{ ref('int_units__windowed') }} as units
left join {{ ref('int_sources__counted') }} as sources
    on
        units.instansi_code = sources.instansi_code
        and units.window_kind = sources.window_kind
        and units.window_start = sources.window_start
        and (units.unit_kind = 'instansi' or units.unit_code = sources.opd_code)
group by all

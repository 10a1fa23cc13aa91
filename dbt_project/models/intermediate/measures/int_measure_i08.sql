select
    units.instansi_code,
    'I08' as measure_id,
    'main' as figure,
    units.unit_kind,
    units.unit_code,
    units.window_kind,
    units.window_start,
    units.window_end,
    -- NULL, not 0, where no system's exchange is known.
    case
        when count(systems.is_silo) > 0 then cast(count(*) filter (where systems.is_silo) as bigint)
    end as numerator,
    cast(count(systems.system_code) as bigint) as denominator
from {{ ref('int_units__windowed') }} as units
left join {{ ref('int_systems__windowed') }} as systems
    on
        units.instansi_code = systems.instansi_code
        and units.window_kind = systems.window_kind
        and units.window_start = systems.window_start
        and (units.unit_kind = 'instansi' or units.unit_code = systems.opd_code)
group by all

select
    units.instansi_code,
    'I20' as measure_id,
    'main' as figure,
    units.unit_kind,
    units.unit_code,
    units.window_kind,
    units.window_start,
    units.window_end,
    cast(
        count(*) filter (where systems.is_third_party and not systems.has_valid_contract) as bigint
    ) as numerator,
    cast(count(*) filter (where systems.is_third_party) as bigint) as denominator
from {{ ref('int_units__windowed') }} as units
left join {{ ref('int_systems__windowed') }} as systems
    on
        units.instansi_code = systems.instansi_code
        and units.window_kind = systems.window_kind
        and units.window_start = systems.window_start
        and (units.unit_kind = 'instansi' or units.unit_code = systems.opd_code)
group by all

with counted as (

    select
        {{ unit_keys('units') }},
        count(systems.system_code) as systems,
        -- NULL, not 0, where no system's exchange is known.
        case when count(systems.is_silo) > 0 then count(*) filter (where systems.is_silo) end as silos
    from {{ ref('int_units__windowed') }} as units
    left join {{ ref('int_systems__windowed') }} as systems
        on
            {{ same_window('units', 'systems') }}
            and {{ counts_for('units', 'systems.opd_code') }}
    group by all

)

{{ measure_rows('I08', 'counted', shares=[('main', 'silos', 'systems')]) }}

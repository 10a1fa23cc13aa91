with counted as (

    select
        {{ unit_keys('units') }},
        count(systems.system_code) as systems,
        count(*) filter (where systems.has_interface_contract) as with_contract
    from {{ ref('int_units__windowed') }} as units
    left join {{ ref('int_systems__windowed') }} as systems
        on
            {{ same_window('units', 'systems') }}
            and {{ counts_for('units', 'systems.opd_code') }}
    group by all

)

{{ measure_rows('I01', 'counted', shares=[('main', 'with_contract', 'systems')]) }}

with counted as (

    select
        {{ unit_keys('units') }},
        count(*) filter (where systems.is_third_party) as third_party,
        count(*) filter (where systems.is_third_party and not systems.has_valid_contract) as without_contract
    from {{ ref('int_units__windowed') }} as units
    left join {{ ref('int_systems__windowed') }} as systems
        on
            {{ same_window('units', 'systems') }}
            and {{ counts_for('units', 'systems.opd_code') }}
    group by all

)

{{ measure_rows('I20', 'counted', shares=[('main', 'without_contract', 'third_party')]) }}

with counted as (

    select
        {{ unit_keys('units') }},
        count(distinct elements.element) as elements,
        count(distinct elements.element) filter (where elements.is_typed_twice) as typed_twice
    from {{ ref('int_units__windowed') }} as units
    left join {{ ref('int_elements__typed') }} as elements
        on
            {{ same_window('units', 'elements') }}
            and {{ counts_for('units', 'elements.opd_code') }}
    group by all

)

{{ measure_rows('I19', 'counted', shares=[('main', 'typed_twice', 'elements')]) }}

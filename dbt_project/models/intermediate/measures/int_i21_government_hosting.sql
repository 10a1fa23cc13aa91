with counted as (

    select
        {{ unit_keys('units') }},
        count(systems.system_code) as systems,
        count(*) filter (where coalesce(systems.hosting, 'unknown') <> 'unknown') as known,
        count(*) filter (where systems.hosting in ('kominfo_dc', 'national_dc', 'other_gov')) as home
    from {{ ref('int_units__windowed') }} as units
    left join {{ ref('int_systems__windowed') }} as systems
        on
            {{ same_window('units', 'systems') }}
            and {{ counts_for('units', 'systems.opd_code') }}
    group by all

)

{{ measure_rows('I21', 'counted', shares=[
    ('main', 'home', 'known'),
    ('unknown', 'systems - known', 'systems'),
]) }}

with counted as (

    select
        {{ unit_keys('units') }},
        sum(sources.sources_received) as received,
        coalesce(sum(sources.sources_expected), 0) as expected
    from {{ ref('int_units__windowed') }} as units
    left join {{ ref('int_sources__counted') }} as sources
        on
            {{ same_window('units', 'sources') }}
            and {{ counts_for('units', 'sources.opd_code') }}
    group by all

)

{{ measure_rows('I27', 'counted', shares=[('main', 'received', 'expected')]) }}

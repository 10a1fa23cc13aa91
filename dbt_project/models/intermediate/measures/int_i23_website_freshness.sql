with counted as (

    select
        {{ unit_keys('units') }},
        count(sites.url_key) as sites,
        count(*) filter (where sites.is_fresh) as fresh,
        count(*) filter (where sites.is_reachable) as reachable
    from {{ ref('int_units__windowed') }} as units
    left join {{ ref('int_sites__windowed') }} as sites
        on
            {{ same_window('units', 'sites') }}
            and {{ counts_for('units', 'sites.opd_code') }}
    group by all

)

{{ measure_rows('I23', 'counted', shares=[('main', 'fresh', 'sites'), ('reachable', 'reachable', 'sites')]) }}

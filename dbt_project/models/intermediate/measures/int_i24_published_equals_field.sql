with figures as (

    select * from {{ ref('int_figures__compared') }}
    where is_compared

),

counted as (

    select
        {{ unit_keys('units') }},
        count(figures.figure_id) as figures,
        count(*) filter (where figures.is_equal) as equal,
        percentile_cont(0.5) within group (order by figures.gap_rel) as median_gap
    from {{ ref('int_units__windowed') }} as units
    left join figures
        on
            units.instansi_code = figures.instansi_code
            and {{ period_touches('figures.period', 'units') }}
            and {{ counts_for('units', 'figures.opd_code') }}
    group by all

)

{{ measure_rows('I24', 'counted',
    shares=[('main', 'equal', 'figures')],
    values=[('median_gap', 'share', 'median_gap')],
) }}

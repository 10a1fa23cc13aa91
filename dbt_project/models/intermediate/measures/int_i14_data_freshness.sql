with datasets as (

    select * from {{ ref('int_datasets__windowed') }}
    where
        allowed_days is not null
        -- Updated after the window: how old it was in it is not known.
        and age_days >= 0

),

counted as (

    select
        {{ unit_keys('units') }},
        count(datasets.dataset_code) as datasets,
        count(*) filter (where datasets.age_days <= datasets.allowed_days) as fresh,
        percentile_cont(0.5) within group (order by datasets.age_days) as median_age_days
    from {{ ref('int_units__windowed') }} as units
    left join datasets
        on
            {{ same_window('units', 'datasets') }}
            and {{ counts_for('units', 'datasets.producer_opd') }}
    group by all

)

{{ measure_rows('I14', 'counted',
    shares=[('main', 'fresh', 'datasets')],
    values=[('median_age', 'days', 'median_age_days')],
) }}

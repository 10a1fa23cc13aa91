-- Of each instansi the latest window: a data set is judged on the day that it is measured to.
with windows as (

    select *
    from {{ ref('int_windows__listed') }}
    qualify {{ is_latest_window() }}

)

select
    datasets.instansi_code,
    datasets.dataset_code,
    datasets.dataset_name,
    datasets.producer_opd,
    datasets.system_code,
    datasets.rad_code,
    datasets.has_known_code,
    datasets.access,
    datasets.update_frequency,
    datasets.last_updated,
    datasets.measured_to,
    datasets.age_days,
    datasets.allowed_days,
    -- Updated after the window: how old it was in it is not known.
    case when datasets.age_days >= 0 then datasets.age_days > datasets.allowed_days end as is_late,
    datasets.is_interoperable
from {{ ref('int_datasets__windowed') }} as datasets
inner join windows on {{ same_window('datasets', 'windows') }}

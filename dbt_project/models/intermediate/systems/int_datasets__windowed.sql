-- Of each producer the latest catalogue that speaks of the window or of a time before it.
with windows as (

    select * from {{ ref('int_windows__listed') }}

),

listed as (

    select
        windows.window_kind,
        windows.window_start,
        windows.window_end,
        windows.measured_to,
        datasets.*
    from windows
    inner join {{ ref('stg_dataset_catalogue__datasets') }} as datasets
        on
            windows.instansi_code = datasets.instansi_code
            and datasets.period <= {{ month_text('windows.window_end') }}
    qualify
        rank() over (
            partition by
                windows.instansi_code, windows.window_kind, windows.window_start, datasets.producer_opd
            order by datasets.period desc
        ) = 1
        and row_number() over (
            partition by
                windows.instansi_code, windows.window_kind, windows.window_start, datasets.dataset_code
            order by datasets.period desc, datasets.file_order desc, datasets.row_number desc
        ) = 1

),

-- Level 1 to 3 are listed; what an agency numbers below a listed code is known with it.
known_codes as (

    select code from {{ ref('ref_data_rad') }}
    where level >= 2

)

select
    listed.instansi_code,
    listed.window_kind,
    listed.window_start,
    listed.window_end,
    listed.measured_to,
    listed.dataset_code,
    listed.dataset_name,
    listed.producer_opd,
    listed.system_code,
    listed.rad_code,
    known.code is not null as has_known_code,
    listed.access,
    listed.update_frequency,
    listed.last_updated,
    cast({{ days_between('listed.last_updated', 'listed.measured_to') }} as bigint) as age_days,
    cast(frequencies.days as bigint) as allowed_days,
    coalesce(listed.is_interoperable, false) as is_interoperable
from listed
left join {{ ref('update_frequencies') }} as frequencies
    on listed.update_frequency = frequencies.update_frequency
left join known_codes as known
    on
        known.code = concat_ws(
            '.', split_part(listed.rad_code, '.', 1), split_part(listed.rad_code, '.', 2),
            split_part(listed.rad_code, '.', 3), nullif(split_part(listed.rad_code, '.', 4), '')
        )

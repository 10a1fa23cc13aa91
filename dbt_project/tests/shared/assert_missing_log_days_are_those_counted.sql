-- By month and by year: one day is owed in both or in neither.
with named as (

    select
        counted.instansi_code,
        counted.window_kind,
        counted.window_start,
        counted.opd_code,
        counted.log_format,
        counted.sources_missing,
        counted.sources_overdue,
        count(missing.day) as days,
        count(missing.day) filter (where missing.is_overdue) as days_overdue
    from {{ ref('fct_completeness') }} as counted
    left join {{ ref('fct_missing_log_days') }} as missing
        on
            counted.instansi_code = missing.instansi_code
            and counted.log_format = missing.log_format
            and list_contains(missing.owed_by, counted.opd_code)
            and missing.day between counted.window_start and counted.window_end
    where
        counted.kind = 'service_log'
        and counted.frequency = 'daily'
    group by all

)

select *
from named
where sources_missing <> days or sources_overdue <> days_overdue

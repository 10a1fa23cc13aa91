with named as (

    select
        instansi_code,
        log_format,
        cast(date_trunc('month', day) as date) as window_start,
        count(*) as days,
        count(*) filter (where is_overdue) as days_overdue
    from {{ ref('fct_missing_log_days') }}
    where owed_by <> []
    group by all

)

select
    counted.instansi_code,
    counted.opd_code,
    counted.log_format,
    counted.window_start,
    counted.sources_missing,
    named.days
from {{ ref('fct_completeness') }} as counted
left join named
    on
        counted.instansi_code = named.instansi_code
        and counted.log_format = named.log_format
        and counted.window_start = named.window_start
where
    counted.kind = 'service_log'
    and counted.frequency = 'daily'
    and counted.window_kind = 'month'
    and (
        counted.sources_missing <> coalesce(named.days, 0)
        or counted.sources_overdue <> coalesce(named.days_overdue, 0)
    )

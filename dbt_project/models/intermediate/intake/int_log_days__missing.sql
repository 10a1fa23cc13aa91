with settings as (

    select as_of from {{ source('raw', 'run_settings') }}

),

months as (

    select
        instansi_code,
        window_start,
        measured_to
    from {{ ref('int_windows__listed') }}
    where window_kind = 'month'

),

-- Each month lies in the window of its year: what is owed is looked for as that window counts it.
owed as (

    select
        instansi_code,
        log_format,
        day,
        list(opd_code order by opd_code) as owed_by
    from (
        select
            instansi_code,
            split_part(source_code, ':', 2) as log_format,
            opd_code,
            {{ unnest_days('owed_from', 'owed_to') }} as day
        from {{ ref('int_sources__counted') }}
        where
            window_kind = 'ytd'
            and frequency = 'daily'
            and split_part(source_code, ':', 1) = 'service_log'
    ) as days
    group by instansi_code, log_format, day

),

received as (

    select distinct
        instansi_code,
        log_format,
        day
    from {{ ref('int_calls__classified') }}

),

sent as (

    select
        instansi_code,
        log_format,
        min(day) as first_day
    from received
    group by instansi_code, log_format

),

-- Another log is looked for since it first came, in the months that the agency sent anything of.
calendar as (

    select
        coalesce(owed.instansi_code, looked_for.instansi_code) as instansi_code,
        coalesce(owed.log_format, looked_for.log_format) as log_format,
        coalesce(owed.day, looked_for.day) as day,
        coalesce(owed.owed_by, []) as owed_by
    from owed
    full join (
        select
            sent.instansi_code,
            sent.log_format,
            {{ unnest_days('greatest(months.window_start, sent.first_day)', 'months.measured_to') }} as day
        from sent
        inner join months on sent.instansi_code = months.instansi_code
    ) as looked_for
        on
            owed.instansi_code = looked_for.instansi_code
            and owed.log_format = looked_for.log_format
            and owed.day = looked_for.day

),

marked as (

    select
        calendar.*,
        received.day is null as is_missing,
        max(received.day) over (
            partition by calendar.instansi_code, calendar.log_format order by calendar.day
        ) as last_day_before,
        min(received.day) over (
            partition by calendar.instansi_code, calendar.log_format order by calendar.day desc
        ) as next_day_after
    from calendar
    left join received
        on
            calendar.instansi_code = received.instansi_code
            and calendar.log_format = received.log_format
            and calendar.day = received.day

)

select
    marked.instansi_code,
    marked.log_format,
    marked.day,
    cast(date_trunc('month', marked.day) as date) as window_start,
    marked.owed_by,
    marked.last_day_before,
    marked.next_day_after,
    -- What nobody owes can not be late.
    marked.owed_by <> [] and marked.day <= {{ day_plus('settings.as_of', '-terms.grace_days') }} as is_overdue
from marked
cross join settings
inner join {{ ref('delivery_terms') }} as terms on terms.frequency = 'daily'
where marked.is_missing

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

owed as (

    select
        instansi_code,
        split_part(source_code, ':', 2) as log_format,
        list(distinct opd_code order by opd_code) as owed_by
    from {{ ref('int_sources__counted') }}
    where
        window_kind = 'month'
        and frequency = 'daily'
        and split_part(source_code, ':', 1) = 'service_log'
    group by instansi_code, split_part(source_code, ':', 2)

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

-- A log that is owed is so from the first month on; another is looked for since it first came.
gateways as (

    select
        coalesce(sent.instansi_code, owed.instansi_code) as instansi_code,
        coalesce(sent.log_format, owed.log_format) as log_format,
        coalesce(owed.owed_by, []) as owed_by,
        case when owed.owed_by is null then sent.first_day end as first_day
    from sent
    full join owed on sent.instansi_code = owed.instansi_code and sent.log_format = owed.log_format

),

calendar as (

    select
        gateways.instansi_code,
        gateways.log_format,
        gateways.owed_by,
        months.window_start,
        {{ unnest_days(
            'greatest(months.window_start, coalesce(gateways.first_day, months.window_start))',
            'months.measured_to'
        ) }} as day
    from gateways
    inner join months on gateways.instansi_code = months.instansi_code

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
    marked.window_start,
    marked.owed_by,
    marked.last_day_before,
    marked.next_day_after,
    marked.day <= {{ day_plus('settings.as_of', '-terms.grace_days') }} as is_overdue
from marked
cross join settings
inner join {{ ref('delivery_terms') }} as terms on terms.frequency = 'daily'
where marked.is_missing

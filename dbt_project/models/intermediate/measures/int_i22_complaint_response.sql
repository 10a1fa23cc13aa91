with settings as (

    select
        as_of,
        time_zone,
        complaint_sla_hours
    from {{ source('raw', 'run_settings') }}

),

-- An answer may come after the month of its complaint: known is what happened up to the last complete day.
known as (

    select
        complaints.instansi_code,
        complaints.opd_code,
        complaints.received_on,
        complaints.complaint_id,
        complaints.answered_after_hours,
        settings.complaint_sla_hours,
        {{ hours_between('complaints.received_at', day_end('settings.as_of', 'settings.time_zone')) }}
            as hours_known
    from {{ ref('stg_complaint__complaints') }} as complaints
    cross join settings
    where complaints.status is distinct from 'withdrawn'

),

answered as (

    select
        * exclude (answered_after_hours),
        case when answered_after_hours <= hours_known then answered_after_hours end as answered_after_hours
    from known

),

-- One that may still be answered in time is neither in time nor late.
complaints as (

    select
        *,
        answered_after_hours <= complaint_sla_hours as is_in_time
    from answered
    where answered_after_hours is not null or hours_known >= complaint_sla_hours

),

counted as (

    select
        {{ unit_keys('units') }},
        count(complaints.complaint_id) as received,
        count(*) filter (where complaints.is_in_time) as in_time,
        count(complaints.complaint_id) - count(complaints.answered_after_hours) as never_answered,
        percentile_cont(0.5) within group (order by complaints.answered_after_hours) as median_hours
    from {{ ref('int_units__windowed') }} as units
    left join complaints
        on
            units.instansi_code = complaints.instansi_code
            and complaints.received_on between units.window_start and units.measured_to
            and {{ counts_for('units', 'complaints.opd_code') }}
    group by all

)

{{ measure_rows('I22', 'counted',
    shares=[('main', 'in_time', 'received'), ('never_answered', 'never_answered', 'received')],
    values=[('median_hours', 'hours', 'median_hours')],
) }}

with settings as (

    select complaint_sla_hours from {{ source('raw', 'run_settings') }}

),

complaints as (

    select
        complaints.instansi_code,
        complaints.opd_code,
        complaints.received_on,
        complaints.complaint_id,
        complaints.answered_after_hours,
        complaints.answered_after_hours <= settings.complaint_sla_hours as is_in_time
    from {{ ref('stg_complaint__complaints') }} as complaints
    cross join settings
    where complaints.status is distinct from 'withdrawn'

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
            and complaints.received_on between units.window_start and units.window_end
            and {{ counts_for('units', 'complaints.opd_code') }}
    group by all

)

{{ measure_rows('I22', 'counted',
    shares=[('main', 'in_time', 'received'), ('never_answered', 'never_answered', 'received')],
    values=[('median_hours', 'hours', 'median_hours')],
) }}

with settings as (

    select time_zone from {{ source('raw', 'run_settings') }}

),

owed as (

    select distinct
        instansi_code,
        opd_code,
        source_code as kind,
        frequency
    from {{ ref('int_sources__counted') }}
    where source_code not like 'service_log:%'

),

first_received as (

    select
        files.instansi_code,
        files.opd_code,
        files.kind,
        files.period,
        min({{ local_day('files.received_at', 'settings.time_zone') }}) as received_on
    from {{ source('raw', 'intake_files') }} as files
    cross join settings
    where
        files.status in ('loaded', 'partly', 'replaced')
        and not files.is_correction
        and {{ period_start('files.period') }} is not null
    group by
        files.instansi_code,
        files.opd_code,
        files.kind,
        files.period

),

due as (

    select
        first_received.*,
        owed.frequency,
        {{ day_plus(period_end('first_received.period'), 'terms.grace_days') }} as due_on
    from first_received
    inner join owed
        on
            first_received.instansi_code = owed.instansi_code
            and first_received.opd_code = owed.opd_code
            and first_received.kind = owed.kind
    inner join {{ ref('delivery_terms') }} as terms on owed.frequency = terms.frequency

)

select
    instansi_code,
    opd_code,
    kind,
    period,
    frequency,
    received_on,
    due_on,
    cast(greatest({{ days_between('due_on', 'received_on') }}, 0) as bigint) as days_late
from due

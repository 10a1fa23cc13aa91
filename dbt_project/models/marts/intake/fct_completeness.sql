with owed as (

    select
        instansi_code,
        window_kind,
        window_start,
        opd_code,
        split_part(source_code, ':', 1) as kind,
        -- No format stands as '' here, so that rows of all parts meet.
        split_part(source_code, ':', 2) as log_format,
        frequency,
        owed_from,
        sources_expected,
        sources_received,
        sources_overdue
    from {{ ref('int_sources__counted') }}

),

open_rows as (

    select * from {{ ref('fct_quarantine') }}
    where status = 'open'

),

formats as (

    select distinct
        file_id,
        log_format
    from {{ ref('fct_intake_files') }}

),

files as (

    select
        windows.instansi_code,
        windows.window_kind,
        windows.window_start,
        coalesce(received.opd_code, received.instansi_code) as opd_code,
        received.kind,
        coalesce(received.log_format, '') as log_format,
        count(*) filter (where received.status in ('loaded', 'partly')) as files_received,
        count(*) filter (
            where
            received.is_open
            or (received.status = 'rejected' and received.file_id in (select file_id from open_rows))
        ) as files_refused,
        count(*) filter (where received.status = 'waiting') as files_waiting
    from {{ ref('fct_intake_files') }} as received
    inner join {{ ref('int_windows__listed') }} as windows
        on
            received.instansi_code = windows.instansi_code
            and {{ period_touches(
                'coalesce(received.period, ' ~ year_text('received.received_at') ~ ')', 'windows'
            ) }}
    where not received.is_correction
    group by all
    having files_received + files_refused + files_waiting > 0

),

-- A row waits at the OPD that is asked to mend it, whoever sent the file.
rows_open as (

    select
        windows.instansi_code,
        windows.window_kind,
        windows.window_start,
        coalesce(refused.answer_opd_code, refused.instansi_code) as opd_code,
        refused.kind,
        coalesce(received.log_format, '') as log_format,
        count(*) as rows_waiting
    from open_rows as refused
    inner join formats as received on refused.file_id = received.file_id
    inner join {{ ref('int_windows__listed') }} as windows
        on
            refused.instansi_code = windows.instansi_code
            and {{ period_touches(
                'coalesce(refused.period, ' ~ year_text('refused.received_at') ~ ')', 'windows'
            ) }}
    group by all

),

late as (

    select
        windows.instansi_code,
        windows.window_kind,
        windows.window_start,
        delivered.opd_code,
        delivered.kind,
        '' as log_format,
        count(*) filter (where delivered.days_late > 0) as files_late,
        max(delivered.days_late) as days_late_longest
    from {{ ref('int_deliveries__timed') }} as delivered
    inner join {{ ref('int_windows__listed') }} as windows
        on
            delivered.instansi_code = windows.instansi_code
            and {{ period_touches('delivered.period', 'windows') }}
    group by all

),

keys as (

    {% for part in ['owed', 'files', 'rows_open'] %}
    select
        instansi_code,
        window_kind,
        window_start,
        opd_code,
        kind,
        log_format
    from {{ part }}
    {{ 'union' if not loop.last }}
    {% endfor %}

),

resting as (

    select
        kind,
        list(measure_id order by measure_id) as measures
    from (
        select
            measure_id,
            trim({{ unnest_split('needs', ';') }}) as kind
        from {{ ref('measures') }}
    ) as needed
    group by kind

)

select
    keys.instansi_code,
    keys.window_kind,
    keys.window_start,
    windows.window_end,
    keys.opd_code,
    keys.kind,
    keys.log_format,
    owed.frequency,
    owed.owed_from,
    owed.sources_expected,
    owed.sources_received,
    owed.sources_expected - owed.sources_received as sources_missing,
    owed.sources_overdue,
    coalesce(files.files_received, 0) as files_received,
    coalesce(files.files_refused, 0) as files_refused,
    coalesce(files.files_waiting, 0) as files_waiting,
    coalesce(rows_open.rows_waiting, 0) as rows_waiting,
    late.files_late,
    late.days_late_longest,
    case
        when owed.sources_expected is null then 'not_owed'
        when owed.sources_received >= owed.sources_expected then 'complete'
        when owed.sources_overdue > 0 and owed.sources_received = 0 then 'missing'
        when owed.sources_overdue > 0 then 'partly'
        else 'not_due'
    end as state,
    coalesce(resting.measures, []) as measures
from keys
inner join {{ ref('int_windows__listed') }} as windows on {{ same_window('keys', 'windows') }}
{% for part in ['owed', 'files', 'rows_open', 'late'] %}
left join {{ part }}
    on
        {{ same_window('keys', part) }}
        and keys.opd_code = {{ part }}.opd_code
        and keys.kind = {{ part }}.kind
        and keys.log_format = {{ part }}.log_format
{% endfor %}
left join resting on keys.kind = resting.kind

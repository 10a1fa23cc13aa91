-- The macros below write long lines.
-- noqa: disable=LT05
with windows as (

    {{ finding_windows() }}

),

settings as (

    select
        time_zone,
        complaint_sla_hours
    from {{ source('raw', 'run_settings') }}

),

-- A window in which nothing was due yet and nothing came says nothing: what an earlier one told stands on.
counted as (

    select
        sources.*,
        windows.window_words,
        max(
            case when sources.sources_received > 0 or sources.sources_overdue > 0 then sources.window_start end
        ) over (
            partition by sources.instansi_code, sources.opd_code, sources.source_code
            order by sources.window_start
        ) as told_from
    from {{ ref('int_sources__counted') }} as sources
    inner join windows on {{ same_window('sources', 'windows') }}

),

missing_days as (

    select
        instansi_code,
        opd_code,
        'service_log:' || log_format as source_code,
        window_start,
        array_to_string(list(cast(day(day) as varchar) order by day), ', ') as days
    from (
        select
            *,
            unnest(owed_by) as opd_code
        from {{ ref('int_log_days__missing') }}
        where is_overdue
    ) as owed_days
    group by instansi_code, opd_code, log_format, window_start

),

owed as (

    select
        counted.instansi_code,
        counted.opd_code,
        counted.source_code,
        counted.window_start,
        counted.window_end,
        told.window_words,
        told.sources_received,
        told.sources_expected,
        told.sources_overdue,
        missing_days.days
    from counted
    inner join counted as told
        on
            counted.instansi_code = told.instansi_code
            and counted.opd_code = told.opd_code
            and counted.source_code = told.source_code
            and counted.told_from = told.window_start
    left join missing_days
        on
            told.window_kind = 'month'
            and told.instansi_code = missing_days.instansi_code
            and told.opd_code = missing_days.opd_code
            and told.source_code = missing_days.source_code
            and told.window_start = missing_days.window_start
    where told.sources_overdue > 0

),

stale_sites as (

    select
        sites.*,
        windows.window_words
    from {{ ref('int_sites__windowed') }} as sites
    inner join windows on {{ same_window('sites', 'windows') }}
    where not sites.is_fresh

),

waiting as (

    select
        complaints.instansi_code,
        complaints.opd_code,
        complaints.received_on,
        complaints.answered_after_hours,
        windows.window_start,
        windows.window_end,
        windows.window_words,
        settings.complaint_sla_hours,
        {{ hours_between(
            'complaints.received_at', day_end('windows.measured_to', 'settings.time_zone')
        ) }} as hours_by_then
    from {{ ref('stg_complaint__complaints') }} as complaints
    cross join settings
    inner join windows
        on
            complaints.instansi_code = windows.instansi_code
            and complaints.received_on <= windows.measured_to
    where coalesce(complaints.status not in ('withdrawn', 'rejected'), true)

),

-- What is still without an answer at the end of a window, once the time for it is over.
unanswered as (

    select
        instansi_code,
        opd_code,
        window_start,
        window_end,
        window_words,
        count(*) as complaints,
        max(complaint_sla_hours) as sla_hours,
        min(received_on) as oldest_on
    from waiting
    where
        hours_by_then > complaint_sla_hours
        and coalesce(hours_by_then <= answered_after_hours, true)
    group by instansi_code, opd_code, window_start, window_end, window_words

),

answers as (

    select * from {{ ref('stg_acknowledgement__answers') }}

),

-- The day of an answer lies in no window: it comes after the data. It stands in the last one.
last_windows as (

    select
        instansi_code,
        window_start,
        window_end,
        window_words
    from windows
    qualify {{ is_latest_window() }}

),

rejected as (

    select
        answers.instansi_code,
        answers.bundle,
        {{ local_day('answers.received_at', 'settings.time_zone') }} as received_on,
        array_to_string(answers.reasons, '; ') as reasons,
        last_windows.window_start,
        last_windows.window_end,
        last_windows.window_words,
        (
            select min(later.version)
            from answers as later
            where
                answers.instansi_code = later.instansi_code
                and answers.period = later.period
                and answers.version < later.version
                and later.status = 'accepted'
        ) as accepted_version
    from answers
    cross join settings
    inner join last_windows on answers.instansi_code = last_windows.instansi_code
    where answers.status = 'rejected'

)

{{ finding_rows(
    'missing_source',
    of='owed',
    opd='opd_code',
    key='source_code',
    subject='source_code',
    size='sources_overdue',
    parts={
        'received': number_text('sources_received'),
        'expected': number_text('sources_expected'),
        'days': "coalesce('; lognya tidak ada untuk tanggal ' || days, '')",
    },
    evidence="
        case
            when days is null
                then 'fct_completeness: opd_code = ' || opd_code || ', kind = ' || split_part(source_code, ':', 1)
            else 'fct_missing_log_days: log_format = ' || split_part(source_code, ':', 2)
        end",
) }}
union all
{{ finding_rows(
    'complaint_unanswered',
    of='unanswered',
    opd='opd_code',
    key='opd_code',
    subject='opd_code',
    size='complaints',
    parts={
        'complaints': number_text('complaints'),
        'sla_hours': number_text('sla_hours'),
        'oldest': day_words('oldest_on'),
    },
    evidence="'fct_indicator_values: measure_id = I22, unit_code = ' || opd_code",
) }}
union all
{{ finding_rows(
    'bundle_rejected',
    of='rejected',
    key='bundle',
    subject='bundle',
    parts={
        'day': day_words('received_on'),
        'reasons': "case when reasons = '' then ', tanpa alasan' else ': ' || reasons end",
        'healed': "coalesce('; versi ' || accepted_version || ' diterima', '')",
    },
    evidence="'outbox/receipts: bundle = ' || bundle",
) }}
union all
{{ finding_rows(
    'website_stale',
    of='stale_sites',
    opd='opd_code',
    key='url_key',
    subject='url_key',
    size='coalesce(' ~ days_between('changed_on', 'checked_on') ~ ', 0)',
    parts={
        'state': "
            case
                when not is_reachable then 'tidak dapat dibuka pada pemeriksaan terakhir'
                when changed_on is null then 'tidak menunjukkan tanggal isi maupun perubahan'
                else 'terakhir berubah ' || " ~ day_words('changed_on') ~ "
            end",
    },
    evidence="'fct_intake_files: kind = website_check; url ' || url",
) }}

with settings as (

    select
        as_of,
        time_zone
    from {{ source('raw', 'run_settings') }}

),

files as (

    select
        received.instansi_code,
        coalesce(addressed.answer_opd_code, received.opd_code) as opd_code,
        received.kind,
        date_trunc('month', {{ local_day('received.received_at', 'settings.time_zone') }}) as window_start,
        received.status,
        received.rows_received,
        received.rows_loaded,
        received.is_correction,
        -- A file that came again whole, or a correction of its rows, is no first try.
        not received.is_correction and row_number() over (
            partition by
                received.instansi_code, received.opd_code, received.kind, received.period, received.file_name
            order by received.is_correction, received.received_at, received.file_sha256
        ) = 1 as is_first
    from {{ source('raw', 'intake_files') }} as received
    cross join settings
    left join {{ ref('int_files__addressed') }} as addressed
        on received.file_name = addressed.file_name and received.file_id = addressed.file_id
    where
        received.status not in ('duplicate', 'waiting')
        and received.is_own

),

sent as (

    select
        instansi_code,
        opd_code,
        kind,
        window_start,
        count(*) filter (where not is_correction) as files_received,
        count(*) filter (where status = 'rejected') as files_rejected,
        count(*) filter (where is_correction) as corrections_received,
        sum(case when is_first then rows_received else 0 end) as rows_first_sent,
        sum(case when is_first then rows_loaded else 0 end) as rows_first_passed
    from files
    group by
        instansi_code,
        opd_code,
        kind,
        window_start

),

-- A refused correction goes on with the row it mends: one row to be mended, open since it was first refused.
refused as (

    select
        items.instansi_code,
        items.answer_opd_code as opd_code,
        items.kind,
        items.opened_on,
        items.received_on,
        items.closed_on,
        date_trunc('month', items.received_on) as first_month,
        date_trunc('month', coalesce(items.closed_on, greatest(settings.as_of, items.received_on)))
            as last_month,
        settings.as_of
    from {{ ref('int_refused_rows__addressed') }} as items
    cross join settings

),

months as (

    select
        *,
        {{ unnest_months('first_month', 'last_month') }} as window_start
    from refused

),

-- What is open on the last day of a month, or on the last complete day of the running one.
dated as (

    select
        *,
        window_start = last_month and closed_on is not null as is_closed_now,
        closed_on is null or closed_on > last_day(window_start) as is_open_then,
        greatest(least(last_day(window_start), as_of), received_on) as counted_on
    from months

),

waited as (

    select
        *,
        {{ days_between('opened_on', 'counted_on') }} as days_open,
        {{ days_between('opened_on', 'closed_on') }} as days_to_close
    from dated

),

mended as (

    select
        instansi_code,
        opd_code,
        kind,
        window_start,
        count(*) filter (where window_start = first_month) as rows_refused,
        count(*) filter (where is_closed_now) as rows_closed,
        count(*) filter (where is_open_then) as rows_open,
        max(days_open) filter (where is_open_then) as days_open_longest,
        sum(days_open) filter (where is_open_then) as days_open_total,
        sum(days_to_close) filter (where is_closed_now) as days_to_close_total
    from waited
    group by
        instansi_code,
        opd_code,
        kind,
        window_start

),

broken as (

    select
        instansi_code,
        answer_opd_code as opd_code,
        kind,
        received_on,
        {{ unnest_list('rules') }} as rule_id
    from {{ ref('int_refused_rows__addressed') }}

),

firsts as (

    select
        *,
        min(received_on) over (partition by instansi_code, opd_code, kind, rule_id) as first_broken_on
    from broken

),

repeated as (

    select
        instansi_code,
        opd_code,
        kind,
        date_trunc('month', received_on) as window_start,
        count(distinct rule_id) as rules_broken,
        count(distinct case when received_on > first_broken_on then rule_id end) as rules_repeated
    from firsts
    group by
        instansi_code,
        opd_code,
        kind,
        date_trunc('month', received_on)

),

owed as (

    select
        instansi_code,
        opd_code,
        split_part(source_code, ':', 1) as kind,
        window_start,
        sum(sources_expected) as sources_expected,
        sum(sources_received) as sources_received
    from {{ ref('int_sources__counted') }}
    where window_kind = 'month'
    group by
        instansi_code,
        opd_code,
        split_part(source_code, ':', 1),
        window_start

),

late as (

    select
        instansi_code,
        opd_code,
        kind,
        date_trunc('month', received_on) as window_start,
        count(*) filter (where days_late > 0) as files_late,
        max(days_late) as days_late_longest
    from {{ ref('int_deliveries__timed') }}
    group by
        instansi_code,
        opd_code,
        kind,
        date_trunc('month', received_on)

),

keys as (

    {% for part in ['sent', 'mended', 'owed'] %}
    select
        instansi_code,
        opd_code,
        kind,
        window_start
    from {{ part }}
    {{ 'union' if not loop.last }}
    {% endfor %}

)

select
    keys.instansi_code,
    keys.opd_code,
    keys.kind,
    cast(keys.window_start as date) as window_start,
    last_day(keys.window_start) as window_end,
    coalesce(sent.files_received, 0) as files_received,
    coalesce(sent.files_rejected, 0) as files_rejected,
    coalesce(sent.corrections_received, 0) as corrections_received,
    cast(coalesce(sent.rows_first_sent, 0) as bigint) as rows_first_sent,
    cast(coalesce(sent.rows_first_passed, 0) as bigint) as rows_first_passed,
    cast(sent.rows_first_passed as double) / nullif(sent.rows_first_sent, 0) as first_pass_rate,
    coalesce(mended.rows_refused, 0) as rows_refused,
    coalesce(mended.rows_closed, 0) as rows_closed,
    coalesce(mended.rows_open, 0) as rows_open,
    mended.days_open_longest,
    cast(mended.days_open_total as double) / nullif(mended.rows_open, 0) as days_open_mean,
    cast(mended.days_to_close_total as double) / nullif(mended.rows_closed, 0) as days_to_close_mean,
    coalesce(repeated.rules_broken, 0) as rules_broken,
    coalesce(repeated.rules_repeated, 0) as rules_repeated,
    cast(owed.sources_expected as bigint) as sources_expected,
    cast(owed.sources_received as bigint) as sources_received,
    cast(owed.sources_expected - owed.sources_received as bigint) as sources_missing,
    late.files_late,
    late.days_late_longest
from keys
{% for part in ['sent', 'mended', 'repeated', 'owed', 'late'] %}
left join {{ part }}
    on
        keys.instansi_code = {{ part }}.instansi_code
        and keys.opd_code = {{ part }}.opd_code
        and keys.kind = {{ part }}.kind
        and keys.window_start = {{ part }}.window_start
{% endfor %}

with checks as (

    select
        windows.instansi_code,
        windows.window_kind,
        windows.window_start,
        windows.window_end,
        checks.url_key,
        checks.url,
        checks.opd_code,
        checks.checked_on,
        checks.checked_at,
        checks.is_reachable,
        checks.last_content_date,
        checks.content_sha256,
        lag(checks.content_sha256) over (
            partition by windows.instansi_code, windows.window_kind, windows.window_start, checks.url_key
            order by checks.checked_at
        ) as content_before
    from {{ ref('int_windows__listed') }} as windows
    inner join {{ ref('stg_website_check__checks') }} as checks
        on
            windows.instansi_code = checks.instansi_code
            and {{ day_plus('windows.window_start', -30) }} <= checks.checked_on
            and windows.window_end >= checks.checked_on

),

latest as (

    select * from checks
    where checked_on >= window_start
    qualify row_number() over (
        partition by instansi_code, window_kind, window_start, url_key
        order by checked_at desc
    ) = 1

),

changed as (

    select
        latest.instansi_code,
        latest.window_kind,
        latest.window_start,
        latest.url_key,
        max(checks.checked_on) as changed_on
    from latest
    inner join checks
        on
            {{ same_window('latest', 'checks') }}
            and latest.url_key = checks.url_key
    where
        checks.content_before is not null
        and checks.content_sha256 <> checks.content_before
    group by all

)

select
    latest.instansi_code,
    latest.window_kind,
    latest.window_start,
    latest.window_end,
    latest.url_key,
    latest.url,
    latest.opd_code,
    latest.checked_on,
    latest.is_reachable,
    greatest(latest.last_content_date, changed.changed_on) as changed_on,
    latest.is_reachable
    and coalesce(
        greatest(latest.last_content_date, changed.changed_on)
        >= {{ day_plus('latest.checked_on', -30) }},
        false
    ) as is_fresh
from latest
left join changed
    on
        {{ same_window('latest', 'changed') }}
        and latest.url_key = changed.url_key

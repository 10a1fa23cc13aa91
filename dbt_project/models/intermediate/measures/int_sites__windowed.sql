with rule as (

    select {{ rule_parameter('I23', 'changed_within', 'integer') }} as changed_within

),

-- A check that failed saw nothing: neither a change nor that there was none.
seen as (

    select
        *,
        lag(content_sha256) over (
            partition by instansi_code, url_key
            order by checked_at
        ) as content_before
    from {{ ref('stg_website_check__checks') }}
    where is_reachable

),

latest as (

    select
        windows.window_kind,
        windows.window_start,
        windows.window_end,
        checks.*
    from {{ ref('int_windows__listed') }} as windows
    inner join {{ ref('stg_website_check__checks') }} as checks
        on
            windows.instansi_code = checks.instansi_code
            and checks.checked_on between windows.window_start and windows.measured_to
    qualify row_number() over (
        partition by windows.instansi_code, windows.window_kind, windows.window_start, checks.url_key
        order by checks.checked_at desc
    ) = 1

),

-- What the site showed up to its last check, in whichever window it was seen.
changed as (

    select
        latest.instansi_code,
        latest.window_kind,
        latest.window_start,
        latest.url_key,
        max(seen.last_content_date) as last_content_date,
        max(seen.checked_on) filter (
            where seen.content_before is not null and seen.content_sha256 <> seen.content_before
        ) as changed_on
    from latest
    inner join seen
        on
            latest.instansi_code = seen.instansi_code
            and latest.url_key = seen.url_key
            and latest.checked_at >= seen.checked_at
    group by all

),

dated as (

    select
        latest.*,
        greatest(changed.last_content_date, changed.changed_on) as newest_on
    from latest
    left join changed
        on
            {{ same_window('latest', 'changed') }}
            and latest.url_key = changed.url_key

)

select
    instansi_code,
    window_kind,
    window_start,
    window_end,
    url_key,
    url,
    opd_code,
    checked_on,
    is_reachable,
    newest_on as changed_on,
    is_reachable
    and coalesce({{ days_between('newest_on', 'checked_on') }} <= rule.changed_within, false) as is_fresh
from dated
cross join rule

with windows as (

    select
        instansi_code,
        window_start,
        window_end,
        {{ window_text('window_start', 'window_end') }} as window_words
    from {{ ref('int_windows__listed') }}
    where window_kind = 'month'

),

known_opds as (

    select
        instansi_code,
        opd_code
    from {{ ref('int_opd__resolved') }}

),

failing as (

    select
        instansi_code,
        day,
        log_format,
        provider_opd,
        provider_system,
        service,
        count(*) as hours,
        sum(calls) as calls,
        sum(calls - succeeded) as failed
    from {{ ref('int_calls__hourly') }}
    -- A web log is no gateway: a page that is not there is no service that fails.
    where
        10 * (calls - succeeded) > 9 * calls
        and log_format <> 'combined'
    group by instansi_code, day, log_format, provider_opd, provider_system, service

),

odd as (

    select
        instansi_code,
        day,
        log_format,
        provider_opd,
        provider_system,
        service,
        sum(reused_ids) as reused_ids,
        sum(skewed_calls) as skewed_calls,
        sum(calls) as calls
    from {{ ref('int_calls__classified') }}
    where reused_ids > 0 or skewed_calls > 0
    group by instansi_code, day, log_format, provider_opd, provider_system, service

),

checks as (

    select
        'service_failing' as rule_id,
        instansi_code,
        day,
        log_format,
        provider_opd,
        provider_system,
        service,
        hours as a,
        failed as b,
        calls as c
    from failing
    union all
    select
        'request_id_reused' as rule_id,
        instansi_code,
        day,
        log_format,
        provider_opd,
        provider_system,
        service,
        reused_ids as a,
        1 as b,
        calls as c
    from odd
    where reused_ids > 0
    union all
    select
        'clock_skewed' as rule_id,
        instansi_code,
        day,
        log_format,
        provider_opd,
        provider_system,
        service,
        skewed_calls as a,
        1 as b,
        calls as c
    from odd
    where skewed_calls > 0

),

windowed as (

    select
        checks.rule_id,
        checks.instansi_code,
        windows.window_start,
        windows.window_end,
        windows.window_words,
        checks.log_format,
        checks.provider_opd,
        checks.provider_system,
        checks.service,
        sum(checks.a) as a,
        sum(checks.b) as b,
        sum(checks.c) as c,
        count(*) as days
    from checks
    inner join windows
        on
            checks.instansi_code = windows.instansi_code
            and checks.day between windows.window_start and windows.window_end
    group by
        checks.rule_id,
        checks.instansi_code,
        windows.window_start,
        windows.window_end,
        windows.window_words,
        checks.log_format,
        checks.provider_opd,
        checks.provider_system,
        checks.service

)

select
    windowed.rule_id,
    windowed.instansi_code,
    case when known_opds.opd_code is null then 'instansi' else 'opd' end as unit_kind,
    coalesce(known_opds.opd_code, windowed.instansi_code) as unit_code,
    {{ joined_key(':', ['windowed.log_format', 'windowed.provider_system', 'windowed.service']) }}
        as finding_key,
    windowed.window_start,
    windowed.window_end,
    windowed.window_words,
    windowed.service as subject,
    {{ number_text('windowed.a') }} as a,
    case when windowed.rule_id = 'service_failing' then {{ number_text('windowed.b') }} end as b,
    case
        when windowed.rule_id = 'service_failing' then {{ number_text('windowed.c') }}
        else windowed.provider_system
    end as c,
    {{ number_text('windowed.days') }} as d,
    cast(windowed.a as double) as size,
    'fct_calls_daily: log_format = ' || windowed.log_format
    || ', provider_system = ' || windowed.provider_system
    || ', service_code = ' || windowed.service as evidence
from windowed
left join known_opds
    on
        windowed.instansi_code = known_opds.instansi_code
        and windowed.provider_opd = known_opds.opd_code

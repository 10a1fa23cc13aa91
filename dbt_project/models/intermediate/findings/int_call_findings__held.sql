with windows as (

    {{ finding_windows() }}

),

known_opds as (

    select
        instansi_code,
        opd_code,
        is_mapped
    from {{ ref('int_opd__resolved') }}

),

-- The three checks of X-Road Metrics, a row per service and day.
failing as (

    select
        instansi_code,
        day,
        log_format,
        provider_opd,
        provider_system,
        service,
        count(*) as failing_hours,
        sum(calls) as calls_then,
        sum(calls - succeeded) as failed_then
    from {{ ref('int_calls__hourly') }}
    -- A web log is no gateway: a page that is not there is no service that fails.
    where
        calls - succeeded > {{ rule_parameter('service_failing', 'failed_share') }} * calls
        and log_format <> 'combined'
    group by instansi_code, day, log_format, provider_opd, provider_system, service
    -- A call that fails alone in its hour is no hour in which a service failed.
    having sum(calls) >= {{ rule_parameter('service_failing', 'least_calls', 'bigint') }}

),

odd as (

    select
        instansi_code,
        day,
        log_format,
        provider_opd,
        provider_system,
        service,
        sum(filed.reused_ids) as reused_ids,
        sum(filed.skewed_calls) as skewed_calls
    from (
        select
            instansi_code,
            day,
            log_format,
            provider_opd,
            provider_system,
            service,
            {{ unnest_list('filed') }} as filed
        from {{ ref('int_calls__classified') }}
    ) as calls
    where filed.reused_ids > 0 or filed.skewed_calls > 0
    group by instansi_code, day, log_format, provider_opd, provider_system, service

),

checked as (

    select * from failing
    full outer join odd using (instansi_code, day, log_format, provider_opd, provider_system, service)

),

services as (

    select
        checked.instansi_code,
        known_opds.opd_code,
        windows.window_start,
        windows.window_end,
        windows.window_words,
        checked.log_format,
        checked.provider_system,
        checked.service,
        sum(checked.failing_hours) as failing_hours,
        sum(checked.calls_then) as calls_then,
        sum(checked.failed_then) as failed_then,
        count(checked.failing_hours) as failing_days,
        sum(checked.reused_ids) as reused_ids,
        count(*) filter (where checked.reused_ids > 0) as reused_days,
        sum(checked.skewed_calls) as skewed_calls,
        count(*) filter (where checked.skewed_calls > 0) as skewed_days
    from checked
    inner join windows
        on
            checked.instansi_code = windows.instansi_code
            and checked.day between windows.window_start and windows.measured_to
    left join known_opds
        on
            checked.instansi_code = known_opds.instansi_code
            and checked.provider_opd = known_opds.opd_code
    where windows.window_kind = 'month'
    group by
        checked.instansi_code,
        checked.provider_opd,
        known_opds.opd_code,
        windows.window_start,
        windows.window_end,
        windows.window_words,
        checked.log_format,
        checked.provider_system,
        checked.service

),

identities as (

    select
        instansi_code,
        window_kind,
        window_start,
        log_format,
        'consumer' as role,
        consumer_opd as opd_code,
        consumer_system as identity,
        calls
    from {{ ref('int_calls__windowed') }}
    where consumer_opd is not null
    union all
    select
        instansi_code,
        window_kind,
        window_start,
        log_format,
        'provider' as role,
        provider_opd as opd_code,
        provider_system as identity,
        calls
    from {{ ref('int_calls__windowed') }}

),

unmapped as (

    select
        identities.instansi_code,
        identities.window_kind,
        identities.window_start,
        identities.log_format,
        identities.role,
        coalesce(identities.identity, identities.opd_code) as identity,
        sum(identities.calls) as calls
    from identities
    left join known_opds
        on
            identities.instansi_code = known_opds.instansi_code
            and identities.opd_code = known_opds.opd_code
            and known_opds.is_mapped
    where known_opds.opd_code is null and identities.opd_code not like 'EXT:%'
    group by all

),

unmapped_roles as (

    select
        unmapped.instansi_code,
        unmapped.log_format,
        unmapped.role,
        windows.window_start,
        windows.window_end,
        windows.window_words,
        count(*) as identities,
        sum(unmapped.calls) as calls,
        -- The name decides between equals, so that a rebuild tells the same.
        min_by(unmapped.identity, (-unmapped.calls, unmapped.identity)) as most_called
    from unmapped
    inner join windows on {{ same_window('unmapped', 'windows') }}
    group by
        unmapped.instansi_code,
        unmapped.log_format,
        unmapped.role,
        windows.window_start,
        windows.window_end,
        windows.window_words

)

{% set service_key = joined_key(':', ['log_format', 'provider_system', 'service']) %}
{% set service_evidence %}
'fct_calls_daily: log_format = ' || log_format || ', provider_system = ' || provider_system
    || ', service_code = ' || service
{%- endset %}
{{ finding_rows(
    'service_failing',
    of='services',
    where='failing_hours > 0',
    opd='opd_code',
    key=service_key,
    system='provider_system',
    service='service',
    subject='service',
    size='failing_hours',
    parts={
        'failed_share': rule_parameter_words('service_failing', 'failed_share'),
        'hours': number_text('failing_hours'),
        'days': number_text('failing_days'),
        'failed': number_text('failed_then'),
        'calls': number_text('calls_then'),
    },
    evidence=service_evidence,
) }}
union all
{{ finding_rows(
    'request_id_reused',
    of='services',
    where='reused_ids > 0',
    opd='opd_code',
    key=service_key,
    system='provider_system',
    service='service',
    subject='service',
    size='reused_ids',
    parts={
        'calls': number_text('reused_ids'),
        'system': 'provider_system',
        'days': number_text('reused_days'),
    },
    evidence=service_evidence,
) }}
union all
{{ finding_rows(
    'clock_skewed',
    of='services',
    where='skewed_calls > 0',
    opd='opd_code',
    key=service_key,
    system='provider_system',
    service='service',
    subject='service',
    size='skewed_calls',
    parts={
        'calls': number_text('skewed_calls'),
        'system': 'provider_system',
        'days': number_text('skewed_days'),
    },
    evidence=service_evidence,
) }}
union all
{{ finding_rows(
    'unmapped_identity',
    of='unmapped_roles',
    key="log_format || ':' || role",
    subject='log_format',
    size='calls',
    parts={
        'identities': number_text('identities'),
        'role': "case role when 'consumer' then 'pengguna' else 'penyedia' end",
        'calls': number_text('calls'),
        'most_called': 'most_called',
    },
    evidence="'fct_calls_daily: log_format = ' || log_format || ', not is_mapped'",
) }}

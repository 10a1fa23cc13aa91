with files as (

    select * from {{ source('raw', 'intake_files') }}
    where
        kind = 'service_log'
        and lines is not null
        and status in ('loaded', 'partly', 'rejected')

),

settings as (

    select orphan_after_days from {{ source('raw', 'run_settings') }}

),

calls as (

    select
        instansi_code,
        log_format,
        day,
        is_meta,
        is_monitoring,
        is_self,
        is_mapped,
        is_business,
        {{ unnest_list('filed') }} as filed
    from {{ ref('int_calls__classified') }}

),

newest as (

    select
        instansi_code,
        log_format,
        max(day) as newest_day
    from calls
    group by instansi_code, log_format

),

judged as (

    select
        calls.*,
        calls.filed.sides in ('client', 'producer')
        and calls.filed.has_own_id
        and {{ days_between('calls.day', 'newest.newest_day') }} > settings.orphan_after_days as is_orphan
    from calls
    inner join newest
        on
            calls.instansi_code = newest.instansi_code
            and calls.log_format = newest.log_format
    cross join settings

),

by_owner as (

    select
        filed.file_id,
        sum(filed.calls) as calls,
        sum(filed.calls) filter (where filed.sides = 'both') as pairs,
        sum(filed.calls) filter (where filed.partner_instansi_code is not null) as pairs_with_others,
        sum(filed.calls) filter (where filed.is_counted_elsewhere) as calls_counted_elsewhere,
        sum(filed.calls) filter (where not filed.has_own_id and filed.sides <> 'gateway') as calls_without_id,
        sum(filed.calls) filter (where filed.is_paired_by_message) as pairs_by_message,
        sum(filed.reused_ids) as reused_ids,
        sum(filed.skewed_calls) as skewed_calls,
        sum(filed.odd_durations) as odd_durations,
        sum(filed.calls) filter (where is_orphan) as orphans,
        sum(filed.calls) filter (where is_meta) as metaservice_calls,
        sum(filed.calls) filter (where is_monitoring) as monitoring_calls,
        sum(filed.calls) filter (where is_self) as self_calls,
        sum(filed.calls) filter (where is_business) as business_calls,
        sum(filed.calls) filter (where is_business and not is_mapped) as unmapped_calls
    from judged
    group by filed.file_id

),

-- Records that became a side of a call; the others of a file are exact copies. A side that another instansi's
-- log lends is one of that instansi's own call.
used as (

    select
        file_id,
        sum(calls) as records
    from (
        select
            filed.file_id,
            filed.calls
        from calls
        union all
        select
            filed.partner_file_id as file_id,
            filed.calls
        from calls
        where filed.partner_file_id is not null and filed.partner_instansi_code is null
    ) as sides
    group by file_id

)

select
    files.instansi_code,
    files.log_format,
    files.file_name,
    files.file_sha256,
    files.received_at,
    files.lines,
    files.records,
    files.bad_lines,
    files.blank_lines,
    -- One id on three days is paired anew on each, and one of its records may then count on two of them.
    greatest(files.records - cast(coalesce(used.records, 0) as bigint), 0) as duplicates,
    cast(coalesce(by_owner.orphans, 0) as bigint) as orphans,
    cast(coalesce(by_owner.metaservice_calls, 0) as bigint) as metaservice_calls,
    cast(coalesce(by_owner.monitoring_calls, 0) as bigint) as monitoring_calls,
    cast(coalesce(by_owner.self_calls, 0) as bigint) as self_calls,
    cast(coalesce(by_owner.calls, 0) as bigint) as calls,
    cast(coalesce(by_owner.pairs, 0) as bigint) as pairs,
    cast(coalesce(by_owner.pairs_with_others, 0) as bigint) as pairs_with_others,
    cast(coalesce(by_owner.calls_counted_elsewhere, 0) as bigint) as calls_counted_elsewhere,
    cast(coalesce(by_owner.business_calls, 0) as bigint) as business_calls,
    cast(coalesce(by_owner.unmapped_calls, 0) as bigint) as unmapped_calls,
    cast(coalesce(by_owner.calls_without_id, 0) as bigint) as calls_without_id,
    cast(coalesce(by_owner.pairs_by_message, 0) as bigint) as pairs_by_message,
    cast(coalesce(by_owner.reused_ids, 0) as bigint) as reused_ids,
    cast(coalesce(by_owner.skewed_calls, 0) as bigint) as skewed_calls,
    cast(coalesce(by_owner.odd_durations, 0) as bigint) as odd_durations
from files
left join by_owner on files.file_id = by_owner.file_id
left join used on files.file_id = used.file_id

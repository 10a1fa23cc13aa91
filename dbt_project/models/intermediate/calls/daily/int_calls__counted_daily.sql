{#- Names are numbers until the end, where they are put back. -#}
{%- set is_told = "duration_ms between 0 and " ~ var('longest_duration_ms') -%}
{%- set records = ref('stg_service_log__records') %}
-- depends_on: {{ ref('int_calls__instansi_days') }}
-- depends_on: {{ ref('int_calls__shared_files') }}
with calls as (

    {{ paired_calls(records) }}

),

-- The one pass over single calls: durations and hours go as lists to the two counts below.
by_file as materialized (

    select
        day,
        route_key,
        file_number,
        partner_file_number,
        sides,
        is_counted_elsewhere,
        has_own_id,
        is_paired_by_message,
        succeeded,
        count(*) as calls,
        sum(request_bytes) as request_bytes,
        sum(response_bytes) as response_bytes,
        count(*) filter (where has_login) as login_calls,
        count(*) filter (where is_reused_id) as reused_ids,
        count(*) filter (where is_skewed) as skewed_calls,
        count(*) filter (where not ({{ is_told }})) as odd_durations,
        -- The cast runs on every row, also on those that the filter leaves out.
        list(try_cast(duration_ms as integer)) filter (where {{ is_told }}) as durations,
        list(cast(hour as utinyint)) as hours
    from calls
    group by
        day,
        route_key,
        file_number,
        partner_file_number,
        sides,
        is_counted_elsewhere,
        has_own_id,
        is_paired_by_message,
        succeeded

),

durations as (

    select
        route_key,
        list_sort(list(struct_pack(duration_ms := duration_ms, calls := calls))) as durations
    from (
        select
            route_key,
            {{ counted_duration('duration_ms') }} as duration_ms,
            count(*) as calls
        from (
            select
                route_key,
                unnest(durations) as duration_ms
            from by_file
        ) as single_durations
        group by all
    ) as duration_counts
    group by route_key

),

hours as (

    select
        route_key,
        list_sort(list(struct_pack(hour := hour, calls := calls, succeeded := succeeded))) as hours
    from (
        select
            route_key,
            hour,
            count(*) as calls,
            count(*) filter (where succeeded) as succeeded
        from (
            select
                route_key,
                succeeded,
                unnest(hours) as hour
            from by_file
        ) as single_hours
        group by route_key, hour
    ) as hour_counts
    group by route_key

),

routes as (

    select
        {{ route_key() }} as route_key,
        any_value(instansi_code) as instansi_code,
        any_value(log_format) as log_format,
        any_value(consumer_identity) as consumer_identity,
        any_value(provider_identity) as provider_identity,
        any_value(service_code) as service_code,
        any_value(agent) as agent
    from {{ records_of_days(records) }} as records
    group by {{ route_key() }}

),

files as (

    select
        *,
        {{ file_number('file_id') }} as file_number
    from (
        select distinct
            file_id,
            instansi_code
        from {{ records_of_days(records, beside=true, joint=true) }} as records
    ) as files_of_days

),

-- What the account of a file asks, of all outcomes together.
filed as (

    select
        by_file.route_key,
        files.file_id,
        partner_files.file_id as partner_file_id,
        nullif(partner_files.instansi_code, files.instansi_code) as partner_instansi_code,
        by_file.sides,
        by_file.is_counted_elsewhere,
        by_file.has_own_id,
        by_file.is_paired_by_message,
        cast(sum(by_file.calls) as bigint) as calls,
        cast(coalesce(sum(by_file.calls) filter (where by_file.succeeded), 0) as bigint) as succeeded,
        cast(sum(by_file.reused_ids) as bigint) as reused_ids,
        cast(sum(by_file.skewed_calls) as bigint) as skewed_calls,
        cast(sum(by_file.odd_durations) as bigint) as odd_durations
    from by_file
    inner join files on by_file.file_number = files.file_number
    left join files as partner_files on by_file.partner_file_number = partner_files.file_number
    group by all

),

files_of_routes as (

    select
        route_key,
        list_sort(list(filed)) as filed
    from (
        select
            route_key,
            struct_pack(
                file_id := file_id,
                partner_file_id := partner_file_id,
                partner_instansi_code := partner_instansi_code,
                sides := sides,
                is_counted_elsewhere := is_counted_elsewhere,
                has_own_id := has_own_id,
                is_paired_by_message := is_paired_by_message,
                calls := calls,
                succeeded := succeeded,
                reused_ids := reused_ids,
                skewed_calls := skewed_calls,
                odd_durations := odd_durations
            ) as filed
        from filed
    ) as packed
    group by route_key

),

totals as (

    select
        day,
        route_key,
        cast(sum(calls) as bigint) as calls,
        cast(coalesce(sum(calls) filter (where succeeded), 0) as bigint) as succeeded,
        {{ bigint_within('sum(request_bytes)') }} as request_bytes,
        {{ bigint_within('sum(response_bytes)') }} as response_bytes,
        cast(sum(login_calls) as bigint) as login_calls,
        cast(coalesce(sum(calls) filter (where is_counted_elsewhere), 0) as bigint) as calls_counted_elsewhere
    from by_file
    group by day, route_key

),

named as materialized (

    select
        totals.day,
        routes.instansi_code,
        routes.log_format,
        routes.consumer_identity,
        routes.provider_identity,
        routes.service_code,
        routes.agent,
        totals.calls,
        totals.succeeded,
        totals.request_bytes,
        totals.response_bytes,
        totals.login_calls,
        totals.calls_counted_elsewhere,
        durations.durations,
        hours.hours,
        files_of_routes.filed
    from totals
    inner join routes on totals.route_key = routes.route_key
    inner join files_of_routes on totals.route_key = files_of_routes.route_key
    inner join hours on totals.route_key = hours.route_key
    left join durations on totals.route_key = durations.route_key

),

-- The same records give the same number, whatever was computed when: later models build anew only what has
-- another number.
content as (

    select
        day,
        instansi_code,
        bit_xor(hash(named)) as calls_version
    from named
    group by day, instansi_code

)

select
    named.day,
    named.instansi_code,
    named.log_format,
    named.consumer_identity,
    named.provider_identity,
    named.service_code,
    named.agent,
    named.calls,
    named.succeeded,
    named.request_bytes,
    named.response_bytes,
    named.login_calls,
    named.calls_counted_elsewhere,
    named.durations,
    named.hours,
    named.filed,
    content.calls_version,
    instansi_days.day_version
from named
inner join content on named.day = content.day and named.instansi_code = content.instansi_code
inner join {{ ref('int_calls__instansi_days') }} as instansi_days
    on named.day = instansi_days.day and named.instansi_code = instansi_days.instansi_code

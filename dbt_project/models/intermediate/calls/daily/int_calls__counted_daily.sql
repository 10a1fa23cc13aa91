{#- Names are 64-bit keys until the end, where they are put back. -#}
{%- set is_told = "duration_ms between 0 and " ~ var('longest_duration_ms') -%}
{%- set records = ref('stg_service_log__records') %}
-- depends_on: {{ ref('int_calls__lake_days') }}
-- depends_on: {{ source('raw', 'pending_days') }}
with calls as (

    {{ paired_calls(records) }}

),

counted as (

    select
        day,
        route_key,
        file_key,
        partner_file_key,
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
        file_key,
        partner_file_key,
        sides,
        is_counted_elsewhere,
        has_own_id,
        is_paired_by_message,
        succeeded

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

    select distinct
        file_id,
        instansi_code,
        {{ hashed(['file_id']) }} as file_key
    from {{ records_of_days(records, beside=true) }} as records

),

named as materialized (

    select
        counted.day,
        routes.instansi_code,
        routes.log_format,
        files.file_id,
        partner_files.file_id as partner_file_id,
        nullif(partner_files.instansi_code, routes.instansi_code) as partner_instansi_code,
        routes.consumer_identity,
        routes.provider_identity,
        routes.service_code,
        routes.agent,
        counted.sides,
        counted.is_counted_elsewhere,
        counted.has_own_id,
        counted.is_paired_by_message,
        counted.succeeded,
        counted.calls,
        {{ bigint_within('counted.request_bytes') }} as request_bytes,
        {{ bigint_within('counted.response_bytes') }} as response_bytes,
        counted.login_calls,
        counted.reused_ids,
        counted.skewed_calls,
        counted.odd_durations,
        list_sort(counted.durations) as durations,
        list_sort(counted.hours) as hours
    from counted
    inner join routes on counted.route_key = routes.route_key
    inner join files on counted.file_key = files.file_key
    left join files as partner_files on counted.partner_file_key = partner_files.file_key

),

-- The same records give the same number, whatever was computed when: later models build anew only days
-- whose number changed.
content as (

    select
        day,
        bit_xor(hash(named)) as calls_version
    from named
    group by day

)

select
    named.day,
    named.instansi_code,
    named.log_format,
    named.file_id,
    named.partner_file_id,
    named.partner_instansi_code,
    named.consumer_identity,
    named.provider_identity,
    named.service_code,
    named.agent,
    named.sides,
    named.is_counted_elsewhere,
    named.has_own_id,
    named.is_paired_by_message,
    named.succeeded,
    named.calls,
    named.request_bytes,
    named.response_bytes,
    named.login_calls,
    named.reused_ids,
    named.skewed_calls,
    named.odd_durations,
    named.durations,
    named.hours,
    content.calls_version,
    lake_days.day_version
from named
inner join content on named.day = content.day
inner join {{ ref('int_calls__lake_days') }} as lake_days on named.day = lake_days.day

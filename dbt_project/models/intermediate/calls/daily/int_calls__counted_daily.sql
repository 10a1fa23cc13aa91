{#- Sides of one call may stand on both sides of midnight: records are read from the day before to the day
    after, so dbt's own filter is switched off (`.render()`). Names are carried as 64-bit keys, which makes the
    aggregate over all ids of a day small; they are put back at the end. -#}
{%- set records = ref('stg_service_log__records').render() -%}
{%- set id_key = hashed(['instansi_code', 'log_format', 'record_id']) -%}
{%- set message_key = hashed(
    ['instansi_code', 'log_format', 'message_id', 'consumer_identity', 'provider_identity', 'service_code']
) -%}
{%- set route_key = hashed(
    ['instansi_code', 'log_format', 'consumer_identity', 'provider_identity', 'service_code', 'agent']
) -%}
{%- set side_columns -%}
{{ id_key }} as id_key,
        {{ message_key }} as message_key,
        {{ route_key }} as route_key,
        {{ hashed(['file_id']) }} as file_key,
        has_own_id,
        message_id is not null as has_message,
        side is not null as has_sides,
        coalesce(side = 'producer', false) as is_producer,
        day,
        hour,
        started_at,
        duration_ms,
        forward_ms,
        backend_ms,
        succeeded,
        user_pseudo is not null as has_login,
        request_bytes,
        response_bytes,
        record_hash
{%- endset -%}
{#- The two sides of one group; copies in a group are equal in all but their file. -#}
{%- set of_client = "filter (where not is_producer)" -%}
{%- set of_producer = "filter (where is_producer)" -%}
{%- set two_sides -%}
min(record_hash) {{ of_client }} as client_hash,
        max(record_hash) {{ of_client }} as other_client_hash,
        min(record_hash) {{ of_producer }} as producer_hash,
        max(record_hash) {{ of_producer }} as other_producer_hash,
        min(file_key) {{ of_client }} as client_file,
        min(file_key) {{ of_producer }} as producer_file,
        min(route_key) {{ of_client }} as client_route,
        min(route_key) {{ of_producer }} as producer_route,
        min(day) {{ of_client }} as client_day,
        min(day) {{ of_producer }} as producer_day,
        min(hour) {{ of_client }} as client_hour,
        min(hour) {{ of_producer }} as producer_hour,
        min(started_at) {{ of_client }} as client_started_at,
        min(started_at) {{ of_producer }} as producer_started_at,
        min(duration_ms) {{ of_client }} as client_ms,
        min(duration_ms) {{ of_producer }} as producer_ms,
        min(forward_ms) {{ of_client }} as client_forward_ms,
        min(backend_ms) {{ of_client }} as client_backend_ms,
        bool_and(succeeded) {{ of_client }} as client_succeeded,
        bool_and(succeeded) {{ of_producer }} as producer_succeeded,
        bool_or(has_login) as has_login,
        min(request_bytes) {{ of_client }} as client_request_bytes,
        min(request_bytes) {{ of_producer }} as producer_request_bytes,
        min(response_bytes) {{ of_client }} as client_response_bytes,
        min(response_bytes) {{ of_producer }} as producer_response_bytes,
        bool_or(has_sides) as has_sides,
        bool_or(has_own_id) as has_own_id
{%- endset -%}
with repeated_ids as materialized (

    select {{ id_key }} as id_key
    from {{ records }}
    where day = {{ batch_day() }} and side is null and has_own_id
    group by id_key
    having count(*) > 1

),

-- Sides to pair, and records of other gateways that may be copies; what is neither needs no memory.
today as (

    select {{ side_columns }}
    from {{ records }}
    where
        day = {{ batch_day() }}
        and (
            side is not null
            or has_own_id and {{ id_key }} in (select repeated_ids.id_key from repeated_ids)
        )

),

-- Of the neighbouring days only records that may belong to a call of today.
near as (

    select {{ side_columns }}
    from {{ records }}
    where
        day in ({{ batch_day(-1) }}, {{ batch_day(1) }})
        and side is not null
        and (
            {{ id_key }} in (
                select today.id_key from today
                where today.has_own_id
            )
            or {{ message_key }} in (
                select today.message_key from today
                where today.has_message and not today.has_own_id
            )
            or (
                not has_own_id
                and {{ message_key }} in (
                    select today.message_key from today
                    where today.has_message
                )
            )
        )

),

sides as (

    select * from today
    union all
    select * from near

),

without_id as (

    select distinct message_key
    from sides
    where has_message and not has_own_id

),

-- Most ids stand for one record of a side or of each: a join pairs them, and holds little in memory. These do
-- not: several records of a side, or a message that a record without an id has too.
doubtful_ids as materialized (

    select id_key
    from sides
    where has_own_id
    group by id_key
    having
        count(*) filter (where is_producer) > 1
        or count(*) filter (where not is_producer) > 1
        or bool_or(has_message and message_key in (select without_id.message_key from without_id))

),

once as not materialized (

    select * from sides
    where has_own_id and id_key not in (select doubtful_ids.id_key from doubtful_ids)

),

clients as (

    select * from once
    where not is_producer

),

producers as (

    select * from once
    where is_producer

),

clear_calls as (

    select
        false as is_reused_id,
        false as is_paired_by_message,
        client.record_hash as client_hash,
        client.record_hash as other_client_hash,
        producer.record_hash as producer_hash,
        producer.record_hash as other_producer_hash,
        client.file_key as client_file,
        producer.file_key as producer_file,
        client.route_key as client_route,
        producer.route_key as producer_route,
        client.day as client_day,
        producer.day as producer_day,
        client.hour as client_hour,
        producer.hour as producer_hour,
        client.started_at as client_started_at,
        producer.started_at as producer_started_at,
        client.duration_ms as client_ms,
        producer.duration_ms as producer_ms,
        client.forward_ms as client_forward_ms,
        client.backend_ms as client_backend_ms,
        client.succeeded as client_succeeded,
        producer.succeeded as producer_succeeded,
        coalesce(client.has_login, false) or coalesce(producer.has_login, false) as has_login,
        client.request_bytes as client_request_bytes,
        producer.request_bytes as producer_request_bytes,
        client.response_bytes as client_response_bytes,
        producer.response_bytes as producer_response_bytes,
        coalesce(client.has_sides, producer.has_sides) as has_sides,
        true as has_own_id
    from clients as client
    full join producers as producer on client.id_key = producer.id_key

),

doubtful as materialized (

    select * from sides
    where not has_own_id or id_key in (select doubtful_ids.id_key from doubtful_ids)

),

by_id as (

    select
        id_key,
        min(message_key) as message_key,
        {{ two_sides }}
    from doubtful
    where has_own_id
    group by id_key

),

-- An id that stands for several requests, or a side alone that may belong to a record without an id.
unclear_ids as (

    select
        id_key,
        client_hash < other_client_hash or producer_hash < other_producer_hash as is_reused
    from by_id
    where
        client_hash < other_client_hash
        or producer_hash < other_producer_hash
        or (
            has_sides
            and (client_hash is null or producer_hash is null)
            and message_key in (select without_id.message_key from without_id)
        )

),

unclear as (

    select
        doubtful.*,
        coalesce(unclear_ids.is_reused, false) as is_reused,
        case
            when unclear_ids.is_reused then doubtful.id_key
            when doubtful.has_message then doubtful.message_key
            -- Neither id nor message: nothing to find a partner by, but an exact copy drops.
            else cast(doubtful.record_hash as hugeint) + 18446744073709551616
        end as group_key
    from doubtful
    left join unclear_ids on doubtful.id_key = unclear_ids.id_key and doubtful.has_own_id
    where not doubtful.has_own_id or unclear_ids.id_key is not null

),

without_copies as (

    select *
    from unclear
    qualify row_number() over (
        partition by group_key, is_producer, record_hash
        order by file_key
    ) = 1

),

-- The same message more than a minute later is another call.
spaced as (

    select
        *,
        case
            when not is_reused and {{ ms_between('previous_at', 'started_at') }} > 60000 then 1
            else 0
        end as is_later
    from (
        select
            *,
            lag(started_at) over (partition by group_key order by started_at, record_hash) as previous_at
        from without_copies
    ) as ordered

),

burst as (

    select
        *,
        sum(is_later) over (
            partition by group_key order by started_at, record_hash
            rows between unbounded preceding and current row
        ) as burst_number
    from spaced

),

-- Several requests of one id or message: the first client goes with the first producer.
turns as (

    select
        *,
        row_number() over (
            partition by group_key, burst_number, is_producer
            order by started_at, record_hash
        ) as turn
    from burst

),

unclear_calls as (

    select
        turn > 1 and bool_or(is_reused) as is_reused_id,
        not bool_and(has_own_id) and count(*) = 2 as is_paired_by_message,
        {{ two_sides }}
    from turns
    group by group_key, burst_number, turn

),

two_sided as (

    select
        false as is_reused_id,
        false as is_paired_by_message,
        * exclude (id_key, message_key)
    from by_id
    where id_key not in (select unclear_ids.id_key from unclear_ids)
    union all
    select * from unclear_calls
    union all
    select * from clear_calls

),

calls as (

    select
        coalesce(client_day, producer_day) as day,
        coalesce(client_hour, producer_hour) as hour,
        coalesce(client_route, producer_route) as route_key,
        coalesce(client_file, producer_file) as file_key,
        case when client_hash is not null then producer_file end as partner_file_key,
        case
            when not has_sides then 'gateway'
            when producer_hash is null then 'client'
            when client_hash is null then 'producer'
            else 'both'
        end as sides,
        has_own_id,
        is_paired_by_message,
        -- A call of which nobody knows that it succeeded did not.
        coalesce(client_succeeded, producer_succeeded, false) as succeeded,
        case when client_hash is null then producer_ms else client_ms end as duration_ms,
        has_login,
        is_reused_id,
        -- By the two clocks the request reached the producer's gateway before the client's sent it, or the
        -- answer came back before it was sent. Wide numbers, since a gateway may write any duration.
        coalesce(
            cast({{ ms_between('client_started_at', 'producer_started_at') }} as hugeint)
            - client_forward_ms < -2000
            or cast({{ ms_between('producer_started_at', 'client_started_at') }} as hugeint)
            + client_forward_ms + client_backend_ms - producer_ms < -2000,
            false
        ) as is_skewed,
        coalesce(client_request_bytes, producer_request_bytes) as request_bytes,
        coalesce(client_response_bytes, producer_response_bytes) as response_bytes
    from two_sided
    where coalesce(client_day, producer_day) = {{ batch_day() }}
    union all
    -- One record is one call; without an id two equal lines are two requests.
    select
        day,
        hour,
        {{ route_key }} as route_key,
        {{ hashed(['file_id']) }} as file_key,
        cast(null as ubigint) as partner_file_key,
        'gateway' as sides,
        has_own_id,
        false as is_paired_by_message,
        coalesce(succeeded, false) as succeeded,
        duration_ms,
        user_pseudo is not null as has_login,
        false as is_reused_id,
        false as is_skewed,
        request_bytes,
        response_bytes
    from {{ records }}
    where
        day = {{ batch_day() }}
        and side is null
        and (not has_own_id or {{ id_key }} not in (select repeated_ids.id_key from repeated_ids))

),

counted as (

    select
        day,
        route_key,
        file_key,
        partner_file_key,
        sides,
        has_own_id,
        is_paired_by_message,
        succeeded,
        count(*) as calls,
        sum(request_bytes) as request_bytes,
        sum(response_bytes) as response_bytes,
        count(*) filter (where has_login) as login_calls,
        count(*) filter (where is_reused_id) as reused_ids,
        count(*) filter (where is_skewed) as skewed_calls,
        count(*) filter (where duration_ms not between 0 and 3600000) as odd_durations,
        -- The cast runs on every row, also on those that the filter leaves out.
        list(try_cast(duration_ms as integer)) filter (where duration_ms between 0 and 3600000) as durations,
        list(cast(hour as utinyint)) as hours
    from calls
    group by
        day,
        route_key,
        file_key,
        partner_file_key,
        sides,
        has_own_id,
        is_paired_by_message,
        succeeded

),

routes as (

    select
        {{ route_key }} as route_key,
        any_value(instansi_code) as instansi_code,
        any_value(log_format) as log_format,
        any_value(consumer_identity) as consumer_identity,
        any_value(provider_identity) as provider_identity,
        any_value(service_code) as service_code,
        any_value(agent) as agent
    from {{ records }}
    where day = {{ batch_day() }}
    group by {{ route_key }}

),

files as (

    select distinct
        file_id,
        {{ hashed(['file_id']) }} as file_key
    from {{ records }}
    where day between {{ batch_day(-1) }} and {{ batch_day(1) }}

),

named as materialized (

    select
        counted.day,
        routes.instansi_code,
        routes.log_format,
        files.file_id,
        partner_files.file_id as partner_file_id,
        routes.consumer_identity,
        routes.provider_identity,
        routes.service_code,
        routes.agent,
        counted.sides,
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

-- The same records give the same version, whatever was computed when: later models build anew only days
-- whose version changed.
content as (

    select bit_xor(hash(named)) as day_version
    from named

)

select
    named.day,
    named.instansi_code,
    named.log_format,
    named.file_id,
    named.partner_file_id,
    named.consumer_identity,
    named.provider_identity,
    named.service_code,
    named.agent,
    named.sides,
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
    content.day_version
from named
cross join content

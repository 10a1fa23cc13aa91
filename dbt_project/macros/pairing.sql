{#- Records of the instansi that are being counted, each once for every day that is on which its call may lie: its own
    (`for_day` = `day`), and with `beside` those before and after; with `joint` also those of other instansi's files
    that hold a side of their calls. A key that holds `for_day` keeps the days of one statement apart. -#}
{% macro records_of_days(records, own=true, beside=false, joint=false) -%}
    {%- set is_asked -%}
    {%- if joint -%}
    (
                {{ is_chosen_part('instansi_code') }}
                or file_id in (
                    select others.file_id
                    from {{ ref('int_calls__shared_files') }} as shared
                    inner join {{ ref('int_calls__shared_files') }} as others on shared.set_key = others.set_key
                    where {{ is_chosen_day('shared.day', 'shared.instansi_code') }}
                )
            )
    {%- else -%}
    {{ is_chosen_part('instansi_code') }}
    {%- endif -%}
    {%- endset -%}
    (
        {% if own -%}
        select
            *,
            day as for_day
        from {{ records }}
        where
            {{ is_chosen_day('day') }}
            and {{ is_asked }}
        {%- endif %}
        {% if own and beside -%} union all {%- endif %}
        {% if beside -%}
        select *
        from (
            select
                *,
                unnest([{{ day_plus('day', -1) }}, {{ day_plus('day', 1) }}]) as for_day
            from {{ records }}
            where
                ({{ is_chosen_day(day_plus('day', -1)) }} or {{ is_chosen_day(day_plus('day', 1)) }})
                and {{ is_asked }}
        ) as neighbours
        where {{ is_chosen_day('for_day') }}
        {%- endif %}
    )
{%- endmacro %}

{#- What tells the routes of a day apart: who called whom for what by which program. -#}
{% macro route_key() -%}
    {{ hashed(['for_day', 'instansi_code', 'log_format', 'consumer_identity', 'provider_identity', 'service_code', 'agent']) }}
{%- endmacro %}

{#- Condition: an id or name in a log of this format means the same in the logs of every instansi. -#}
{% macro has_global_ids(log_format) -%}
    {{ log_format }} in ('{{ var('formats_with_global_ids') | join("', '") }}')
{%- endmacro %}

{#- The same call in the logs of several instansi: an id used again for another message or service is another. -#}
{% macro call_key() -%}
    {{ hashed([
        'for_day', 'log_format', 'record_id', 'message_id', 'consumer_identity', 'provider_identity', 'service_code'
    ]) }}
{%- endmacro %}

{#- Whether logs of several instansi came in one format whose ids are global. Asked before the days are counted: what
    nobody has to look for shall not even be planned. -#}
{% macro has_joint_logs() -%}
    {#- Where models are compiled alone, nothing may be asked, or nothing came yet. -#}
    {%- set files = source('raw', 'intake_files') -%}
    {%- if not execute or not flags.INTROSPECT or not load_relation(files) -%}{{ return(true) }}{%- endif -%}
    {%- set found = run_query(
        "select 1 from " ~ files ~ " where " ~ has_global_ids("log_format")
        ~ " group by log_format having count(distinct instansi_code) > 1"
    ) -%}
    {{ return(found.rows | length > 0) }}
{%- endmacro %}

{#- Pairing: the calls of the days that are being counted, one row each, made of the records of `records`. X-Road writes a record
    on the client's side and one on the producer's: those of one request id are one call; where a side has no id, or an
    id stands for several requests, the message pairs them. Other gateways write one record per call; of copies with
    one id one counts. Sides of one call may stand on both sides of midnight, so for each day records are read from the
    day before to the day after; the call counts on the day of its client's record. Names are carried as 64-bit keys, which makes
    the aggregate over all ids of a day small.
    Where ids are global, the other side of a call may stand in another instansi's log: its record is lent to the log
    that lacks it. A lent record makes no call of its own and gives a call neither day, hour, route nor file, only what
    the other side knows; so each instansi counts the call once, on the day of its own record, and of all that count
    it one is the first, by which a total over instansi has it once. Where some instansi are counted without the
    others, the records of others' files that hold a side of theirs are looked at too, and no call of others is made. -#}
{% macro paired_calls(records) -%}
{%- set is_hub = has_joint_logs() -%}
{%- set own = records_of_days(records) -%}
{%- set beside = records_of_days(records, own=false, beside=true) -%}
{%- set joint_own = records_of_days(records, joint=true) -%}
{%- set joint_beside = records_of_days(records, own=false, beside=true, joint=true) -%}
{%- set joint_all = records_of_days(records, beside=true, joint=true) -%}
{%- set id_key = hashed(['for_day', 'instansi_code', 'log_format', 'record_id']) -%}
{%- set message_key = hashed([
    'for_day', 'instansi_code', 'log_format', 'message_id', 'consumer_identity', 'provider_identity', 'service_code'
]) -%}
{%- set is_joint -%}
side is not null
        and has_own_id
        and (instansi_code, log_format) in (
            select
                joint_logs.instansi_code,
                joint_logs.log_format
            from joint_logs
        )
{%- endset -%}
{%- set joint_columns -%}
{{ call_key() }} as call_key,
        {{ id_key }} as id_key,
        {{ message_key }} as message_key,
        instansi_code,
        side = 'producer' as is_producer
{%- endset -%}
{%- set side_columns -%}
{{ id_key }} as id_key,
        {{ message_key }} as message_key,
        {{ route_key() }} as route_key,
        {{ file_number('file_id') }} as file_number,
        has_own_id,
        message_id is not null as has_message,
        side is not null as has_sides,
        coalesce(side = 'producer', false) as is_producer,
        for_day,
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
        record_hash,
        {% if is_hub -%}
        ({{ id_key }}, {{ message_key }}) in (
            select
                counted_before.id_key,
                counted_before.message_key
            from counted_before
        )
        {%- else -%}
        false
        {%- endif %} as is_counted_elsewhere
{%- endset -%}
{#- The two sides of one group; copies in a group are equal in all but their file. -#}
{%- set of_client = "filter (where not is_producer)" -%}
{%- set of_producer = "filter (where is_producer)" -%}
{%- set two_sides -%}
min(for_day) as for_day,
        min(record_hash) {{ of_client }} as client_hash,
        max(record_hash) {{ of_client }} as other_client_hash,
        min(record_hash) {{ of_producer }} as producer_hash,
        max(record_hash) {{ of_producer }} as other_producer_hash,
        min(file_number) {{ of_client }} as client_file,
        min(file_number) {{ of_producer }} as producer_file,
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
        bool_or(has_own_id) as has_own_id,
        bool_or(is_counted_elsewhere) as is_counted_elsewhere
{%- endset -%}
with
{% if is_hub -%}
-- Logs that may hold the two sides of one call.
joint_logs as materialized (

    select
        instansi_code,
        log_format
    from (
        select distinct
            instansi_code,
            log_format
        from {{ joint_all }} as records
        where {{ has_global_ids('log_format') }}
    ) as logs
    qualify count(*) over (partition by log_format) > 1

),

joint_today as (

    select {{ joint_columns }}
    from {{ joint_own }} as records
    where
        {{ is_joint }}

),

joint_records as (

    select * from joint_today
    union all
    select {{ joint_columns }}
    from {{ joint_beside }} as records
    where
        {{ is_joint }}
        and {{ call_key() }} in (select joint_today.call_key from joint_today)

),

joint_calls as materialized (

    select
        call_key,
        min(instansi_code) filter (where not is_producer) as client_of,
        min(instansi_code) filter (where is_producer) as producer_of
    from joint_records
    group by call_key
    having min(instansi_code) < max(instansi_code)

),

holders as materialized (

    select
        call_key,
        id_key,
        message_key,
        joint_records.instansi_code,
        joint_calls.client_of,
        joint_calls.producer_of,
        bool_or(joint_records.is_producer) as has_producer,
        bool_or(not joint_records.is_producer) as has_client
    from joint_records
    inner join joint_calls using (call_key)
    where {{ is_chosen_part('joint_records.instansi_code') }}
    group by all

),

-- Whose call is another's in a total: the first that has the client's record counts it, else the first of all.
counted_before as materialized (

    select
        id_key,
        message_key
    from holders
    where instansi_code <> coalesce(client_of, producer_of)

),

lent as (

    select
        * replace (
            cast(null as date) as day,
            cast(null as integer) as hour,
            cast(null as ubigint) as route_key
        )
    from (
        select {{ side_columns }}
        from (
            select records.* replace (holders.instansi_code as instansi_code)
            from {{ joint_all }} as records
            inner join holders
                on
                    records.instansi_code <> holders.instansi_code
                    and case
                        when records.side = 'client' then not holders.has_client
                        else not holders.has_producer
                    end
                    and records.instansi_code
                    = case records.side when 'client' then holders.client_of else holders.producer_of end
                    and {{ call_key() }} = holders.call_key
            where
                records.side is not null
                and records.has_own_id
        ) as other_sides
    ) as sides_of_others

),

{% endif -%}
repeated_ids as materialized (

    select {{ id_key }} as id_key
    from {{ own }} as records
    where side is null and has_own_id
    group by id_key
    having count(*) > 1

),

-- Sides to pair, and records of other gateways that may be copies; what is neither needs no memory.
today as (

    select {{ side_columns }}
    from {{ own }} as records
    where
        side is not null
        or has_own_id and {{ id_key }} in (select repeated_ids.id_key from repeated_ids)

),

-- Of the neighbouring days only records that may belong to a call of today.
near as (

    select {{ side_columns }}
    from {{ beside }} as records
    where
        side is not null
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
    {% if is_hub -%}
    union all
    select * from lent
    {%- endif %}

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
        coalesce(client.for_day, producer.for_day) as for_day,
        client.record_hash as client_hash,
        client.record_hash as other_client_hash,
        producer.record_hash as producer_hash,
        producer.record_hash as other_producer_hash,
        client.file_number as client_file,
        producer.file_number as producer_file,
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
        true as has_own_id,
        coalesce(client.is_counted_elsewhere, false)
        or coalesce(producer.is_counted_elsewhere, false) as is_counted_elsewhere
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
        order by file_number
    ) = 1

),

-- The same message more than `same_message_ms` later is another call.
spaced as (

    select
        *,
        case
            when not is_reused and {{ ms_between('previous_at', 'started_at') }} > {{ var('same_message_ms') }} then 1
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

)

select
    coalesce(client_day, producer_day) as day,
    coalesce(client_hour, producer_hour) as hour,
    coalesce(client_route, producer_route) as route_key,
    -- Of a lent record no day is told.
    case when client_day is null then producer_file else client_file end as file_number,
    case when client_day is null then client_file else producer_file end as partner_file_number,
    case
        when not has_sides then 'gateway'
        when producer_hash is null then 'client'
        when client_hash is null then 'producer'
        else 'both'
    end as sides,
    is_counted_elsewhere,
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
        - client_forward_ms < -{{ var('clock_skew_ms') }}
        or cast({{ ms_between('producer_started_at', 'client_started_at') }} as hugeint)
        + client_forward_ms + client_backend_ms - producer_ms < -{{ var('clock_skew_ms') }},
        false
    ) as is_skewed,
    coalesce(client_request_bytes, producer_request_bytes) as request_bytes,
    coalesce(client_response_bytes, producer_response_bytes) as response_bytes
from two_sided
where coalesce(client_day, producer_day) = for_day
union all
-- One record is one call; without an id two equal lines are two requests.
select
    day,
    hour,
    {{ route_key() }} as route_key,
    {{ file_number('file_id') }} as file_number,
    cast(null as bigint) as partner_file_number,
    'gateway' as sides,
    false as is_counted_elsewhere,
    has_own_id,
    false as is_paired_by_message,
    coalesce(succeeded, false) as succeeded,
    duration_ms,
    user_pseudo is not null as has_login,
    false as is_reused_id,
    false as is_skewed,
    request_bytes,
    response_bytes
from {{ own }} as records
where
    side is null
    and (not has_own_id or {{ id_key }} not in (select repeated_ids.id_key from repeated_ids))
{%- endmacro %}

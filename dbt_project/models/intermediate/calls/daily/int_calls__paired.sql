{#- Sides of one call may stand on both sides of midnight: records are read from the day before to the day
    after, so dbt's own filter is switched off (`.render()`). -#}
{%- set records = ref('stg_service_log__records').render() -%}
with today as (

    select * from {{ records }}
    where day = {{ batch_day() }}

),

-- Of the neighbouring days only the records whose id occurs today.
sides as (

    select * from today
    where side is not null
    union all
    select near.*
    from {{ records }} as near
    where
        near.day in ({{ batch_day(-1) }}, {{ batch_day(1) }})
        and near.side is not null
        and near.has_own_id
        and near.record_id in (
            select today.record_id from today
            where today.side is not null
        )

),

without_copies as (

    select *
    from sides
    qualify row_number() over (
        partition by instansi_code, log_format, side, record_hash
        order by file_sha256, line_number
    ) = 1

),

-- An id that a gateway used twice gives two calls: its first client goes with its first producer.
numbered as (

    select
        *,
        row_number() over (
            partition by instansi_code, log_format, record_id, side
            order by started_at, record_hash
        ) as turn
    from without_copies

),

clients as (

    select * from numbered
    where side = 'client'

),

producers as (

    select * from numbered
    where side = 'producer'

),

sided_calls as (

    select
        coalesce(client.day, producer.day) as day,
        coalesce(client.instansi_code, producer.instansi_code) as instansi_code,
        coalesce(client.log_format, producer.log_format) as log_format,
        coalesce(client.record_id, producer.record_id) || case
            when coalesce(client.turn, producer.turn) = 1 then ''
            else '/' || cast(coalesce(client.turn, producer.turn) as varchar)
        end as call_id,
        coalesce(client.has_own_id, producer.has_own_id) as has_own_id,
        case
            when producer.side is null then 'client'
            when client.side is null then 'producer'
            else 'both'
        end as sides,
        coalesce(client.file_sha256, producer.file_sha256) as file_sha256,
        case when client.side is not null then producer.file_sha256 end as partner_file_sha256,
        coalesce(client.started_at, producer.started_at) as started_at,
        coalesce(client.consumer_identity, producer.consumer_identity) as consumer_identity,
        coalesce(client.provider_identity, producer.provider_identity) as provider_identity,
        coalesce(client.service_code, producer.service_code) as service_code,
        coalesce(client.succeeded, producer.succeeded) as succeeded,
        coalesce(client.status_code, producer.status_code) as status_code,
        coalesce(client.fault_code, producer.fault_code) as fault_code,
        case when client.side is null then producer.duration_ms else client.duration_ms end as duration_ms,
        producer.backend_ms,
        coalesce(client.request_bytes, producer.request_bytes) as request_bytes,
        coalesce(client.response_bytes, producer.response_bytes) as response_bytes,
        coalesce(client.user_pseudo, producer.user_pseudo) as user_pseudo,
        coalesce(client.agent, producer.agent) as agent
    from clients as client
    full outer join producers as producer
        on
            client.instansi_code = producer.instansi_code
            and client.log_format = producer.log_format
            and client.record_id = producer.record_id
            and client.turn = producer.turn

),

single_calls as (

    select
        day,
        instansi_code,
        log_format,
        record_id as call_id,
        has_own_id,
        'gateway' as sides,
        file_sha256,
        cast(null as varchar) as partner_file_sha256,
        started_at,
        consumer_identity,
        provider_identity,
        service_code,
        succeeded,
        status_code,
        fault_code,
        duration_ms,
        backend_ms,
        request_bytes,
        response_bytes,
        user_pseudo,
        agent
    from today
    where side is null

)

select * from sided_calls
where day = {{ batch_day() }}
union all
select * from single_calls

with source as (

    select * from {{ source('lake', 'service_calls') }}

)

select
    instansi_code,
    log_format,
    file_id,
    line_number,
    record_id,
    left(record_id, 1) <> '#' as has_own_id,
    side,
    message_id,
    started_at,
    hour,
    consumer_identity,
    provider_identity,
    service_code,
    protocol,
    method,
    status_code,
    succeeded,
    fault_code,
    duration_ms,
    forward_ms,
    backend_ms,
    request_bytes,
    response_bytes,
    user_pseudo,
    ip_pseudo,
    agent,
    record_hash,
    day
from source

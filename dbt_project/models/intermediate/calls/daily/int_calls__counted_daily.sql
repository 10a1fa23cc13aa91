with calls as (

    select * from {{ ref('int_calls__paired') }}

)

select
    day,
    instansi_code,
    log_format,
    file_sha256,
    partner_file_sha256,
    consumer_identity,
    provider_identity,
    service_code,
    agent,
    sides,
    has_own_id,
    succeeded,
    duration_ms,
    count(*) as calls,
    cast(sum(request_bytes) as bigint) as request_bytes,
    cast(sum(response_bytes) as bigint) as response_bytes
from calls
group by
    day,
    instansi_code,
    log_format,
    file_sha256,
    partner_file_sha256,
    consumer_identity,
    provider_identity,
    service_code,
    agent,
    sides,
    has_own_id,
    succeeded,
    duration_ms

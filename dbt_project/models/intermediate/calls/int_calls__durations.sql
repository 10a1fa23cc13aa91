-- A view: the values lie in int_calls__classified, one list per row.
select
    day,
    instansi_code,
    log_format,
    consumer_opd,
    consumer_system,
    provider_opd,
    provider_system,
    service,
    unnest(durations) as duration_ms
from {{ ref('int_calls__classified') }}
where is_business

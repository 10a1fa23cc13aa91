select
    instansi_code,
    kind,
    opd_code,
    period,
    file_sha256,
    file_name,
    row_number,
    rules,
    messages,
    raw_row,
    case when is_current then 'open' else 'closed' end as status,
    received_at
from {{ source('raw', 'quarantine') }}

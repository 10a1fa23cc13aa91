select
    instansi_code,
    kind,
    opd_code,
    answer_opd_code,
    period,
    file_sha256,
    file_name,
    row_number,
    rules,
    messages,
    raw_row,
    case when is_open then 'open' else 'closed' end as status,
    closed_by,
    received_at,
    opened_at,
    closed_at
from {{ ref('int_refused_rows__addressed') }}

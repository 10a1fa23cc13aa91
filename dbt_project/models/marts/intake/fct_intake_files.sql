select
    instansi_code,
    kind,
    log_format,
    opd_code,
    period,
    file_name,
    file_sha256,
    size_bytes,
    status,
    rows_received,
    rows_loaded,
    rows_quarantined,
    warnings,
    reason,
    contract_version,
    received_at
from {{ source('raw', 'intake_files') }}

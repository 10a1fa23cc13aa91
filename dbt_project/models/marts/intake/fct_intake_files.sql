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
    received_at,
    is_correction,
    rows_corrected,
    status = 'rejected' and rows_received = 0 and file_order = max(file_order) over (
        partition by instansi_code, kind, regexp_replace(file_name, '([.][A-Za-z0-9]{1,5})+$', '')
    ) as is_open
from {{ source('raw', 'intake_files') }}

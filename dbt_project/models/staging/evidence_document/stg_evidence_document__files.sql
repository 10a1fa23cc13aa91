select
    instansi_code,
    opd_code,
    {{ year_text('period') }} as period,
    file_id,
    file_sha256,
    file_name,
    folder,
    name,
    media_type,
    size_bytes,
    file_order
from {{ source('raw', 'document_files') }}

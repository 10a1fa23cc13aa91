select
    instansi_code,
    period,
    program_code,
    program_name,
    dimension,
    status,
    opd_code,
    system_code,
    system_name,
    system_state,
    file_sha256,
    row_number
from {{ ref('int_programs__linked') }}

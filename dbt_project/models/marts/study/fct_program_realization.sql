select
    instansi_code,
    period,
    dimension,
    programs,
    achieved,
    not_achieved,
    cast(achieved as double) / nullif(programs, 0) as achieved_share,
    source,
    file_sha256,
    row_number
from {{ ref('stg_program_realization__dimensions') }}

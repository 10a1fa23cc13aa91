select
    instansi_code,
    period,
    dimension,
    description,
    verdict,
    source,
    file_sha256,
    row_number
from {{ ref('stg_smart_city_evaluation__statements') }}

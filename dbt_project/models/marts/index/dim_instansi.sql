select
    instansi_code,
    instansi_name,
    instansi_kind,
    is_mapped
from {{ ref('int_instansi__resolved') }}

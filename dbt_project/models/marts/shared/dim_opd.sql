select
    instansi_code,
    opd_code,
    opd_name,
    opd_kind,
    parent_opd_code,
    is_active,
    is_mapped
from {{ ref('int_opd__resolved') }}

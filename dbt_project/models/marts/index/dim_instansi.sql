select
    instansi.instansi_code,
    instansi.instansi_name,
    instansi.instansi_kind,
    instansi.is_mapped,
    kecamatan.kecamatan,
    kecamatan.kecamatan_basis
from {{ ref('int_instansi__resolved') }} as instansi
left join {{ ref('int_kecamatan__counted') }} as kecamatan on instansi.instansi_code = kecamatan.instansi_code

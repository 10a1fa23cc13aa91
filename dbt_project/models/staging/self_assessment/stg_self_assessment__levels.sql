with source as (

    select * from {{ source('raw', 'self_assessment') }}

)

select
    coalesce(instansi_code, _instansi_code) as instansi_code,
    {{ year_text('coalesce(period, _period)') }} as period,
    rulebook_id,
    stage,
    node_id,
    level,
    opd_code,
    explanation,
    evidence_ref,
    assessor_kind,
    assessed_on,
    _file_id as file_id,
    _file_sha256 as file_sha256,
    _file_name as file_name,
    _row_number as row_number,
    _received_at as received_at,
    _file_order as file_order
from source

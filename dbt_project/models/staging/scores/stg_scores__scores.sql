with source as (

    select * from {{ source('raw', 'scores') }}

)

select
    _instansi_code as sender_code,
    coalesce(unit_code, _instansi_code) as unit_code,
    coalesce(period, _period) as period,
    rulebook_id,
    stage,
    node_id,
    score,
    _file_id as file_id,
    _file_sha256 as file_sha256,
    _file_name as file_name,
    _row_number as row_number,
    _received_at as received_at,
    _file_order as file_order
from source

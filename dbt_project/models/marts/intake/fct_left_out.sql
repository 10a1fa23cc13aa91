with found as (

    select * from {{ source('raw', 'left_out') }}

),

codes as (

    select * from {{ ref('left_out_codes') }}

)

select
    found.instansi_code,
    found.kind,
    found.opd_code,
    found.period,
    found.file_name,
    found.file_id,
    found.file_sha256,
    found.position,
    found.code,
    found.place,
    found.count as left_out,
    found.message,
    -- What no list names is taken for content: better told once too often than not at all.
    found.is_current and coalesce(codes.is_content, true) as is_open
from found
left join codes on found.code = codes.code

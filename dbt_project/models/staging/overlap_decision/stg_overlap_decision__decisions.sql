with source as (

    select * from {{ source('raw', 'overlap_decision') }}

),

renamed as (

    select
        _instansi_code as instansi_code,
        -- A pair is one pair, whichever stands first.
        least(system_code, other_system_code) as system_code,
        greatest(system_code, other_system_code) as other_system_code,
        decision,
        decided_by,
        decided_on,
        note,
        _file_sha256 as file_sha256,
        _file_name as file_name,
        _row_number as row_number,
        _file_order as file_order
    from source

)

select *
from renamed
qualify row_number() over (
    partition by instansi_code, system_code, other_system_code
    order by decided_on desc nulls last, file_order desc, row_number desc
) = 1

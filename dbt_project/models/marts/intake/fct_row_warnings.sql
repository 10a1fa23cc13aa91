with warned as (

    select *
    from {{ source('raw', 'row_warnings') }}

)

select
    warned.instansi_code,
    warned.kind,
    warned.opd_code,
    coalesce(opds.opd_code, warned.sender_code) as answer_opd_code,
    warned.period,
    warned.file_id,
    warned.file_sha256,
    warned.file_name,
    warned.row_number,
    warned.row_place,
    warned.rule as rule_id,
    warned.column_name,
    warned.found,
    warned.expected,
    warned.message,
    warned.received_at
from warned
left join {{ ref('int_opd__resolved') }} as opds
    on
        warned.instansi_code = opds.instansi_code
        and warned.opd_code = opds.opd_code
        and opds.is_mapped

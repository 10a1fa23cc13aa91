-- The macros below write long lines.
-- noqa: disable=LT05
with source as (

    select * from {{ source('raw', 'evidence_document') }}

)

select
    coalesce(instansi_code, _instansi_code) as instansi_code,
    {{ year_text('coalesce(period, _period)') }} as period,
    document_code,
    title,
    document_type,
    document_number,
    document_date,
    valid_until,
    status,
    issuing_unit,
    rulebook_id,
    indicators,
    levels,
    file_name as document_file,
    pages,
    regexp_replace(_file_name, '[^/]*$', '') as folder,
    _opd_code as sender_code,
    _file_sha256 as file_sha256,
    _file_name as file_name,
    _row_number as row_number,
    _file_order as file_order
from source
-- A document that is listed again is what the later list says.
qualify row_number() over (
    partition by coalesce(instansi_code, _instansi_code), {{ year_text('coalesce(period, _period)') }}, document_code
    order by _file_order desc, _row_number desc
) = 1

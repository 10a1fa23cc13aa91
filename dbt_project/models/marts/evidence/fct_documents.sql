with assigned as (

    select
        instansi_code,
        period,
        document_code,
        list(node_id order by node_id) as node_ids
    from {{ ref('int_documents__assigned') }}
    group by instansi_code, period, document_code

)

select
    documents.instansi_code,
    documents.period,
    documents.document_code,
    documents.title,
    documents.document_type,
    kinds.title as type_title,
    documents.document_number,
    documents.document_date,
    documents.valid_until,
    documents.status,
    documents.issuing_unit,
    coalesce(assigned.node_ids, []) as node_ids,
    documents.levels,
    documents.pages,
    documents.state,
    documents.measured_to,
    documents.document_path,
    documents.document_sha256,
    documents.media_type,
    documents.size_bytes,
    documents.sender_code as opd_code,
    documents.file_name,
    documents.file_sha256,
    documents.row_number
from {{ ref('int_documents__matched') }} as documents
left join {{ ref('evidence_documents') }} as kinds on documents.document_type = kinds.document_id
left join assigned
    on
        documents.instansi_code = assigned.instansi_code
        and documents.period = assigned.period
        and documents.document_code = assigned.document_code

-- A year that is over is judged on its last day, the running one on the day that is measured to.
with days as (

    select
        periods.period,
        least(
            cast(periods.period || '-12-31' as date),
            (select settings.as_of from {{ source('raw', 'run_settings') }} as settings)
        ) as measured_to
    from (select distinct period from {{ ref('stg_evidence_document__documents') }}) as periods

),

documents as (

    select * from {{ ref('stg_evidence_document__documents') }}

),

files as (

    select * from {{ ref('stg_evidence_document__files') }}

),

-- The file beside the list; else one that came from the same instansi before, by its sha256.
named as (

    select
        documents.instansi_code,
        documents.period,
        documents.document_code,
        files.file_sha256,
        files.file_name,
        files.media_type,
        files.size_bytes
    from documents
    inner join files
        on
            documents.instansi_code = files.instansi_code
            and (
                (documents.folder = files.folder and documents.document_file = files.name)
                or lower(documents.document_file) = files.file_sha256
            )
    qualify row_number() over (
        partition by documents.instansi_code, documents.period, documents.document_code
        order by documents.folder = files.folder desc, files.file_order desc, files.file_id
    ) = 1

)

select
    documents.*,
    days.measured_to,
    named.file_sha256 as document_sha256,
    named.file_name as document_path,
    named.media_type,
    named.size_bytes,
    case
        when named.file_sha256 is null then 'missing'
        when documents.status = 'draft' then 'draft'
        when documents.status = 'withdrawn' then 'withdrawn'
        when documents.document_date > days.measured_to then 'not_yet'
        when documents.valid_until < days.measured_to then 'expired'
        else 'valid'
    end as state
from documents
inner join days on documents.period = days.period
left join named
    on
        documents.instansi_code = named.instansi_code
        and documents.period = named.period
        and documents.document_code = named.document_code

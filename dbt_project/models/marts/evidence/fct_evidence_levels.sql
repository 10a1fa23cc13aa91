with leveled as (

    select * from {{ ref('int_evidence__leveled') }}

),

nodes as (

    select * from {{ ref('rulebook_nodes') }}

),

worded as (

    select
        leveled.*,
        case
            when leveled.stop_document_id is not null
                then 'kirim ' || documents.title || ' untuk indikator ini (evidence_document)'
            when leveled.stop_measure_id is not null
                then
                    'kirim berkas ' || measures.needs || ' agar ' || leveled.stop_measure_id
                    || ' dapat dihitung'
            else 'kirim ' || leveled.stop_sentence || ' (scores)'
        end as what_to_send
    from leveled
    left join {{ ref('evidence_documents') }} as documents
        on leveled.stop_document_id = documents.document_id
    left join {{ ref('measures') }} as measures on leveled.stop_measure_id = measures.measure_id

)

select
    worded.instansi_code,
    worded.period,
    worded.rulebook_id,
    worded.node_id,
    nodes.number as node_number,
    nodes.name as node_name,
    cast(worded.declared_level as double) as declared_level,
    worded.state,
    worded.evidence_level,
    worded.gap,
    worded.stop_level,
    worded.stop_state,
    worded.stop_sentence,
    worded.stop_reason,
    worded.stop_measure_id,
    worded.stop_figure,
    worded.stop_document_id,
    worded.comparison,
    worded.threshold,
    worded.found_value,
    case
        when worded.state = 'no_evidence'
            then 'Belum ada bukti yang diterima untuk indikator ini; ' || worded.what_to_send || '.'
        when worded.stop_level is null then 'Bukti mendukung sampai tingkat tertinggi.'
        when worded.state = 'open'
            then
                'Bukti mendukung paling sedikit tingkat ' || worded.evidence_level || '; tingkat '
                || worded.stop_level || ' belum dapat dinilai: ' || worded.what_to_send || '.'
        else
            'Bukti mendukung tingkat ' || worded.evidence_level || '; untuk tingkat ' || worded.stop_level
            || ' diperlukan ' || worded.stop_sentence
            || case
                when worded.stop_document_id is not null
                    then ', dan dokumen itu tidak ada di antara yang berlaku'
                else ', sedangkan angkanya ' || {{ number_text('worded.found_value') }}
            end || '.'
    end as statement
from worded
left join nodes
    on
        worded.rulebook_id = nodes.rulebook_id
        and worded.node_id = nodes.node_id

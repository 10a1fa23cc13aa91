with leveled as (

    select * from {{ ref('int_evidence__leveled') }}

),

nodes as (

    select * from {{ ref('rulebook_nodes') }}

)

select
    leveled.instansi_code,
    leveled.period,
    leveled.rulebook_id,
    leveled.node_id,
    nodes.number as node_number,
    nodes.name as node_name,
    cast(leveled.declared_level as double) as declared_level,
    leveled.state,
    leveled.evidence_level,
    cast(leveled.declared_level as double) - leveled.evidence_level as gap,
    leveled.failed_level,
    leveled.failed_sentence,
    leveled.failed_measure_id,
    leveled.failed_figure,
    leveled.failed_document_id,
    leveled.comparison,
    leveled.threshold,
    leveled.found_value,
    case
        when leveled.state = 'no_evidence' then 'Tidak ada bukti yang diterima untuk indikator ini.'
        when leveled.failed_level is null then 'Bukti mendukung sampai tingkat tertinggi.'
        else
            'Bukti mendukung tingkat ' || leveled.evidence_level || '; untuk tingkat ' || leveled.failed_level
            || ' diperlukan ' || leveled.failed_sentence
            || case
                when leveled.failed_document_id is not null then ', dan dokumen itu tidak tercantum'
                when leveled.found_value is null then ', dan angkanya belum dapat dihitung'
                else ', sedangkan angkanya ' || {{ number_text('leveled.found_value') }}
            end || '.'
    end as statement
from leveled
left join nodes
    on
        leveled.rulebook_id = nodes.rulebook_id
        and leveled.node_id = nodes.node_id

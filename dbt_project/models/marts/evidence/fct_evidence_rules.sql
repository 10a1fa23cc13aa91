-- An index of another body has one name for an indicator.
with outside_indices as (

    select
        rulebook_id,
        node_id,
        min(outside_index) as outside_index
    from {{ ref('outside_index_bands') }}
    group by rulebook_id, node_id

)

select
    judged.instansi_code,
    judged.period,
    judged.rulebook_id,
    judged.node_id,
    nodes.number as node_number,
    nodes.name as node_name,
    judged.level,
    judged.rule_no,
    judged.check_kind,
    judged.measure_id,
    judged.figure,
    judged.document_id,
    case judged.check_kind
        when 'document' then documents.title
        when 'measure' then measures.name
        else outside_indices.outside_index
    end as asks_for,
    judged.comparison,
    judged.threshold,
    judged.sentence,
    judged.reason,
    judged.found_value,
    judged.found_document,
    judged.is_told,
    judged.state,
    leveled.declared_in_level,
    judged.state <> 'holds' and judged.level <= leveled.declared_in_level as is_lacking_for_declared
from {{ ref('int_evidence__judged') }} as judged
inner join {{ ref('int_evidence__leveled') }} as leveled
    on
        judged.instansi_code = leveled.instansi_code
        and judged.period = leveled.period
        and judged.rulebook_id = leveled.rulebook_id
        and judged.node_id = leveled.node_id
left join {{ ref('rulebook_nodes') }} as nodes
    on
        judged.rulebook_id = nodes.rulebook_id
        and judged.node_id = nodes.node_id
left join {{ ref('evidence_documents') }} as documents on judged.document_id = documents.document_id
left join {{ ref('measures') }} as measures on judged.measure_id = measures.measure_id
left join outside_indices
    on
        judged.rulebook_id = outside_indices.rulebook_id
        and judged.node_id = outside_indices.node_id

-- Jenis bukti apa yang masih kurang pada tiap indikator, sampai tingkat yang dinyatakan dan berikutnya?
-- Which kinds of evidence does each indicator still lack, up to the declared level and to its next one?
-- Indikator yang dinilai asesor dari dokumen tidak dibaca dari data: barisnya menyebut data dukung peraturan.
with lacking as (
    select
        instansi_code,
        period,
        rulebook_id,
        node_id,
        level,
        rule_no,
        state,
        asks_for,
        sentence,
        is_lacking_for_declared
    from fct_evidence_rules
    where state <> 'holds'
    union all
    select
        instansi_code,
        period,
        rulebook_id,
        node_id,
        next_level as level,
        1 as rule_no,
        state,
        null as asks_for,
        evidence_wanted as sentence,
        null as is_lacking_for_declared
    from fct_evidence_checklist
    where state = 'not_read' and next_level is not null
)

select
    checklist.instansi_code,
    checklist.period,
    checklist.rulebook_id,
    checklist.node_number as nomor,
    checklist.node_name as indikator,
    checklist.declared_level as tingkat_dinyatakan,
    checklist.evidence_level as tingkat_bukti,
    lacking.level as tingkat_diminta,
    lacking.is_lacking_for_declared as untuk_tingkat_dinyatakan,
    lacking.asks_for as jenis_bukti,
    lacking.sentence as masih_kurang,
    lacking.state as keadaan_bukti,
    levels.criterion as kriteria,
    checklist.valid_documents as dokumen_berlaku
from fct_evidence_checklist as checklist
inner join lacking
    on
        checklist.instansi_code = lacking.instansi_code
        and checklist.period = lacking.period
        and checklist.rulebook_id = lacking.rulebook_id
        and checklist.node_id = lacking.node_id
left join dim_level as levels
    on
        checklist.rulebook_id = levels.rulebook_id
        and checklist.node_id = levels.node_id
        and lacking.level = levels.level
left join dim_node as node
    on checklist.rulebook_id = node.rulebook_id and checklist.node_id = node.node_id
where lacking.level = checklist.next_level or lacking.is_lacking_for_declared
order by
    checklist.instansi_code, checklist.period, checklist.rulebook_id, node.sort_key, lacking.level,
    lacking.rule_no

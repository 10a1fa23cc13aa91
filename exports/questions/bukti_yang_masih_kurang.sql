-- Apa yang masih kurang pada setiap indikator untuk menunjukkan tingkat berikutnya?
-- What does each indicator still lack to show its next level?
select
    checklist.instansi_code,
    checklist.period,
    checklist.rulebook_id,
    checklist.node_number as nomor,
    checklist.node_name as indikator,
    checklist.declared_level as tingkat_dinyatakan,
    checklist.evidence_level as tingkat_bukti,
    checklist.next_level as tingkat_berikutnya,
    checklist.criterion as kriteria,
    checklist.lacking as masih_kurang,
    checklist.valid_documents as dokumen_berlaku,
    levels.statement as keterangan
from fct_evidence_checklist as checklist
left join fct_evidence_levels as levels
    on
        checklist.instansi_code = levels.instansi_code
        and checklist.period = levels.period
        and checklist.rulebook_id = levels.rulebook_id
        and checklist.node_id = levels.node_id
where len(checklist.lacking) > 0
order by
    checklist.instansi_code,
    checklist.period,
    checklist.rulebook_id,
    try_cast(checklist.node_number as integer),
    checklist.node_id

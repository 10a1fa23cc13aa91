-- Indikator mana yang tingkatnya dinyatakan lebih tinggi daripada yang didukung bukti?
-- Which indicators are declared at a higher level than evidence supports?
-- Yang buktinya belum diberitahukan tidak termasuk; itu ada pada bukti_yang_masih_kurang.
select
    instansi_code,
    period,
    rulebook_id,
    node_number as nomor,
    node_name as indikator,
    declared_level as tingkat_dinyatakan,
    evidence_level as tingkat_bukti,
    gap as selisih,
    statement as keterangan
from fct_evidence_levels
where gap > 0
order by selisih desc, instansi_code, period, rulebook_id, node_id

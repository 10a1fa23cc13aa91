-- Indikator mana yang tingkatnya dinyatakan lebih tinggi daripada yang didukung bukti?
-- Which indicators are declared at a higher level than evidence supports?
-- Yang buktinya belum diberitahukan tidak termasuk; itu ada pada bukti_yang_masih_kurang.
select
    claim.instansi_code,
    claim.period,
    claim.rulebook_id,
    claim.node_number as nomor,
    claim.node_name as indikator,
    claim.declared_level as tingkat_dinyatakan,
    claim.evidence_level as tingkat_bukti,
    claim.gap as selisih,
    claim.statement as keterangan
from fct_evidence_levels as claim
left join dim_node as node on claim.rulebook_id = node.rulebook_id and claim.node_id = node.node_id
where claim.gap > 0
order by claim.gap desc, claim.instansi_code, claim.period, claim.rulebook_id, node.sort_key

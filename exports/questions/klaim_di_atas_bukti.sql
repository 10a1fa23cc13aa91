-- Indikator mana yang tingkatnya dinyatakan lebih tinggi daripada yang didukung bukti?
-- Which indicators are declared at a higher level than evidence supports?
-- Yang buktinya belum diberitahukan tidak termasuk; itu ada pada bukti_yang_masih_kurang.
with rulebook_years as (
    select distinct
        period,
        rulebook_id,
        is_rulebook_of_year
    from fct_scores
)

select
    claim.instansi_code,
    claim.period,
    claim.rulebook_id,
    claim.node_number as nomor,
    claim.node_name as indikator,
    claim.declared_level as tingkat_dinyatakan,
    claim.evidence_level as tingkat_bukti,
    claim.gap as selisih,
    claim.statement as keterangan,
    years.is_rulebook_of_year as peraturan_tahun_itu
from fct_evidence_levels as claim
left join dim_node as node on claim.rulebook_id = node.rulebook_id and claim.node_id = node.node_id
left join rulebook_years as years on claim.period = years.period and claim.rulebook_id = years.rulebook_id
where claim.gap > 0
order by claim.gap desc, claim.instansi_code, claim.period, claim.rulebook_id, node.sort_key

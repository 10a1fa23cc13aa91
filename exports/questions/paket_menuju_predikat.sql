-- Paket kenaikan tingkat mana yang paling murah mencapai predikat berikutnya, dan bukti apa yang diminta?
-- Which set of levels reaches the next predicate at the least cost, and what evidence does it ask for?
with rulebook_years as (
    select distinct
        period,
        rulebook_id,
        is_rulebook_of_year
    from fct_scores
)

select
    sets.instansi_code,
    sets.period,
    sets.rulebook_id,
    sets.stage,
    sets.next_predicate as predikat_berikutnya,
    sets.set_no as paket,
    node.number as nomor,
    node.name as indikator,
    sets.from_level as dari_tingkat,
    sets.to_level as ke_tingkat,
    round(sets.gain, 10) as kenaikan_indeks,
    sets.cost as biaya,
    sets.set_cost as biaya_paket,
    round(sets.index_now, 10) as indeks_sekarang,
    round(sets.index_reached, 10) as indeks_sesudahnya,
    sets.evidence_asked as bukti_yang_diminta,
    years.is_rulebook_of_year as peraturan_tahun_itu
from fct_lever_sets as sets
inner join dim_node as node on sets.rulebook_id = node.rulebook_id and sets.node_id = node.node_id
left join rulebook_years as years on sets.period = years.period and sets.rulebook_id = years.rulebook_id
where sets.unit_kind = 'instansi'
order by sets.instansi_code, sets.period, sets.stage, sets.set_no, node.sort_key

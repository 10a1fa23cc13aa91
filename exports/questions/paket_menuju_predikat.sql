-- Paket kenaikan mana yang paling murah mencapai predikat berikutnya, oleh OPD mana, dengan bukti apa?
-- Which set of levels reaches the next predicate at the least cost, by which OPD and what evidence?
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
    coalesce(opd.opd_name, 'Koordinator SPBE') as penanggung_jawab,
    sets.evidence_asked as bukti_yang_diminta,
    (
        select string_agg(rules.sentence, '; ' order by rules.level, rules.rule_no)
        from fct_evidence_rules as rules
        where
            rules.instansi_code = sets.instansi_code
            and rules.period = sets.period
            and rules.rulebook_id = sets.rulebook_id
            and rules.node_id = sets.node_id
            and rules.level <= sets.to_level
            and rules.state <> 'holds'
    ) as bukti_masih_kurang,
    years.is_rulebook_of_year as peraturan_tahun_itu
from fct_lever_sets as sets
inner join dim_node as node on sets.rulebook_id = node.rulebook_id and sets.node_id = node.node_id
left join fct_evidence_checklist as checklist
    on
        sets.instansi_code = checklist.instansi_code
        and sets.period = checklist.period
        and sets.rulebook_id = checklist.rulebook_id
        and sets.node_id = checklist.node_id
left join dim_opd as opd
    on checklist.instansi_code = opd.instansi_code and checklist.opd_code = opd.opd_code
left join rulebook_years as years on sets.period = years.period and sets.rulebook_id = years.rulebook_id
where sets.unit_kind = 'instansi'
order by sets.instansi_code, sets.period, sets.stage, sets.set_no, node.sort_key

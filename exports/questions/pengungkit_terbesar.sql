-- Indikator mana yang paling menaikkan indeks bila naik satu tingkat, dan bukti apa yang diminta tingkat itu?
-- Which indicators raise the index most by one level more, and what evidence does that level ask for?
with rulebook_years as (
    select distinct
        period,
        rulebook_id,
        is_rulebook_of_year
    from fct_scores
)

select
    lever.instansi_code,
    lever.period,
    lever.rulebook_id,
    lever.stage,
    rank() over (
        partition by lever.instansi_code, lever.period, lever.rulebook_id, lever.stage
        order by lever.gain_one_level desc
    ) as urutan,
    node.number as nomor,
    node.name as indikator,
    lever.current_level as tingkat_sekarang,
    lever.gain_one_level as kenaikan_indeks,
    lever.next_criterion as syarat_tingkat_berikutnya,
    lever.evidence_wanted as bukti_yang_diminta,
    years.is_rulebook_of_year as peraturan_tahun_itu
from fct_levers as lever
inner join dim_node as node
    on lever.rulebook_id = node.rulebook_id and lever.node_id = node.node_id
left join rulebook_years as years on lever.period = years.period and lever.rulebook_id = years.rulebook_id
where lever.unit_kind = 'instansi' and lever.gain_one_level > 0
order by lever.instansi_code, lever.period, lever.stage, lever.gain_one_level desc, node.sort_key

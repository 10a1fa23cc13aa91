-- Berapa nilai berubah dari tahun sebelumnya, dan di mana pergantian peraturan membuatnya tidak sebanding?
-- How much did scores change since the year before, and where does a new regulation make them incomparable?
with rulebook_years as (
    select distinct
        period,
        rulebook_id,
        is_rulebook_of_year
    from fct_scores
)

select
    yearly.instansi_code,
    yearly.stage,
    yearly.period,
    yearly.rulebook_id,
    yearly.node_kind,
    node.name as nama,
    yearly.previous_period as periode_sebelumnya,
    yearly.previous_printed as nilai_sebelumnya,
    yearly.printed as nilai,
    yearly.change as perubahan,
    yearly.index_points as poin_indeks,
    yearly.is_break as peraturan_berganti,
    years.is_rulebook_of_year as peraturan_tahun_itu
from fct_year_on_year as yearly
inner join dim_node as node on yearly.rulebook_id = node.rulebook_id and yearly.node_id = node.node_id
left join rulebook_years as years on yearly.period = years.period and yearly.rulebook_id = years.rulebook_id
where yearly.unit_kind = 'instansi'
order by yearly.instansi_code, yearly.stage, yearly.period, yearly.rulebook_id, node.sort_key

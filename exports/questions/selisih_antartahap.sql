-- Di domain dan aspek mana nilai satu tahap berbeda dari tahap sebelumnya, dan berapa poin indeksnya?
-- In which domains and aspects does a stage differ from the one before, and by how many points of the index?
with rulebook_years as (
    select distinct
        period,
        rulebook_id,
        is_rulebook_of_year
    from fct_scores
)

select
    gap.instansi_code,
    gap.period,
    gap.rulebook_id,
    gap.from_stage as dari_tahap,
    gap.to_stage as ke_tahap,
    gap.node_kind,
    node.name as nama,
    gap.from_score as nilai_semula,
    gap.to_score as nilai_sesudahnya,
    gap.gap_printed as selisih,
    gap.index_points as poin_indeks,
    years.is_rulebook_of_year as peraturan_tahun_itu
from fct_stage_gaps as gap
inner join dim_node as node on gap.rulebook_id = node.rulebook_id and gap.node_id = node.node_id
left join rulebook_years as years on gap.period = years.period and gap.rulebook_id = years.rulebook_id
where gap.unit_kind = 'instansi' and gap.is_consecutive
order by gap.instansi_code, gap.period, gap.from_stage_no, node.sort_key

-- Di domain dan aspek mana nilai satu tahap berbeda dari tahap sebelumnya, dan berapa poin indeksnya?
-- In which domains and aspects does a stage differ from the one before, and by how many points of the index?
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
    gap.index_points as poin_indeks
from fct_stage_gaps as gap
inner join dim_node as node on gap.rulebook_id = node.rulebook_id and gap.node_id = node.node_id
where gap.unit_kind = 'instansi'
order by gap.instansi_code, gap.period, gap.from_stage, gap.to_stage, node.sort_key

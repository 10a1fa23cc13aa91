-- Seberapa teguh peringkat bila bobot digeser atau satu indikator ditinggalkan?
-- How firm is a rank when weights shift or one indicator is left out?
select
    uncertain.unit_code,
    uncertain.period,
    uncertain.rulebook_id,
    uncertain.stage,
    score.printed as indeks,
    uncertain.score as indeks_tepat,
    uncertain.rank as peringkat,
    uncertain.units as dari,
    uncertain.rank_p5 as peringkat_terbaik_wajar,
    uncertain.rank_p95 as peringkat_terburuk_wajar,
    node.name as indikator_paling_menentukan
from fct_rank_uncertainty as uncertain
left join fct_scores as score
    on
        uncertain.instansi_code = score.instansi_code
        and uncertain.unit_kind = score.unit_kind
        and uncertain.unit_code = score.unit_code
        and uncertain.period = score.period
        and uncertain.rulebook_id = score.rulebook_id
        and uncertain.stage = score.stage
        and score.node_kind = 'index'
left join dim_node as node
    on uncertain.rulebook_id = node.rulebook_id and uncertain.most_moving_node_id = node.node_id
order by uncertain.rulebook_id, uncertain.period, uncertain.stage, uncertain.rank, uncertain.unit_code

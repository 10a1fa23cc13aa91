-- Domain dan aspek mana yang menarik indeks naik atau turun, dan berapa bobotnya?
-- Which domains and aspects pull the index up or down, and what do they weigh?
select
    score.instansi_code,
    score.period,
    score.rulebook_id,
    score.stage,
    node.node_kind,
    node.number as nomor,
    node.name as nama,
    node.weight_pct as bobot_persen,
    score.printed as nilai,
    score.published as nilai_terbit,
    score.coverage as cakupan
from fct_scores as score
inner join dim_node as node
    on score.rulebook_id = node.rulebook_id and score.node_id = node.node_id
where score.unit_kind = 'instansi' and node.node_kind in ('domain', 'aspect')
order by score.instansi_code, score.period, score.rulebook_id, score.stage, node.sort_key

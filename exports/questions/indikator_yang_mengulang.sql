-- Simpul bersaudara mana yang bergerak bersama sehingga mengulang, atau justru berlawanan?
-- Which sibling nodes move together and so repeat each other, or move against each other?
select
    rulebook_id,
    period,
    stage,
    name as simpul,
    other_name as simpul_lain,
    units as unit,
    correlation as korelasi,
    verdict as penilaian
from fct_indicator_correlations
where verdict in ('redundant', 'negative')
order by rulebook_id, period, stage, abs(correlation) desc, node_id, other_node_id

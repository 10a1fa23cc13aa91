-- Peringkat berapa indeks tiap instansi yang terdaftar negara di antara yang sejenis dan di provinsinya?
-- What rank has each agency that a list of the state has among its kind, and among its kind in its province?
select
    peers.instansi_code,
    instansi.instansi_name,
    instansi.instansi_kind,
    peers.period,
    peers.rulebook_id,
    peers.stage,
    peers.peer_group as kelompok,
    peers.score as indeks_tepat,
    peers.rank as peringkat,
    peers.units as dari,
    peers.sharing as berbagi_peringkat,
    nearest.instansi_name as terdekat_di_atas
from fct_peers as peers
inner join dim_instansi as instansi on peers.instansi_code = instansi.instansi_code
left join dim_instansi as nearest on peers.above_code = nearest.instansi_code
where peers.node_kind = 'index'
order by
    peers.rulebook_id, peers.period, peers.stage, peers.peer_group, instansi.instansi_kind, peers.rank,
    peers.instansi_code

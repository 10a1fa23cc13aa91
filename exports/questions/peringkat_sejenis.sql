-- Peringkat indeks tiap instansi di antara yang sejenis dan di provinsinya; tanpa yang tak terdaftar negara.
-- The rank of each agency's index among its kind, and in its province; not of one that no state's list has.
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

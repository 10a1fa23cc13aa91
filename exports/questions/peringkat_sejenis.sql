-- Peringkat berapa indeks tiap instansi di antara yang sejenis dan di provinsinya; bila tidak ada, mengapa?
-- What rank has the index of each agency among its kind, and among its kind in its province; if none, why?
with indices as (
    select
        instansi.instansi_code,
        instansi.instansi_name,
        instansi.instansi_kind,
        instansi.is_mapped,
        score.period,
        score.rulebook_id,
        score.stage,
        score.node_id,
        score.score,
        score.is_rulebook_of_year,
        unnest(
            case
                when instansi.instansi_kind in ('kabupaten', 'kota') then ['kind', 'province']
                else ['kind']
            end
        ) as kelompok
    from dim_instansi as instansi
    left join fct_scores as score
        on
            instansi.instansi_code = score.instansi_code
            and score.unit_kind = 'instansi'
            and score.node_kind = 'index'
),

-- Lists in which some agencies are compared.
compared as (
    select distinct
        period,
        rulebook_id,
        stage
    from fct_peers
)

select
    indices.instansi_code,
    indices.instansi_name,
    indices.instansi_kind,
    indices.period,
    indices.rulebook_id,
    indices.stage,
    indices.kelompok,
    indices.score as indeks_tepat,
    peers.rank as peringkat,
    peers.units as dari,
    peers.sharing as berbagi_peringkat,
    nearest.instansi_name as terdekat_di_atas,
    case
        when peers.rank is not null then null
        when indices.node_id is null then 'belum ada indeks instansi ini'
        when indices.score is null then 'indeksnya belum dapat dihitung: terlalu sedikit yang dijawab'
        when not indices.is_mapped
            then 'tidak ada dalam daftar kabupaten, kota, dan provinsi negara, jadi tidak dibandingkan'
        when compared.stage is null
            then 'tabel indeks terbit untuk peraturan, tahun, dan tahap ini belum dimuat: tanpa pembanding'
        when indices.kelompok = 'province' then 'satu-satunya yang sejenis di provinsinya pada tabel itu'
        else 'satu-satunya yang sejenis pada tabel itu'
    end as sebab_tanpa_peringkat,
    indices.is_rulebook_of_year as peraturan_tahun_itu
from indices
left join fct_peers as peers
    on
        indices.instansi_code = peers.instansi_code
        and indices.period = peers.period
        and indices.rulebook_id = peers.rulebook_id
        and indices.stage = peers.stage
        and indices.node_id = peers.node_id
        and indices.kelompok = peers.peer_group
left join compared
    on
        indices.period = compared.period
        and indices.rulebook_id = compared.rulebook_id
        and indices.stage = compared.stage
left join dim_instansi as nearest on peers.above_code = nearest.instansi_code
order by
    indices.rulebook_id, indices.period, indices.stage, indices.kelompok, indices.instansi_kind, peers.rank,
    indices.instansi_code

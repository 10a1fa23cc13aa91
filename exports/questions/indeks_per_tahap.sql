-- Berapa indeks tiap instansi menurut peraturan, tahun, dan tahap; apa predikatnya dan seberapa yakin kita?
-- What is the index of each agency by regulation, year and stage; what is its predicate, and how sure are we?
select
    instansi.instansi_code,
    instansi.instansi_name,
    score.period,
    score.rulebook_id,
    score.stage,
    score.printed as indeks,
    score.predicate as predikat,
    score.published as indeks_terbit,
    score.band_low as rentang_bawah,
    score.band_high as rentang_atas,
    score.coverage as cakupan,
    score.is_rulebook_of_year as peraturan_tahun_itu
from fct_scores as score
inner join dim_instansi as instansi on score.instansi_code = instansi.instansi_code
where score.node_kind = 'index' and score.unit_kind = 'instansi'
order by instansi.instansi_code, score.period, score.rulebook_id, score.stage

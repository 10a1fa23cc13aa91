-- Seberapa jauh bukti yang sama terbaca menurut peraturan lain, dan indikator apa yang belum ada di sana?
select
    instansi_code,
    period,
    stage,
    rulebook_id,
    as_rulebook_id as menurut_peraturan,
    score as indeks,
    score_as as indeks_bagian_terpetakan,
    band_low_as as rentang_bawah,
    band_high_as as rentang_atas,
    share_mapped as bagian_terpetakan,
    share_same as bagian_sama,
    not_mapped as indikator_belum_terpetakan
from fct_index_by_rulebook
where unit_kind = 'instansi'
order by instansi_code, period, stage, rulebook_id, as_rulebook_id

-- Bagaimana bukti yang sama terbaca menurut peraturan lain (tidak resmi), dan apa yang belum ada di sana?
-- How does the same evidence read under another regulation (unofficially), and what is not there yet?
select
    instansi_code,
    period,
    stage,
    rulebook_id,
    as_rulebook_id as menurut_peraturan,
    round(score, 10) as indeks_asal,
    round(score_as, 10) as indeks_bagian_terpetakan,
    round(band_low_as, 10) as rentang_terpetakan_bawah,
    round(band_high_as, 10) as rentang_terpetakan_atas,
    share_mapped as bagian_terpetakan,
    round(band_low_same, 10) as rentang_sama_bawah,
    round(band_high_same, 10) as rentang_sama_atas,
    share_same as bagian_sama,
    not_mapped as indikator_belum_terpetakan
from fct_index_by_rulebook
where unit_kind = 'instansi'
order by instansi_code, period, stage, rulebook_id, as_rulebook_id

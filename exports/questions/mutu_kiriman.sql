-- Siapa mengirim apa, berapa baris yang diterima dan dikarantina, dan berapa persen yang lolos?
-- Who sends what, how many rows come and are quarantined, and what per cent passes?
select
    instansi_code,
    opd_code,
    kind,
    count(*) as berkas,
    count(*) filter (where status = 'rejected') as berkas_ditolak,
    sum(rows_received) as baris_diterima,
    sum(rows_loaded) as baris_dimuat,
    sum(rows_quarantined) as baris_dikarantina,
    round(100 * sum(rows_loaded) / nullif(sum(rows_received), 0), 2) as persen_lolos
from fct_intake_files
where status <> 'duplicate'
group by instansi_code, opd_code, kind
order by instansi_code, opd_code, kind

-- Pada hari apa saja, sampai akhir bulan kiriman terakhir, log gerbang tidak ada, dan OPD mana wajib kirim?
-- On which days, up to the end of the last month that anything came of, is a log missing, and who owes it?
-- Hari sesudah dilihat_sampai belum terdaftar, walau gerbangnya diam.
select
    missing.instansi_code,
    missing.log_format,
    missing.day as hari,
    (
        select string_agg(opd.opd_name, '; ' order by opd.opd_name)
        from dim_opd as opd
        where opd.instansi_code = missing.instansi_code and list_contains(missing.owed_by, opd.opd_code)
    ) as wajib_dikirim_oleh,
    missing.is_overdue as lewat_tenggang,
    missing.last_day_before as hari_berlog_sebelumnya,
    missing.next_day_after as hari_berlog_berikutnya,
    missing.records as rekaman,
    instansi.measured_to as dilihat_sampai
from fct_missing_log_days as missing
left join dim_instansi as instansi on missing.instansi_code = instansi.instansi_code
order by missing.instansi_code, missing.log_format, missing.day

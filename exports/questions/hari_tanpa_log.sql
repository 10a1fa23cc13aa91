-- Pada hari apa saja log suatu gerbang tidak ada, dan OPD mana yang wajib mengirimnya?
-- On which days is the log of a gateway missing, and which OPD owes it?
-- Sampai akhir bulan terakhir yang ada kirimannya: hari sesudahnya belum terdaftar, walau gerbangnya diam.
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
    missing.records as rekaman
from fct_missing_log_days as missing
order by missing.instansi_code, missing.log_format, missing.day

-- Data katalog mana yang lewat jadwal pemutakhirannya sendiri, milik siapa, terlambat berapa hari?
-- Which data sets of the catalogue are past their own schedule, whose are they, and by how many days?
select
    dataset.instansi_code,
    dataset.producer_opd,
    opd.opd_name,
    dataset.dataset_code,
    dataset.dataset_name,
    dataset.update_frequency as jadwal_pemutakhiran,
    dataset.last_updated as terakhir_dimutakhirkan,
    dataset.measured_to as hari_ukur,
    dataset.age_days as umur_hari,
    dataset.allowed_days as hari_yang_dibolehkan,
    dataset.age_days - dataset.allowed_days as terlambat_hari
from fct_datasets as dataset
left join dim_opd as opd
    on dataset.instansi_code = opd.instansi_code and dataset.producer_opd = opd.opd_code
where dataset.is_late
order by dataset.instansi_code, terlambat_hari desc, dataset.dataset_code

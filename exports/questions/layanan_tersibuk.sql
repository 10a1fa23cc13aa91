-- Layanan mana yang paling banyak dipanggil, oleh berapa OPD, dan berapa persen yang berhasil?
-- Which services are called most, by how many OPDs, and what per cent succeeds?
select
    instansi_code,
    provider_opd,
    provider_system,
    service_code,
    sum(calls) as panggilan,
    count(distinct consumer_opd) as opd_pemanggil,
    round(100 * sum(succeeded) / nullif(sum(calls), 0), 2) as persen_berhasil,
    min(day) as hari_pertama,
    max(day) as hari_terakhir
from fct_calls_daily
group by instansi_code, provider_opd, provider_system, service_code
order by panggilan desc, instansi_code, provider_opd, provider_system, service_code

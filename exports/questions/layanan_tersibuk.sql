-- Layanan mana yang paling banyak dipanggil, oleh berapa OPD dalam daftar, dan berapa persen yang berhasil?
-- Which services are called most, by how many OPDs of the register, and what per cent succeeds?
select
    calls.instansi_code,
    calls.provider_opd,
    calls.provider_system,
    calls.service_code,
    sum(calls.calls) as panggilan,
    count(distinct opd.opd_code) as opd_pemanggil,
    count(distinct calls.consumer_opd) filter (where opd.opd_code is null) as pemanggil_lain,
    round(100 * sum(calls.succeeded) / nullif(sum(calls.calls), 0), 2) as persen_berhasil,
    min(calls.day) as hari_pertama,
    max(calls.day) as hari_terakhir
from fct_calls_daily as calls
left join dim_opd as opd
    on calls.instansi_code = opd.instansi_code and calls.consumer_opd = opd.opd_code and opd.is_mapped
group by calls.instansi_code, calls.provider_opd, calls.provider_system, calls.service_code
order by
    panggilan desc, calls.instansi_code, calls.provider_opd, calls.provider_system, calls.service_code

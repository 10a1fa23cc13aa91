-- Bagaimana mutu tiap layanan: seberapa berhasil, tersedia, dan cepat, dan dipakai berapa OPD?
select
    quality.instansi_code,
    quality.provider_opd,
    opd.opd_name,
    quality.provider_system,
    system.system_name,
    quality.service_code,
    quality.window_kind,
    quality.window_start,
    quality.window_end,
    quality.calls as panggilan,
    round(100 * quality.success_rate, 2) as persen_keberhasilan,
    round(100 * quality.availability, 2) as persen_ketersediaan,
    quality.p95_ms,
    quality.consumers as opd_pengguna,
    quality.unknown_reason_label as sebab_tidak_terukur
from fct_service_quality as quality
left join dim_opd as opd
    on quality.instansi_code = opd.instansi_code and quality.provider_opd = opd.opd_code
left join dim_system as system
    on quality.instansi_code = system.instansi_code and quality.provider_system = system.system_code
order by
    quality.instansi_code, quality.window_end desc, quality.window_kind, quality.calls desc,
    quality.provider_opd, quality.provider_system, quality.service_code

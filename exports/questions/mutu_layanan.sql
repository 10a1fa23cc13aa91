-- Seberapa berhasil, tersedia, dan cepat tiap layanan per jendela waktu, dan OPD mana yang memakainya?
-- How successful, available and fast is each service per window, and which OPDs use it?
with users as (
    select
        used.instansi_code,
        used.window_kind,
        used.window_start,
        used.provider_opd,
        used.provider_system,
        used.service_code,
        string_agg(coalesce(opd.opd_name, used.consumer_opd), '; ' order by opd.opd_name) as names
    from (
        select
            *,
            unnest(consumer_opds) as consumer_opd
        from fct_service_quality
    ) as used
    left join dim_opd as opd
        on used.instansi_code = opd.instansi_code and used.consumer_opd = opd.opd_code
    group by all
)

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
    users.names as nama_opd_pengguna,
    quality.unknown_reason_label as sebab_tidak_terukur
from fct_service_quality as quality
left join users
    on
        quality.instansi_code = users.instansi_code
        and quality.window_kind = users.window_kind
        and quality.window_start = users.window_start
        and quality.provider_opd is not distinct from users.provider_opd
        and quality.provider_system is not distinct from users.provider_system
        and quality.service_code is not distinct from users.service_code
left join dim_opd as opd
    on quality.instansi_code = opd.instansi_code and quality.provider_opd = opd.opd_code
left join dim_system as system
    on quality.instansi_code = system.instansi_code and quality.provider_system = system.system_code
order by
    quality.instansi_code, quality.window_end desc, quality.window_kind, quality.calls desc,
    quality.provider_opd, quality.provider_system, quality.service_code

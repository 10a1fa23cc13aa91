-- Sistem aktif mana yang tidak bertukar data dengan siapa pun, dan milik OPD mana?
-- Which active systems exchange data with nobody, and which OPD owns them?
select
    system.instansi_code,
    opd.opd_name,
    system.system_code,
    system.system_name,
    system.url,
    system.has_api,
    system.hosting,
    system.builder_kind as dibuat_oleh,
    system.vendor_name,
    system.is_third_party as pihak_ketiga
from dim_system as system
left join dim_opd as opd
    on system.instansi_code = opd.instansi_code and system.opd_code = opd.opd_code
where system.is_silo
order by system.instansi_code, opd.opd_name, system.system_code

-- Kontrak pihak ketiga mana yang berakhir, segera berakhir, atau tidak ada, pada sistem apa, milik OPD mana?
-- Which third-party contracts end, end soon or are missing, for which system, of which OPD?
select
    contract.instansi_code,
    contract.opd_code,
    opd.opd_name,
    contract.system_code,
    contract.system_name,
    contract.vendor_name,
    contract.is_third_party as pihak_ketiga,
    system.builder_kind as pembangun,
    system.hosting,
    contract.contract_no as nomor_kontrak,
    contract.contract_kind as jenis_pekerjaan,
    contract.starts_on as mulai,
    contract.ends_on as berakhir,
    contract.measured_to as hari_ukur,
    contract.days_left as sisa_hari,
    contract.last_complete_day as hari_lengkap_terakhir,
    contract.days_left_on_last_day as sisa_hari_dari_hari_terakhir,
    contract.status as status_kontrak,
    contract.status_label as keterangan_status,
    case
        when contract.status in ('missing', 'unknown') then contract.status
        when contract.starts_on > contract.last_complete_day then 'not_started'
        when contract.days_left_on_last_day < 0 then 'ended'
        when contract.days_left_on_last_day <= soon.value then 'ends_soon'
        else 'runs'
    end as status_pada_hari_terakhir,
    contract.unknown_reason_label as sebab_tidak_diketahui,
    case when contract.status <> 'unknown' then contract.has_valid_contract end as punya_kontrak_berlaku
from fct_contracts as contract
left join dim_opd as opd
    on contract.instansi_code = opd.instansi_code and contract.opd_code = opd.opd_code
left join dim_system as system
    on contract.instansi_code = system.instansi_code and contract.system_code = system.system_code
left join dim_rule_parameter as soon on soon.rule_id = 'contracts' and soon.parameter = 'ends_within'
order by
    contract.instansi_code, contract.days_left, contract.opd_code, contract.system_code, contract.contract_no

select
    systems.instansi_code,
    systems.system_code,
    systems.opd_code
from {{ ref('dim_system') }} as systems
left join {{ ref('dim_opd') }} as opds
    on
        systems.instansi_code = opds.instansi_code
        and systems.opd_code = opds.opd_code
where opds.opd_code is null and systems.opd_code not like 'EXT:%'

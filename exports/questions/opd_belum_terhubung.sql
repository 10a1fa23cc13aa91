-- OPD aktif mana yang belum pernah memanggil atau dipanggil OPD lain, di instansi yang mengirim log?
select
    opd.instansi_code,
    opd.opd_code,
    opd.opd_name,
    opd.opd_kind
from dim_opd as opd
where
    opd.is_active
    and exists (
        select 1
        from fct_log_quality as log
        where log.instansi_code = opd.instansi_code
    )
    and not exists (
        select 1
        from fct_exchange_edges as edge
        where
            edge.instansi_code = opd.instansi_code
            and edge.is_observed
            and edge.consumer_opd <> edge.provider_opd
            and opd.opd_code in (edge.consumer_opd, edge.provider_opd)
    )
order by opd.instansi_code, opd.opd_code

-- OPD aktif mana yang dalam log yang diterima tidak tampak memanggil atau dipanggil OPD lain?
-- Which active OPDs are not seen in the received logs to call or be called by another OPD?
with logs as (
    select
        instansi_code,
        min(day) as first_day,
        max(day) as last_day,
        count(distinct day) as days
    from fct_calls_daily
    group by instansi_code
),

unnamed as (
    select
        calls.instansi_code,
        sum(calls.calls)::bigint as calls
    from fct_calls_daily as calls
    where
        calls.consumer_opd is null
        or not starts_with(calls.consumer_opd, 'EXT:')
        and not exists (
            select 1
            from dim_opd as known
            where known.instansi_code = calls.instansi_code and known.opd_code = calls.consumer_opd
        )
    group by calls.instansi_code
)

select
    opd.instansi_code,
    opd.opd_code,
    opd.opd_name,
    opd.opd_kind,
    logs.first_day as log_dari,
    logs.last_day as log_sampai,
    coalesce(logs.days, 0) as hari_berlog,
    exists(
        select 1
        from fct_exchange_edges as edge
        where
            edge.instansi_code = opd.instansi_code
            and edge.consumer_opd <> edge.provider_opd
            and opd.opd_code in (edge.consumer_opd, edge.provider_opd)
    ) as dinyatakan_bertukar,
    exists(
        select 1
        from dim_system as system
        where
            system.instansi_code = opd.instansi_code
            and system.opd_code = opd.opd_code
    ) as inventaris_diterima,
    coalesce(unnamed.calls, 0) as panggilan_tanpa_pemanggil_dikenal
from dim_opd as opd
left join logs on opd.instansi_code = logs.instansi_code
left join unnamed on opd.instansi_code = unnamed.instansi_code
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

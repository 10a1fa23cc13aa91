-- Temuan apa yang masih terbuka atau belum dilihat lagi (unseen), sejak kapan, dan di mana buktinya?
-- Which findings are open or were not looked at again (unseen), since when, and where is their evidence?
select
    instansi_code,
    unit_kind,
    unit_code,
    unit_name,
    severity,
    rule_id,
    finding_system as sistem_temuan,
    finding_service as layanan_temuan,
    finding_node as indikator_temuan,
    statement,
    evidence,
    first_seen,
    last_seen,
    status
from fct_findings
where status <> 'closed'
order by instansi_code, finding_rank

-- Temuan apa yang masih terbuka atau belum dilihat lagi (unseen), sejak kapan, dan di mana buktinya?
select
    instansi_code,
    unit_kind,
    unit_code,
    unit_name,
    severity,
    rule_id,
    statement,
    evidence,
    first_seen,
    last_seen,
    status
from fct_findings
where status <> 'closed'
order by instansi_code, finding_rank

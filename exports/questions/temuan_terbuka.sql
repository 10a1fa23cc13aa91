-- Temuan apa yang masih terbuka, sejak kapan, dan di mana buktinya?
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
    last_seen
from fct_findings
where status = 'open'
order by instansi_code, finding_rank

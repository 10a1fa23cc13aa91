select
    missing.instansi_code,
    missing.log_format,
    missing.day,
    missing.owed_by,
    missing.is_overdue,
    missing.last_day_before,
    missing.next_day_after,
    coalesce(days.records, 0) as records
from {{ ref('int_log_days__missing') }} as missing
left join {{ ref('fct_call_days') }} as days
    on
        missing.instansi_code = days.instansi_code
        and missing.log_format = days.log_format
        and missing.day = days.day

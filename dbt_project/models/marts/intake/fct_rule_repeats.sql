with broken as (

    select
        instansi_code,
        answer_opd_code as opd_code,
        kind,
        file_id,
        is_open,
        received_on,
        {{ unnest_list('rules') }} as rule_id
    from {{ ref('int_refused_rows__addressed') }}

)

select
    instansi_code,
    opd_code,
    kind,
    rule_id,
    count(distinct file_id) as files,
    count(distinct {{ month_text('received_on') }}) as months,
    count(*) as rows_broken,
    count(*) filter (where is_open) as rows_open,
    min(received_on) as first_broken_on,
    max(received_on) as last_broken_on,
    count(distinct file_id) > 1 and max(received_on) > min(received_on) as is_repeated
from broken
group by instansi_code, opd_code, kind, rule_id

with files as (

    select * from {{ source('raw', 'intake_files') }}

),

left_out as (

    select
        found.file_id,
        sum(found.count) filter (where coalesce(codes.counts, 'rows') = 'rows') as rows_left_out,
        bool_or(coalesce(codes.is_content, true)) as has_content
    from {{ source('raw', 'left_out') }} as found
    left join {{ ref('left_out_codes') }} as codes on found.code = codes.code
    group by found.file_id

)

select
    files.instansi_code,
    files.kind,
    files.log_format,
    files.opd_code,
    addressed.answer_opd_code,
    files.period,
    files.file_name,
    files.file_id,
    files.file_sha256,
    files.size_bytes,
    files.status,
    files.rows_received,
    files.rows_loaded,
    files.rows_quarantined,
    case
        when files.status in ('duplicate', 'waiting') then 0
        else {{ bigint_within('coalesce(left_out.rows_left_out, 0)') }}
    end as rows_left_out,
    case
        when files.status in ('duplicate', 'waiting') then null
        when files.status = 'rejected' and files.rows_received = 0 then false
        else not coalesce(left_out.has_content, false)
    end as is_whole,
    files.warnings,
    files.reason,
    files.reason_code,
    files.reason_text,
    files.contract_version,
    files.received_at,
    files.is_correction,
    files.rows_corrected,
    files.status = 'rejected' and files.rows_received = 0 and files.file_order = max(files.file_order) over (
        partition by
            files.instansi_code,
            files.kind,
            regexp_replace(files.file_name, '([.][A-Za-z0-9]{1,5})+$', '')
    ) as is_open
from files
left join left_out on files.file_id = left_out.file_id
left join {{ ref('int_files__addressed') }} as addressed
    on files.file_name = addressed.file_name and files.file_id = addressed.file_id

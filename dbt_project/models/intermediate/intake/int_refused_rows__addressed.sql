with refused as (

    select *
    from {{ source('raw', 'quarantine') }}

),

settings as (

    select time_zone from {{ source('raw', 'run_settings') }}

)

select
    refused.instansi_code,
    refused.kind,
    refused.opd_code,
    coalesce(opds.opd_code, refused.sender_code) as answer_opd_code,
    refused.period,
    refused.file_id,
    refused.file_sha256,
    refused.file_name,
    refused.row_number,
    refused.row_place,
    refused.rules,
    refused.messages,
    refused.broken,
    refused.raw_row,
    refused.is_open,
    refused.closed_by,
    refused.received_at,
    refused.opened_at,
    refused.closed_at,
    {{ local_day('refused.received_at', 'settings.time_zone') }} as received_on,
    {{ local_day('refused.opened_at', 'settings.time_zone') }} as opened_on,
    {{ local_day('refused.closed_at', 'settings.time_zone') }} as closed_on
from refused
cross join settings
left join {{ ref('int_opd__resolved') }} as opds
    on
        refused.instansi_code = opds.instansi_code
        and refused.opd_code = opds.opd_code
        and opds.is_mapped

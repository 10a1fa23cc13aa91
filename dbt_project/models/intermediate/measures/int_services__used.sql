with opds as (

    select * from {{ ref('int_units__windowed') }}
    where unit_kind = 'opd'

)

select distinct
    calls.instansi_code,
    calls.window_kind,
    calls.window_start,
    calls.provider_opd,
    calls.provider_system,
    calls.service,
    consumers.unit_code as consumer_opd
from {{ ref('int_calls__windowed') }} as calls
left join opds as consumers
    on
        {{ same_window('calls', 'consumers') }}
        and calls.consumer_opd = consumers.unit_code
        and calls.succeeded > 0

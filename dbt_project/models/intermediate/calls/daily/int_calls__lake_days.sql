with files as (

    select * from {{ source('lake', 'service_call_files') }}

),

-- A call has its sides on one day or on two that touch.
touched as (

    select
        file_id,
        records,
        day as lies_on,
        unnest([{{ day_plus('day', -1) }}, day, {{ day_plus('day', 1) }}]) as day
    from files

)

select
    day,
    bit_xor(hash(file_id, lies_on, records)) as day_version,
    cast(sum(records) filter (where lies_on = day) as bigint) as records,
    day in (select pending.day from {{ source('raw', 'pending_days') }} as pending) as waits
from touched
group by day
having count(*) filter (where lies_on = day) > 0

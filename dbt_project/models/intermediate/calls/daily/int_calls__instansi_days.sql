with owners as (

    select distinct
        file_id,
        instansi_code
    from {{ source('raw', 'intake_files') }}
    where kind = 'service_log'

),

shared as (

    select * from {{ ref('int_calls__shared_files') }}

),

-- A call has its sides on one day or on two that touch.
touched as (

    select
        owners.instansi_code,
        files.file_id,
        files.records,
        files.day as lies_on,
        unnest([{{ day_plus('files.day', -1) }}, files.day, {{ day_plus('files.day', 1) }}]) as day
    from {{ source('lake', 'service_call_files') }} as files
    inner join owners on files.file_id = owners.file_id

),

own as (

    select
        day,
        instansi_code,
        bit_xor(hash(file_id, lies_on, records)) as version,
        cast(sum(records) filter (where lies_on = day) as bigint) as records
    from touched
    group by day, instansi_code
    having count(*) filter (where lies_on = day) > 0

),

-- Of a day that waits for no instansi by name, everybody waits.
waiting as (

    select
        days.day,
        waits.instansi_code
    from {{ source('raw', 'pending_days') }} as days
    left join {{ source('raw', 'pending_instansi') }} as waits on days.day = waits.day

),

waiting_sets as (

    select distinct shared.set_key
    from shared
    inner join waiting on shared.day = waiting.day and shared.instansi_code = waiting.instansi_code

),

with_others as (

    select
        shared.day,
        shared.instansi_code,
        bit_xor(hash(shared.set_key)) as version,
        bool_or(waiting_sets.set_key is not null) as waits
    from (
        select distinct
            day,
            instansi_code,
            set_key
        from shared
    ) as shared
    left join waiting_sets on shared.set_key = waiting_sets.set_key
    group by shared.day, shared.instansi_code

)

select
    own.day,
    own.instansi_code,
    {{ hashed(['own.version', 'with_others.version']) }} as day_version,
    own.records,
    coalesce(with_others.waits, false)
    or exists (
        select 1 from waiting
        where waiting.day = own.day and coalesce(waiting.instansi_code, own.instansi_code) = own.instansi_code
    ) as waits
from own
left join with_others on own.day = with_others.day and own.instansi_code = with_others.instansi_code

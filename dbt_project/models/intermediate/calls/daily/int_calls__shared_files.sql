{%- set records = ref('stg_service_log__records') %}
-- depends_on: {{ ref('int_calls__lake_days') }}
with sides as (

    select
        {{ call_key() }} as call_key,
        for_day,
        day = for_day as is_of_day,
        instansi_code,
        {{ file_number('file_id') }} as file_number
    from {{ records_of_days(records, beside=true) }} as records
    where
        side is not null
        and has_own_id
        and {{ has_global_ids('log_format') }}
        -- Where no call can stand in two logs, none is looked for.
        and {{ has_joint_logs() | string | lower }}

),

shared_calls as materialized (

    select call_key
    from sides
    group by call_key
    having min(instansi_code) < max(instansi_code) and bool_or(is_of_day)

),

holders as materialized (

    select distinct
        call_key,
        for_day,
        instansi_code,
        file_number
    from sides
    where call_key in (select shared_calls.call_key from shared_calls)

),

-- Most calls stand in few sets of files, and a set says no more than its files do.
sets as (

    select
        call_key,
        {{ hashed(['for_day', 'sum(hash(file_number))']) }} as set_key
    from holders
    group by call_key, for_day

),

files as (

    select distinct
        file_id,
        {{ file_number('file_id') }} as file_number
    from {{ source('lake', 'service_call_files') }}

)

select
    shared.day,
    shared.set_key,
    shared.instansi_code,
    files.file_id,
    lake_days.day_version
from (
    select distinct
        holders.for_day as day,
        sets.set_key,
        holders.instansi_code,
        holders.file_number
    from holders
    inner join sets using (call_key)
) as shared
inner join files on shared.file_number = files.file_number
inner join {{ ref('int_calls__lake_days') }} as lake_days on shared.day = lake_days.day

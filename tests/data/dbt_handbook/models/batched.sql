{{ config(
    materialized='incremental', incremental_strategy='microbatch', event_time='day', begin='2026-10-01', batch_size='day'
) }}
select id, day from {{ source('raw', 'calls') }}

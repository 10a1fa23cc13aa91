{{ config(materialized='incremental', incremental_strategy='merge', unique_key='id') }}
select id, value from {{ source('raw', 'calls') }}
{% if is_incremental() %} where id >= (select max(id) from {{ this }}) {% endif %}

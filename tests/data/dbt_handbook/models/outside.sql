{{ config(materialized='external', location=env_var('SPBE_WAREHOUSE') ~ '.parquet', contract={'enforced': false}) }}
select id from {{ ref('tabled') }}

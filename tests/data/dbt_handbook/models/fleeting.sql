{{ config(materialized='ephemeral', contract={'enforced': false}) }}
select id + 100 as id from {{ ref('tabled') }}

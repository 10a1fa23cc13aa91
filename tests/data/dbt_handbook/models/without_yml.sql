{{ config(materialized='table', contract={'enforced': false}) }}
select * from {{ ref('fleeting') }}

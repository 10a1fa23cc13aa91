{{ config(materialized='table', tags=['refused']) }}
select 1 as id

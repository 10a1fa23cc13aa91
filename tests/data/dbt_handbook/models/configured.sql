{{ config(materialized='table', indexes=[{'columns': ['id'], 'unique': true}], sql_header="set variable ten = 10;") }}
select id, cast(getvariable('ten') as integer) as ten from {{ ref('tabled') }}

{{ config(materialized=env_var('TURNS_INTO', 'view')) }}
select id from {{ ref('tabled') }}

{{ config(
    materialized='table',
    pre_hook=["create table if not exists main.hooks (said varchar)", "insert into main.hooks values ('before')"],
    post_hook=["insert into main.hooks select 'after ' || count(*) from {{ this }}", after_commit("insert into main.hooks values ('committed')")]
) }}
select id from {{ ref('tabled') }}

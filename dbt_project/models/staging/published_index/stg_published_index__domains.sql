with source as (

    select * from {{ source('raw', 'published_index') }}

),

rulebooks as (

    select *
    from {{ ref('rulebooks') }}
    where regulation is not null

),

columns_mapped as (

    select * from {{ ref('published_index_nodes') }}

)

select
    source.agency as printed_name,
    source.category,
    cast(source.year as varchar) as period,
    rulebooks.rulebook_id,
    columns_mapped.node_id,
    case columns_mapped.column_name
        when 'domain_kebijakan' then source.domain_kebijakan
        when 'domain_tata_kelola' then source.domain_tata_kelola
        when 'domain_manajemen' then source.domain_manajemen
        when 'domain_layanan' then source.domain_layanan
    end as observed,
    case when columns_mapped.column_name = 'index' then source.index end as published,
    case when columns_mapped.column_name = 'index' then source.predikat end as published_predicate,
    source._file_id as file_id,
    source._file_sha256 as file_sha256,
    source._file_name as file_name,
    source._row_number as row_number,
    source._received_at as received_at,
    source._file_order as file_order
from source
inner join rulebooks
    on source.year between rulebooks.first_eval_year and coalesce(rulebooks.last_eval_year, 9999)
inner join columns_mapped on rulebooks.rulebook_id = columns_mapped.rulebook_id

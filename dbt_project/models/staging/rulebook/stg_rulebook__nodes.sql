with source as (

    select * from {{ source('raw', 'rulebook') }}

)

select
    rulebook_id,
    node_id,
    parent_id,
    case when parent_id is null then 'index' else coalesce(kind, 'node') end as node_kind,
    name,
    weight,
    coalesce(method, 'arithmetic') as method,
    title,
    scale_min,
    scale_max,
    availability_threshold,
    missing_counts_as,
    _file_sha256 as file_sha256,
    _file_name as file_name,
    _row_number as row_number
from source
-- A rulebook is known by its id: the last file that carries it is the rulebook.
qualify _file_order = max(_file_order) over (partition by rulebook_id)

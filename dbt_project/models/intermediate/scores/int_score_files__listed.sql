with files as (

    select distinct
        file_order,
        file_sha256,
        file_name,
        received_at
    from {{ ref('int_scores__received') }}

)

select
    cast(row_number() over (order by file_order, file_sha256, file_name, received_at) as integer) as file_no,
    file_order,
    file_sha256,
    file_name,
    received_at
from files

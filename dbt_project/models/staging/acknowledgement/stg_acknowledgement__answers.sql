with source as (

    select * from {{ source('raw', 'acknowledgements') }}

),

named as (

    select
        *,
        regexp_extract(
            bundle,
            '^spbe-(.+)-([0-9]{4}(?:-[0-9]{2})?)-v([0-9]+)$',
            ['instansi_code', 'period', 'version']
        ) as parts
    from source

)

select
    parts['instansi_code'] as instansi_code,
    parts['period'] as period,
    cast(parts['version'] as bigint) as version,
    bundle,
    status,
    reasons,
    received_at
from named
where parts['version'] <> ''
-- The last answer on a bundle counts.
qualify row_number() over (partition by bundle order by answer_order desc) = 1

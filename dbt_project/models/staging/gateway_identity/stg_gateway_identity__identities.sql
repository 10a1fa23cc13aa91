with source as (

    select * from {{ source('raw', 'gateway_identity') }}

),

roles as (

    select 'consumer' as role
    union all
    select 'provider' as role

)

-- `both` becomes two rows; one name of one role may be given again for another time.
select
    source._instansi_code as instansi_code,
    source.log_format,
    roles.role,
    source.identity,
    source.opd_code,
    source.system_code,
    source.service_code,
    coalesce(source.valid_from, cast('0001-01-01' as date)) as valid_from,
    coalesce(source.valid_to, cast('9999-12-31' as date)) as valid_to,
    source._file_sha256 as file_sha256,
    source._file_name as file_name,
    source._row_number as row_number,
    source._file_order as file_order
from source
inner join roles on source.role in (roles.role, 'both')
where source.identity is not null
qualify row_number() over (
    partition by source._instansi_code, source.log_format, roles.role, source.identity, source.valid_from
    order by source._file_order desc, source._row_number desc
) = 1

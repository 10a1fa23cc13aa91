-- The macros below write long lines.
-- noqa: disable=LT05
with agencies as (

    select
        agency,
        min(category) as category,
        {{ instansi_name_key('agency') }} as name_key
    from {{ ref('stg_published_index__domains') }}
    group by agency

),

regions as (

    select
        kode_kemendagri as instansi_code,
        {{ instansi_name_key('nama') }} as name_key
    from {{ ref('wilayah_kabupaten_kota') }}

),

aliases as (

    select
        instansi_code,
        {{ instansi_name_key('alias') }} as name_key
    from {{ ref('instansi_aliases') }}

),

matched as (

    select
        agencies.*,
        coalesce(aliases.instansi_code, regions.instansi_code) as kemendagri_code
    from agencies
    left join aliases on agencies.name_key = aliases.name_key
    -- A central body may share a region's name once the word in front is cut; it is never a region.
    left join regions on agencies.name_key = regions.name_key and coalesce(agencies.category, '') <> 'pusat'

)

select
    agency,
    coalesce(kemendagri_code, {{ slug('agency') }}) as instansi_code,
    case
        when kemendagri_code is null and lower(agency) like 'kementerian%' then 'kementerian'
        when kemendagri_code is null then 'lembaga'
    end as central_kind,
    kemendagri_code is not null as is_mapped
from matched

-- The macros below write long lines.
-- noqa: disable=LT05
with printed_names as (

    select
        printed_name,
        min(category) as category,
        {{ instansi_name_key('printed_name') }} as name_key
    from {{ ref('stg_published_index__domains') }}
    group by printed_name

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
        printed_names.*,
        coalesce(aliases.instansi_code, regions.instansi_code) as kemendagri_code
    from printed_names
    left join aliases on printed_names.name_key = aliases.name_key
    -- A central body may share a region's name once the word in front is cut; it is never a region.
    left join regions on printed_names.name_key = regions.name_key and coalesce(printed_names.category, '') <> 'pusat'

)

select
    printed_name,
    coalesce(kemendagri_code, {{ slug('printed_name') }}) as instansi_code,
    case
        when kemendagri_code is null and lower(printed_name) like 'kementerian%' then 'kementerian'
        when kemendagri_code is null then 'lembaga'
    end as central_kind,
    kemendagri_code is not null as is_mapped
from matched

-- The macros below write long lines.
-- noqa: disable=LT05
with codes as (

    select instansi_code from {{ source('raw', 'intake_files') }}
    union
    select instansi_code from {{ source('raw', 'run_settings') }}
    union
    select instansi_code from {{ source('raw', 'opd_register') }}
    union
    select instansi_code from {{ source('raw', 'published_figure') }}
    union
    select instansi_code from {{ source('raw', 'program_realization') }}
    union
    select instansi_code from {{ source('raw', 'program') }}
    union
    select instansi_code from {{ source('raw', 'smart_city_evaluation') }}
    union
    select instansi_code from {{ ref('stg_self_assessment__levels') }}
    union
    select instansi_code from {{ ref('int_units__scored') }}
    union
    select instansi_code from {{ ref('int_instansi_names__matched') }}

),

regions as (

    select
        kode_kemendagri as instansi_code,
        case when level = 'provinsi' then 'Provinsi ' || nama else nama end as instansi_name,
        case
            when level = 'provinsi' then 'provinsi'
            when lower(nama) like 'kota %' then 'kota'
            else 'kabupaten'
        end as instansi_kind
    from {{ ref('wilayah_kabupaten_kota') }}

),

named as (

    select
        instansi_code,
        instansi_name,
        instansi_kind
    from {{ source('raw', 'instansi_names') }}
    union all
    select
        instansi_code,
        instansi_name,
        instansi_kind
    from {{ ref('instansi_names') }}
    where instansi_code not in (select instansi_code from {{ source('raw', 'instansi_names') }})

),

-- Two spellings of one instansi share a code; the first by alphabet names it.
printed as (

    select
        instansi_code,
        min(printed_name) as instansi_name,
        min(central_kind) as instansi_kind
    from {{ ref('int_instansi_names__matched') }}
    group by instansi_code

)

select
    codes.instansi_code,
    coalesce(
        regions.instansi_name, named.instansi_name, printed.instansi_name, replace(codes.instansi_code, '-', ' ')
    ) as instansi_name,
    coalesce(regions.instansi_kind, named.instansi_kind, printed.instansi_kind, 'lainnya') as instansi_kind,
    regions.instansi_code is not null as is_mapped
from codes
left join regions on codes.instansi_code = regions.instansi_code
left join named on codes.instansi_code = named.instansi_code
left join printed on codes.instansi_code = printed.instansi_code
where codes.instansi_code is not null

-- Cells with a code that loaded, each beside the list it should stand on.
with cells as (

    select
        instansi_code,
        period,
        opd_code,
        function_code as code,
        left(function_code, 3) as list
    from {{ ref('int_systems__joined') }}
    where function_code is not null
    union all
    select
        instansi_code,
        period,
        opd_code,
        ral_code as code,
        'RAL' as list
    from {{ ref('int_systems__joined') }}
    where ral_code is not null
    union all
    select
        instansi_code,
        period,
        producer_opd as opd_code,
        rad_code as code,
        'RAD' as list
    from {{ ref('stg_dataset_catalogue__datasets') }}
    where rad_code is not null
    union all
    select
        instansi_code,
        period,
        provider_opd_code as opd_code,
        upper(trim({{ unnest_list('data_element') }})) as code,
        'element' as list
    from {{ ref('stg_declared_exchange__exchanges') }}

),

known as (

    select
        'RAL' as list,
        code
    from {{ ref('ref_layanan_ral') }}
    union all
    select
        'RAB' as list,
        code
    from {{ ref('ref_proses_bisnis_rab') }}
    union all
    select
        'RAD' as list,
        code
    from {{ ref('ref_data_rad') }}
    union all
    select
        'element' as list,
        element as code
    from {{ ref('data_elements') }}

),

judged as (

    select
        cells.instansi_code,
        cells.period,
        cells.opd_code,
        known.code is not null as is_known
    from cells
    left join known
        on
            cells.list = known.list
            and cells.code = known.code
    union all
    -- A row that was refused for a code which no list knows: its cell was received all the same.
    select
        instansi_code,
        coalesce(period, substr(cast(received_at as varchar), 1, 4)) as period,
        opd_code,
        false as is_known
    from {{ source('raw', 'quarantine') }}
    where array_to_string(rules, ' ') like '%.reference%'

),

counted as (

    select
        {{ unit_keys('units') }},
        count(judged.period) as cells,
        count(*) filter (where judged.is_known) as known
    from {{ ref('int_units__windowed') }} as units
    left join judged
        on
            units.instansi_code = judged.instansi_code
            and {{ period_touches('judged.period', 'units') }}
            and {{ counts_for('units', 'judged.opd_code') }}
    group by all

)

{{ measure_rows('I16', 'counted', shares=[('main', 'known', 'cells')]) }}

-- The macros below write long lines.
-- noqa: disable=LT05
-- Cells with a code that loaded, each beside the list it should stand on. A list that is sent again says the same
-- thing again: within a window a cell of one thing counts once.
with cells as (

    select
        instansi_code,
        period,
        opd_code,
        'system ' || system_code as thing,
        function_code as code,
        left(function_code, 3) as list
    from {{ ref('int_systems__joined') }}
    where function_code is not null
    union all
    select
        instansi_code,
        period,
        opd_code,
        'system ' || system_code as thing,
        ral_code as code,
        'RAL' as list
    from {{ ref('int_systems__joined') }}
    where ral_code is not null
    union all
    select
        instansi_code,
        period,
        producer_opd as opd_code,
        'dataset ' || dataset_code as thing,
        -- What an instansi numbers below a listed code is known with it, as the format knows it.
        concat_ws(
            '.', split_part(rad_code, '.', 1), split_part(rad_code, '.', 2), split_part(rad_code, '.', 3),
            nullif(split_part(rad_code, '.', 4), '')
        ) as code,
        'RAD' as list
    from {{ ref('stg_dataset_catalogue__datasets') }}
    where rad_code is not null
    union all
    select
        instansi_code,
        period,
        provider_opd_code as opd_code,
        'exchange ' || sender_code || ' ' || exchange_code as thing,
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
        cells.thing || ' ' || cells.list || ' ' || cells.code as cell,
        known.code is not null as is_known
    from cells
    left join known
        on
            cells.list = known.list
            and cells.code = known.code
    union all
    -- A row that was refused for a code which no list knows: its cell was received all the same, until it is mended.
    select
        instansi_code,
        coalesce(period, {{ year_text('received_at') }}) as period,
        owner_opd_code as opd_code,
        'row ' || file_id || ' ' || cast(row_number as varchar) as cell,
        false as is_known
    from {{ source('raw', 'quarantine') }}
    where is_open and len(list_filter(rules, lambda rule: rule like '%.reference')) > 0

),

counted as (

    select
        {{ unit_keys('units') }},
        count(distinct judged.cell) as cells,
        count(distinct judged.cell) filter (where judged.is_known) as known
    from {{ ref('int_units__windowed') }} as units
    left join judged
        on
            units.instansi_code = judged.instansi_code
            and {{ period_touches('judged.period', 'units') }}
            and {{ counts_for('units', 'judged.opd_code') }}
    group by all

)

{{ measure_rows('I16', 'counted', shares=[('main', 'known', 'cells')]) }}

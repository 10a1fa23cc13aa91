with windows as (

    {{ finding_windows() }}

),

systems_by_opd as (

    select
        instansi_code,
        window_start,
        window_kind,
        opd_code,
        count(*) as systems
    from {{ ref('int_systems__windowed') }}
    group by instansi_code, window_start, window_kind, opd_code

),

inventoried as (

    select distinct
        instansi_code,
        opd_code
    from {{ ref('int_systems__joined') }}

),

not_connected as (

    select
        edges.instansi_code,
        edges.opd_code,
        edges.window_start,
        edges.window_end,
        windows.window_words,
        coalesce(systems_by_opd.systems, 0) as systems,
        inventoried.opd_code is not null as has_inventory
    from {{ ref('int_opd_edges__windowed') }} as edges
    inner join windows on {{ same_window('edges', 'windows') }}
    left join systems_by_opd
        on
            {{ same_window('edges', 'systems_by_opd') }}
            and edges.opd_code = systems_by_opd.opd_code
    left join inventoried
        on
            edges.instansi_code = inventoried.instansi_code
            and edges.opd_code = inventoried.opd_code
    where edges.is_logged and not edges.is_provider and not edges.is_consumer

),

typed_twice as (

    select
        elements.*,
        windows.window_words
    from {{ ref('int_elements__typed') }} as elements
    inner join windows on {{ same_window('elements', 'windows') }}
    where elements.is_typed_twice

)

{{ finding_rows(
    'opd_not_connected',
    of='not_connected',
    opd='opd_code',
    key='opd_code',
    subject='opd_code',
    size='systems',
    parts={
        'active_systems': "case when has_inventory then " ~ number_text('systems')
            ~ " else 'belum diketahui (inventaris belum diterima)' end",
    },
    evidence="'fct_indicator_values: measure_id = I04, unit_code = ' || opd_code",
) }}
union all
{{ finding_rows(
    'data_typed_twice',
    of='typed_twice',
    opd='opd_code',
    key='element',
    subject='element',
    parts={
        'typed_into': "coalesce(typed_system_code, 'sistem tanpa kode')",
        'source_of_record': 'source_system_code',
    },
    evidence="'fct_intake_files: kind = declared_exchange; data_element ' || element",
) }}

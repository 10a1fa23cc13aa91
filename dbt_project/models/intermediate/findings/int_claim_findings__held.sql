with windows as (

    select
        *,
        window_end = max(window_end) over (partition by instansi_code) as is_last
    from ({{ finding_windows() }}) as listed

),

lived_years as (

    select distinct
        instansi_code,
        cast(year(window_start) as varchar) as year_text
    from windows

),

differing as (

    select
        figures.*,
        lived_years.year_text is not null as has_window
    from {{ ref('int_figures__compared') }} as figures
    left join lived_years
        on
            figures.instansi_code = lived_years.instansi_code
            and substr(figures.period, 1, 4) = lived_years.year_text
    where not figures.is_equal

),

-- A figure on a year that the instansi did not live in is told of in its last window.
compared_figures as (

    select
        differing.*,
        windows.window_start,
        windows.window_end,
        windows.window_words
    from differing
    inner join windows
        on
            differing.instansi_code = windows.instansi_code
            and case
                when differing.has_window
                    then
                        {{ year_text('windows.window_start') }} = {{ year_text('differing.period') }}
                        and (
                            length(differing.period) = 4
                            or {{ month_text('windows.window_start') }} = differing.period
                        )
                else windows.is_last
            end

),

leveled as (

    select
        leveled.*,
        nodes.number,
        nodes.name,
        windows.window_start,
        windows.window_end,
        windows.window_words
    from {{ ref('int_evidence__leveled') }} as leveled
    inner join {{ ref('rulebook_nodes') }} as nodes
        on
            leveled.rulebook_id = nodes.rulebook_id
            and leveled.node_id = nodes.node_id
    inner join windows
        on
            leveled.instansi_code = windows.instansi_code
            and leveled.period = {{ year_text('windows.window_start') }}
    where leveled.gap > 0

),

programs as (

    select
        programs.*,
        windows.window_start,
        windows.window_end,
        windows.window_words
    from {{ ref('int_programs__linked') }} as programs
    inner join windows
        on
            programs.instansi_code = windows.instansi_code
            and {{ period_touches('programs.period', 'windows') }}
    where
        programs.status = 'achieved'
        and programs.system_state <> 'in_use'

)

{{ finding_rows(
    'published_differs_from_field',
    of='compared_figures',
    opd='opd_code',
    key=joined_key('@', ['figure_id', 'period', 'sender_code']),
    subject='name',
    size='coalesce(gap_rel, 1e6)',
    parts={
        'published': number_text('published_value'),
        'field': number_text('compared_value'),
        'unit_of_figure': "
            case lower(unit)
                when 'percent' then 'persen'
                when 'users' then 'pengguna'
                when 'programs' then 'program'
                else coalesce(unit, '')
            end",
        'gap': "
            case
                when numerator is not null and denominator is not null
                    then ' (' || " ~ number_text('numerator') ~ " || ' dari ' || " ~ number_text('denominator') ~ " || ')'
                else ''
            end
            || coalesce(', selisih ' || " ~ number_text('100 * gap_rel') ~ " || ' persen dari lapangan', '')",
    },
    evidence="'fct_published_figures: figure_id = ' || figure_id || ', period = ' || period",
) }}
union all
{{ finding_rows(
    'declared_above_evidence',
    of='leveled',
    key='node_id',
    node='node_id',
    subject="number || ' (' || name || ')'",
    size='gap',
    parts={
        'declared': number_text('declared_level'),
        'supported': number_text('evidence_level'),
        'year': 'period',
        'failed_rule': "
            'untuk tingkat ' || stop_level || ' diperlukan ' || stop_sentence
            || case
                when stop_document_id is not null then ', dan dokumen itu tidak ada di antara yang berlaku'
                else ', sedangkan angkanya ' || " ~ number_text('found_value') ~ "
            end",
    },
    evidence="
        'fct_evidence_levels: rulebook_id = ' || rulebook_id || ', node_id = ' || node_id || ', period = ' || period",
) }}
union all
{{ finding_rows(
    'program_without_system',
    of='programs',
    opd='opd_code',
    key=joined_key('@', ['program_code', 'period']),
    subject='program_name',
    parts={
        'dimension': 'dimension',
        'system': "
            case system_state
                when 'not_named' then 'tidak menyebut sistem'
                when 'unknown' then 'menyebut sistem ' || system_code || ' yang tidak ada pada inventaris'
                when 'not_active' then 'menyebut sistem ' || system_name || ' yang tidak aktif'
                else 'menyebut sistem ' || system_name || ' yang tidak terlihat dipakai'
            end",
    },
    evidence="'fct_programs: program_code = ' || program_code || ', period = ' || period",
) }}

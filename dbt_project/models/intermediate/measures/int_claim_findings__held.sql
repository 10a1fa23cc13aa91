-- Months, and years to date of years that have no month: every window once, the smallest there is.
with windows as (

    select
        instansi_code,
        window_kind,
        window_start,
        window_end,
        {{ window_text('window_start', 'window_end') }} as window_words
    from {{ ref('int_windows__listed') }}
    qualify
        window_kind = 'month'
        or count(*) filter (where window_kind = 'month') over (
            partition by instansi_code, year(window_start)
        ) = 0

),

systems as (

    select
        systems.*,
        windows.window_words
    from {{ ref('int_systems__windowed') }} as systems
    inner join windows
        on
            systems.instansi_code = windows.instansi_code
            and systems.window_kind = windows.window_kind
            and systems.window_start = windows.window_start

),

settings as (

    select
        as_of,
        complaint_sla_hours
    from {{ source('raw', 'run_settings') }}

),

decisions as (

    select * from {{ ref('stg_overlap_decision__decisions') }}

),

-- Systems of two OPDs with one function code, unless a person said that they differ; and look-alikes of which
-- a person said that they do not.
same_functions as (

    select
        a.instansi_code,
        a.window_start,
        a.window_end,
        a.window_words,
        a.opd_code,
        coalesce(
            case when a.function_key = b.function_key then a.function_key end,
            least(a.system_code, b.system_code) || '+' || greatest(a.system_code, b.system_code)
        ) as finding_key,
        a.system_name,
        b.system_name as other_name,
        b.opd_code as other_opd
    from systems as a
    inner join systems as b
        on
            a.instansi_code = b.instansi_code
            and a.window_kind = b.window_kind
            and a.window_start = b.window_start
            and a.opd_code <> b.opd_code
    left join decisions
        on
            a.instansi_code = decisions.instansi_code
            and least(a.system_code, b.system_code) = decisions.system_code
            and greatest(a.system_code, b.system_code) = decisions.other_system_code
    where
        coalesce(decisions.decision, case when a.function_key = b.function_key then 'overlap' end) = 'overlap'

),

function_overlap as (

    select
        'function_overlap' as rule_id,
        same_functions.instansi_code,
        'opd' as unit_kind,
        same_functions.opd_code as unit_code,
        same_functions.finding_key,
        same_functions.window_start,
        same_functions.window_end,
        same_functions.window_words,
        coalesce(max(functions.name_id), same_functions.finding_key) as subject,
        string_agg(distinct same_functions.system_name, ', ' order by same_functions.system_name) as a,
        string_agg(
            distinct same_functions.other_name || ' (' || coalesce(opds.opd_name, same_functions.other_opd)
            || ')',
            ', ' order by
                same_functions.other_name || ' (' || coalesce(opds.opd_name, same_functions.other_opd) || ')'
        ) as b,
        cast(null as varchar) as c,
        cast(null as varchar) as d,
        cast(count(distinct same_functions.other_name) as double) as size,
        'fct_overlaps: opd_code or other_opd_code = ' || same_functions.opd_code || ', function_key = '
        || same_functions.finding_key as evidence
    from same_functions
    left join {{ ref('ref_layanan_ral') }} as functions on same_functions.finding_key = functions.code
    left join {{ ref('int_opd__resolved') }} as opds
        on
            same_functions.instansi_code = opds.instansi_code
            and same_functions.other_opd = opds.opd_code
    group by
        same_functions.instansi_code,
        same_functions.opd_code,
        same_functions.finding_key,
        same_functions.window_start,
        same_functions.window_end,
        same_functions.window_words

),

declared_above_evidence as (

    select
        'declared_above_evidence' as rule_id,
        leveled.instansi_code,
        'instansi' as unit_kind,
        leveled.instansi_code as unit_code,
        leveled.node_id as finding_key,
        windows.window_start,
        windows.window_end,
        windows.window_words,
        nodes.number || ' (' || nodes.name || ')' as subject,
        {{ number_text('leveled.declared_level') }} as a,
        {{ number_text('leveled.evidence_level') }} as b,
        'untuk tingkat ' || leveled.failed_level || ' diperlukan ' || leveled.failed_sentence
        || case
            when leveled.failed_document_id is not null then ', dan dokumen itu tidak tercantum'
            when leveled.found_value is null then ', dan angkanya belum dapat dihitung'
            else ', sedangkan angkanya ' || {{ number_text('leveled.found_value') }}
        end as c,
        leveled.period as d,
        cast(leveled.declared_level - leveled.evidence_level as double) as size,
        'fct_evidence_levels: rulebook_id = ' || leveled.rulebook_id || ', node_id = ' || leveled.node_id
        || ', period = ' || leveled.period as evidence
    from {{ ref('int_evidence__leveled') }} as leveled
    inner join {{ ref('rulebook_nodes') }} as nodes
        on
            leveled.rulebook_id = nodes.rulebook_id
            and leveled.node_id = nodes.node_id
    inner join windows
        on
            leveled.instansi_code = windows.instansi_code
            and leveled.period = substr({{ month_text('windows.window_start') }}, 1, 4)
    where leveled.declared_level > leveled.evidence_level

),

website_stale as (

    select
        'website_stale' as rule_id,
        sites.instansi_code,
        'opd' as unit_kind,
        sites.opd_code as unit_code,
        sites.url_key as finding_key,
        sites.window_start,
        sites.window_end,
        windows.window_words,
        sites.url_key as subject,
        case
            when not sites.is_reachable then 'tidak dapat dibuka pada pemeriksaan terakhir'
            when sites.changed_on is null then 'tidak menunjukkan tanggal isi maupun perubahan'
            else
                'terakhir berubah ' || day(sites.changed_on) || ' '
                || {{ month_name('sites.changed_on') }} || ' ' || year(sites.changed_on)
        end as a,
        cast(null as varchar) as b,
        cast(null as varchar) as c,
        cast(null as varchar) as d,
        cast(
            coalesce({{ days_between('sites.changed_on', 'sites.checked_on') }}, 0) as double
        ) as size,
        'raw.website_check: url = ' || sites.url as evidence
    from {{ ref('int_sites__windowed') }} as sites
    inner join windows on {{ same_window('sites', 'windows') }}
    where not sites.is_fresh

),

-- What is still without an answer at the end of a window, once the time for it is over.
complaint_unanswered as (

    select
        'complaint_unanswered' as rule_id,
        complaints.instansi_code,
        'opd' as unit_kind,
        complaints.opd_code as unit_code,
        complaints.opd_code as finding_key,
        windows.window_start,
        windows.window_end,
        windows.window_words,
        complaints.opd_code as subject,
        {{ number_text('count(*)') }} as a,
        {{ number_text('max(settings.complaint_sla_hours)') }} as b,
        day(min(complaints.received_on)) || ' ' || {{ month_name('min(complaints.received_on)') }} || ' '
        || year(min(complaints.received_on)) as c,
        cast(null as varchar) as d,
        cast(count(*) as double) as size,
        'fct_indicator_values: measure_id = I22, unit_code = ' || complaints.opd_code as evidence
    from {{ ref('stg_complaint__complaints') }} as complaints
    cross join settings
    inner join windows
        on
            complaints.instansi_code = windows.instansi_code
            and complaints.received_on <= windows.window_end
    where
        coalesce(complaints.status not in ('withdrawn', 'rejected'), true)
        and 24 * {{ days_between('complaints.received_on', 'least(windows.window_end, settings.as_of)') }}
        > settings.complaint_sla_hours
        and coalesce(cast(complaints.first_answer_at as date) > windows.window_end, true)
    group by
        complaints.instansi_code,
        complaints.opd_code,
        windows.window_start,
        windows.window_end,
        windows.window_words

),

program_without_system as (

    select
        'program_without_system' as rule_id,
        programs.instansi_code,
        case when programs.opd_code is null then 'instansi' else 'opd' end as unit_kind,
        coalesce(programs.opd_code, programs.instansi_code) as unit_code,
        {{ joined_key('@', ['programs.program_code', 'programs.period']) }} as finding_key,
        windows.window_start,
        windows.window_end,
        windows.window_words,
        programs.program_name as subject,
        case programs.system_state
            when 'not_named' then 'tidak menyebut sistem'
            when 'unknown'
                then 'menyebut sistem ' || programs.system_code || ' yang tidak ada pada inventaris'
            when 'not_active' then 'menyebut sistem ' || programs.system_name || ' yang tidak aktif'
            else 'menyebut sistem ' || programs.system_name || ' yang tidak terlihat dipakai'
        end as a,
        programs.dimension as b,
        cast(null as varchar) as c,
        cast(null as varchar) as d,
        cast(1 as double) as size,
        'fct_programs: program_code = ' || programs.program_code || ', period = ' || programs.period
            as evidence
    from {{ ref('int_programs__linked') }} as programs
    inner join windows
        on
            programs.instansi_code = windows.instansi_code
            and {{ period_touches('programs.period', 'windows') }}
    where
        programs.status = 'achieved'
        and programs.system_state <> 'in_use'

),

data_typed_twice as (

    select
        'data_typed_twice' as rule_id,
        elements.instansi_code,
        'opd' as unit_kind,
        elements.opd_code as unit_code,
        elements.element as finding_key,
        elements.window_start,
        elements.window_end,
        windows.window_words,
        elements.element as subject,
        coalesce(elements.typed_system_code, 'sistem tanpa kode') as a,
        elements.source_system_code as b,
        cast(null as varchar) as c,
        cast(null as varchar) as d,
        cast(1 as double) as size,
        'raw.declared_exchange: channel = manual_reentry, data_element = ' || elements.element as evidence
    from {{ ref('int_elements__typed') }} as elements
    inner join windows on {{ same_window('elements', 'windows') }}
    where elements.is_typed_twice

)

select * from function_overlap
union all
select * from declared_above_evidence
union all
select * from website_stale
union all
select * from complaint_unanswered
union all
select * from program_without_system
union all
select * from data_typed_twice

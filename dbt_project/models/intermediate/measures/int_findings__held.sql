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

last_contracts as (

    select
        instansi_code,
        system_code,
        max(ends_on) as ends_on
    from {{ ref('stg_vendor_contract__contracts') }}
    group by instansi_code, system_code

),

silo_system as (

    select
        'silo_system' as rule_id,
        instansi_code,
        'opd' as unit_kind,
        opd_code as unit_code,
        system_code as finding_key,
        window_start,
        window_end,
        window_words,
        system_name as subject,
        cast(null as varchar) as a,
        cast(null as varchar) as b,
        cast(null as varchar) as c,
        cast(null as varchar) as d,
        cast(1 as double) as size,
        'dim_system: system_code = ' || system_code as evidence
    from systems
    where is_silo

),

third_party_without_contract as (

    select
        'third_party_without_contract' as rule_id,
        systems.instansi_code,
        'opd' as unit_kind,
        systems.opd_code as unit_code,
        systems.system_code as finding_key,
        systems.window_start,
        systems.window_end,
        systems.window_words,
        systems.system_name as subject,
        case
            when last_contracts.ends_on is null then 'tidak ada kontrak yang dikirim'
            when last_contracts.ends_on < systems.window_end
                then
                    'kontrak terakhir berakhir ' || day(last_contracts.ends_on) || ' '
                    || {{ month_name('last_contracts.ends_on') }} || ' ' || year(last_contracts.ends_on)
            else 'kontraknya belum mulai'
        end as a,
        coalesce(systems.vendor_name, 'nama tidak disebut') as b,
        cast(null as varchar) as c,
        cast(null as varchar) as d,
        cast(1 as double) as size,
        'dim_system: system_code = ' || systems.system_code as evidence
    from systems
    left join last_contracts
        on
            systems.instansi_code = last_contracts.instansi_code
            and systems.system_code = last_contracts.system_code
    where systems.is_third_party and not systems.has_valid_contract

),

umum_built_by_opd as (

    select
        'umum_built_by_opd' as rule_id,
        instansi_code,
        'opd' as unit_kind,
        opd_code as unit_code,
        system_code as finding_key,
        window_start,
        window_end,
        window_words,
        system_name as subject,
        case builder_kind
            when 'own_opd' then 'oleh OPD sendiri'
            when 'kominfo' then 'oleh Kominfo'
            else 'oleh pihak ketiga'
        end as a,
        cast(null as varchar) as b,
        cast(null as varchar) as c,
        cast(null as varchar) as d,
        cast(1 as double) as size,
        'dim_system: system_code = ' || system_code as evidence
    from systems
    where app_class = 'umum' and builder_kind in ('own_opd', 'kominfo', 'vendor')

),

systems_by_opd as (

    select
        instansi_code,
        window_start,
        window_kind,
        opd_code,
        count(*) as systems
    from systems
    group by instansi_code, window_start, window_kind, opd_code

),

opd_not_connected as (

    select
        'opd_not_connected' as rule_id,
        edges.instansi_code,
        'opd' as unit_kind,
        edges.opd_code as unit_code,
        edges.opd_code as finding_key,
        edges.window_start,
        edges.window_end,
        windows.window_words,
        edges.opd_code as subject,
        {{ number_text('coalesce(systems_by_opd.systems, 0)') }} as a,
        cast(null as varchar) as b,
        cast(null as varchar) as c,
        cast(null as varchar) as d,
        cast(coalesce(systems_by_opd.systems, 0) as double) as size,
        'fct_indicator_values: measure_id = I04, unit_code = ' || edges.opd_code as evidence
    from {{ ref('int_opd_edges__windowed') }} as edges
    inner join windows
        on
            edges.instansi_code = windows.instansi_code
            and edges.window_kind = windows.window_kind
            and edges.window_start = windows.window_start
    left join systems_by_opd
        on
            edges.instansi_code = systems_by_opd.instansi_code
            and edges.window_kind = systems_by_opd.window_kind
            and edges.window_start = systems_by_opd.window_start
            and edges.opd_code = systems_by_opd.opd_code
    where edges.is_logged and not edges.is_provider and not edges.is_consumer

),

published_differs_from_field as (

    select
        'published_differs_from_field' as rule_id,
        figures.instansi_code,
        case when figures.opd_code is null then 'instansi' else 'opd' end as unit_kind,
        coalesce(figures.opd_code, figures.instansi_code) as unit_code,
        {{ joined_key('@', ['figures.figure_id', 'figures.period', 'figures.sender_code']) }} as finding_key,
        windows.window_start,
        windows.window_end,
        windows.window_words,
        figures.name as subject,
        {{ number_text('figures.published_value') }} as a,
        {{ number_text('figures.compared_value') }} as b,
        case
            when figures.numerator is not null and figures.denominator is not null
                then
                    ' (' || {{ number_text('figures.numerator') }} || ' dari '
                    || {{ number_text('figures.denominator') }} || ')'
            else ''
        end
        || coalesce(
            ', selisih ' || {{ number_text('100 * figures.gap_rel') }} || ' persen dari lapangan', ''
        ) as c,
        case lower(figures.unit)
            when 'percent' then 'persen'
            when 'users' then 'pengguna'
            when 'programs' then 'program'
            else coalesce(figures.unit, '')
        end as d,
        coalesce(figures.gap_rel, 1e6) as size,
        'fct_published_figures: figure_id = ' || figures.figure_id || ', period = ' || figures.period
            as evidence
    from {{ ref('int_figures__compared') }} as figures
    inner join windows
        on
            figures.instansi_code = windows.instansi_code
            and substr({{ month_text('windows.window_start') }}, 1, 4) = substr(figures.period, 1, 4)
            and (length(figures.period) = 4 or {{ month_text('windows.window_start') }} = figures.period)
    where not figures.is_equal

),

known_opds as (

    select
        instansi_code,
        opd_code
    from {{ ref('int_opd__resolved') }}
    where is_mapped

),

identities as (

    select
        instansi_code,
        window_kind,
        window_start,
        log_format,
        'consumer' as role,
        consumer_opd as opd_code,
        consumer_system as identity,
        calls
    from {{ ref('int_calls__windowed') }}
    where consumer_opd is not null
    union all
    select
        instansi_code,
        window_kind,
        window_start,
        log_format,
        'provider' as role,
        provider_opd as opd_code,
        provider_system as identity,
        calls
    from {{ ref('int_calls__windowed') }}

),

unmapped as (

    select
        identities.instansi_code,
        identities.window_kind,
        identities.window_start,
        identities.log_format,
        identities.role,
        coalesce(identities.identity, identities.opd_code) as identity,
        sum(identities.calls) as calls
    from identities
    left join known_opds
        on
            identities.instansi_code = known_opds.instansi_code
            and identities.opd_code = known_opds.opd_code
    where known_opds.opd_code is null and identities.opd_code not like 'EXT:%'
    group by all

),

unmapped_identity as (

    select
        'unmapped_identity' as rule_id,
        unmapped.instansi_code,
        'instansi' as unit_kind,
        unmapped.instansi_code as unit_code,
        unmapped.log_format || ':' || unmapped.role as finding_key,
        windows.window_start,
        windows.window_end,
        windows.window_words,
        unmapped.log_format as subject,
        {{ number_text('count(*)') }} as a,
        {{ number_text('sum(unmapped.calls)') }} as b,
        -- The name decides between equals, so that a rebuild tells the same.
        min_by(unmapped.identity, (-unmapped.calls, unmapped.identity)) as c,
        case unmapped.role when 'consumer' then 'pengguna' else 'penyedia' end as d,
        cast(sum(unmapped.calls) as double) as size,
        'fct_calls_daily: log_format = ' || unmapped.log_format || ', not is_mapped' as evidence
    from unmapped
    inner join windows
        on
            unmapped.instansi_code = windows.instansi_code
            and unmapped.window_kind = windows.window_kind
            and unmapped.window_start = windows.window_start
    group by
        unmapped.instansi_code,
        unmapped.log_format,
        unmapped.role,
        windows.window_start,
        windows.window_end,
        windows.window_words

),

missing_source as (

    select
        'missing_source' as rule_id,
        sources.instansi_code,
        'opd' as unit_kind,
        sources.opd_code as unit_code,
        sources.source_code as finding_key,
        sources.window_start,
        sources.window_end,
        windows.window_words,
        sources.source_code as subject,
        {{ number_text('sources.sources_received') }} as a,
        {{ number_text('sources.sources_expected') }} as b,
        cast(null as varchar) as c,
        cast(null as varchar) as d,
        cast(sources.sources_expected - sources.sources_received as double) as size,
        'fct_indicator_values: measure_id = I27, unit_code = ' || sources.opd_code as evidence
    from {{ ref('int_sources__counted') }} as sources
    inner join windows
        on
            sources.instansi_code = windows.instansi_code
            and sources.window_kind = windows.window_kind
            and sources.window_start = windows.window_start
    where sources.sources_received < sources.sources_expected

),

claims_checked as (

    select * from {{ ref('int_claim_findings__held') }}

),

calls_checked as (

    select
        rule_id,
        instansi_code,
        unit_kind,
        unit_code,
        finding_key,
        window_start,
        window_end,
        window_words,
        subject,
        a,
        b,
        c,
        d,
        size,
        evidence
    from {{ ref('int_call_findings__held') }}

)

select * from silo_system
union all
select * from third_party_without_contract
union all
select * from umum_built_by_opd
union all
select * from opd_not_connected
union all
select * from published_differs_from_field
union all
select * from unmapped_identity
union all
select * from missing_source
union all
select * from claims_checked
union all
select * from calls_checked

-- An older regulation asks the same of an indicator that is the same there: rules are written once.
with rules as (

    select
        rulebook_id,
        node_id,
        level,
        rule_no,
        check_kind,
        measure_id,
        figure,
        document_id,
        comparison,
        threshold,
        sentence
    from {{ ref('evidence_rules') }}
    union all
    select
        older.from_rulebook_id as rulebook_id,
        older.from_node_id as node_id,
        rules.level,
        rules.rule_no,
        rules.check_kind,
        rules.measure_id,
        rules.figure,
        rules.document_id,
        rules.comparison,
        rules.threshold,
        rules.sentence
    from {{ ref('evidence_rules') }} as rules
    inner join {{ ref('rulebook_mapping') }} as older
        on
            rules.rulebook_id = older.to_rulebook_id
            and rules.node_id = older.to_node_id
            and older.kind = 'same'
            and older.from_rulebook_id = 'permenpanrb-5-2018'

),

assessed as (

    select distinct
        instansi_code,
        period,
        rulebook_id
    from {{ ref('stg_self_assessment__levels') }}

),

-- Where an agency keeps a register, evidence is told also before it assesses itself.
registered as (

    select distinct
        windows.instansi_code,
        substr({{ month_text('windows.window_start') }}, 1, 4) as period,
        rulebooks.rulebook_id
    from {{ ref('int_windows__listed') }} as windows
    inner join {{ ref('stg_opd_register__opds') }} as registers
        on windows.instansi_code = registers.instansi_code
    inner join {{ ref('rulebooks') }} as rulebooks
        on
            year(windows.window_start) >= rulebooks.first_eval_year
            and coalesce(year(windows.window_start) <= rulebooks.last_eval_year, true)

),

agencies as (

    select * from assessed
    union
    select * from registered

),

asked as (

    select
        agencies.instansi_code,
        agencies.period,
        rules.*
    from agencies
    inner join rules on agencies.rulebook_id = rules.rulebook_id

),

papers as (

    select distinct
        instansi_code,
        period,
        rulebook_id,
        node_id,
        {{ unnest_list('evidence_ref') }} as evidence_ref
    from {{ ref('stg_self_assessment__levels') }}

),

documents as (

    select
        papers.instansi_code,
        papers.period,
        papers.rulebook_id,
        papers.node_id,
        kinds.document_id,
        min(papers.evidence_ref) as evidence_ref
    from papers
    inner join {{ ref('evidence_documents') }} as kinds
        on {{ text_matches('lower(papers.evidence_ref)', 'kinds.pattern') }}
    group by all

),

with_papers as (

    select distinct
        instansi_code,
        period,
        rulebook_id,
        node_id
    from papers

),

measured as (

    select
        instansi_code,
        substr({{ month_text('window_start') }}, 1, 4) as period,
        measure_id,
        figure,
        value
    from {{ ref('int_measures__valued') }}
    where
        unit_kind = 'instansi'
        and window_kind = 'ytd'

)

select
    asked.instansi_code,
    asked.period,
    asked.rulebook_id,
    asked.node_id,
    cast(asked.level as integer) as level,
    cast(asked.rule_no as integer) as rule_no,
    asked.check_kind,
    asked.measure_id,
    asked.figure,
    asked.document_id,
    asked.comparison,
    cast(asked.threshold as double) as threshold,
    asked.sentence,
    measured.value as found_value,
    documents.evidence_ref as found_document,
    case
        when asked.check_kind = 'document' then with_papers.node_id is not null
        else measured.value is not null
    end as is_told,
    coalesce(
        case
            when asked.check_kind = 'document' then documents.document_id is not null
            when asked.comparison = '>' then measured.value > cast(asked.threshold as double)
            when asked.comparison = '>=' then measured.value >= cast(asked.threshold as double)
            else measured.value <= cast(asked.threshold as double)
        end,
        false
    ) as holds
from asked
left join measured
    on
        asked.instansi_code = measured.instansi_code
        and asked.period = measured.period
        and asked.measure_id = measured.measure_id
        and asked.figure = measured.figure
left join documents
    on
        asked.instansi_code = documents.instansi_code
        and asked.period = documents.period
        and asked.rulebook_id = documents.rulebook_id
        and asked.node_id = documents.node_id
        and asked.document_id = documents.document_id
left join with_papers
    on
        asked.instansi_code = with_papers.instansi_code
        and asked.period = with_papers.period
        and asked.rulebook_id = with_papers.rulebook_id
        and asked.node_id = with_papers.node_id

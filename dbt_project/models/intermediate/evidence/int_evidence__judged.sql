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
        sentence,
        reason
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
        rules.sentence,
        rules.reason
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
        {{ year_text('windows.window_start') }} as period,
        rulebooks.rulebook_id
    from {{ ref('int_windows__listed') }} as windows
    inner join {{ ref('stg_opd_register__opds') }} as registers
        on windows.instansi_code = registers.instansi_code
    inner join {{ ref('rulebooks') }} as rulebooks
        on
            year(windows.window_start) >= rulebooks.first_eval_year
            and coalesce(year(windows.window_start) <= rulebooks.last_eval_year, true)

),

instansi_years as (

    select * from assessed
    union
    select * from registered

),

asked as (

    select
        instansi_years.instansi_code,
        instansi_years.period,
        rules.*
    from instansi_years
    inner join rules on instansi_years.rulebook_id = rules.rulebook_id

),

papers as (

    select * from {{ ref('int_documents__assigned') }}

),

-- Of a kind and for a level: a document that names its levels shows those alone.
documents as (

    select
        asked.instansi_code,
        asked.period,
        asked.rulebook_id,
        asked.node_id,
        asked.level,
        asked.rule_no,
        min(papers.document_code) as document_code
    from asked
    inner join papers
        on
            asked.instansi_code = papers.instansi_code
            and asked.period = papers.period
            and asked.node_id = papers.node_id
            and asked.document_id = papers.document_type
            and papers.state = 'valid'
            and (papers.levels is null or list_contains(papers.levels, cast(asked.level as varchar)))
    group by all

),

with_papers as (

    select distinct
        instansi_code,
        period,
        node_id
    from papers

),

-- An index of another body that the regulation takes the level from; the last one handed in.
outside as (

    select
        instansi_code,
        period,
        node_id,
        observed
    from {{ ref('int_scores__handed_in') }}
    where is_outside and unit_kind = 'instansi' and observed is not null
    qualify row_number() over (
        partition by instansi_code, period, node_id
        order by file_order desc, row_number desc
    ) = 1

),

measured as (

    select
        instansi_code,
        {{ year_text('window_start') }} as period,
        measure_id,
        figure,
        value
    from {{ ref('int_measures__valued') }}
    where
        unit_kind = 'instansi'
        and window_kind = 'ytd'

),

found as (

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
        cast(coalesce(asked.threshold, levels.value_from) as double) as threshold,
        asked.sentence,
        asked.reason,
        case asked.check_kind
            when 'outside_index' then cast(outside.observed as double)
            else measured.value
        end as found_value,
        documents.document_code as found_document,
        case asked.check_kind
            when 'document' then with_papers.node_id is not null
            when 'outside_index' then outside.observed is not null
            else measured.value is not null
        end as is_told
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
            and asked.level = documents.level
            and asked.rule_no = documents.rule_no
    left join with_papers
        on
            asked.instansi_code = with_papers.instansi_code
            and asked.period = with_papers.period
            and asked.node_id = with_papers.node_id
    left join outside
        on
            asked.instansi_code = outside.instansi_code
            and asked.period = outside.period
            and asked.node_id = outside.node_id
    left join {{ ref('rulebook_levels') }} as levels
        on
            asked.check_kind = 'outside_index'
            and asked.rulebook_id = levels.rulebook_id
            and asked.node_id = levels.node_id
            and asked.level = levels.level

)

select
    *,
    case
        when not is_told then 'unknown'
        when
            case
                when check_kind = 'document' then found_document is not null
                when comparison = '>' then found_value > threshold
                when comparison = '>=' then found_value >= threshold
                else found_value <= threshold
            end
            then 'holds'
        else 'fails'
    end as state
from found

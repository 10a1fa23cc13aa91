with judged as (

    select * from {{ ref('int_evidence__judged') }}

),

-- The lowest level of which a rule fails ends the climb.
climbed as (

    select
        instansi_code,
        period,
        rulebook_id,
        node_id,
        bool_or(is_told) as has_evidence,
        min(level) filter (where not holds) as failed_level,
        max(level) as top_level
    from judged
    group by instansi_code, period, rulebook_id, node_id

),

first_failed as (

    select * from judged
    where not holds
    qualify row_number() over (
        partition by instansi_code, period, rulebook_id, node_id
        order by level, rule_no
    ) = 1

),

-- Of several handed-in levels the later file's counts, also an empty one, which takes it back.
declared as (

    select
        instansi_code,
        period,
        rulebook_id,
        node_id,
        level
    from {{ ref('stg_self_assessment__levels') }}
    where stage = 'self'
    qualify row_number() over (
        partition by instansi_code, period, rulebook_id, node_id
        order by file_order desc, row_number desc, file_sha256 desc
    ) = 1

)

select
    climbed.instansi_code,
    climbed.period,
    climbed.rulebook_id,
    climbed.node_id,
    case when climbed.has_evidence then 'evidence' else 'no_evidence' end as state,
    cast(
        case
            when climbed.has_evidence then coalesce(climbed.failed_level - 1, climbed.top_level)
        end as integer
    ) as evidence_level,
    declared.level as declared_level,
    climbed.failed_level,
    first_failed.rule_no as failed_rule_no,
    first_failed.sentence as failed_sentence,
    first_failed.measure_id as failed_measure_id,
    first_failed.figure as failed_figure,
    first_failed.document_id as failed_document_id,
    first_failed.comparison,
    first_failed.threshold,
    first_failed.found_value
from climbed
left join first_failed
    on
        climbed.instansi_code = first_failed.instansi_code
        and climbed.period = first_failed.period
        and climbed.rulebook_id = first_failed.rulebook_id
        and climbed.node_id = first_failed.node_id
left join declared
    on
        climbed.instansi_code = declared.instansi_code
        and climbed.period = declared.period
        and climbed.rulebook_id = declared.rulebook_id
        and climbed.node_id = declared.node_id

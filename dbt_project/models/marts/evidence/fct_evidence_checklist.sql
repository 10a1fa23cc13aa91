-- Every indicator with criteria of each rulebook that an instansi is asked by; also those that no rule reads.
with asked as (

    select distinct
        instansi_code,
        period,
        rulebook_id
    from {{ ref('int_evidence__judged') }}

),

declared as (

    {{ declared_levels() }}

),

levels as (

    select * from {{ ref('rulebook_levels') }}

),

indicators as (

    select
        asked.instansi_code,
        asked.period,
        asked.rulebook_id,
        nodes.node_id,
        nodes.number,
        nodes.name,
        declared.level as declared_level,
        declared.explanation,
        declared.evidence_ref,
        declared.opd_code,
        declared.assessed_on,
        leveled.state,
        leveled.evidence_level,
        leveled.declared_in_level,
        -- Shown first, then claimed: what evidence does not show yet is next.
        coalesce(
            leveled.evidence_level, case when leveled.node_id is null then floor(declared.level) end, 1
        ) + 1
            as next_level
    from asked
    inner join {{ ref('rulebook_nodes') }} as nodes on asked.rulebook_id = nodes.rulebook_id
    left join declared
        on
            asked.instansi_code = declared.instansi_code
            and asked.period = declared.period
            and nodes.node_id = declared.node_id
    left join {{ ref('int_evidence__leveled') }} as leveled
        on
            asked.instansi_code = leveled.instansi_code
            and asked.period = leveled.period
            and nodes.node_id = leveled.node_id
    where nodes.node_kind = 'indicator'

),

-- What of the next level does not hold.
lacking as (

    select
        judged.instansi_code,
        judged.period,
        judged.rulebook_id,
        judged.node_id,
        judged.level,
        list(
            judged.sentence || case judged.state when 'unknown' then ' (belum diberitahukan)' else '' end
            order by judged.rule_no
        ) as lacking
    from {{ ref('int_evidence__judged') }} as judged
    where judged.state <> 'holds'
    group by judged.instansi_code, judged.period, judged.rulebook_id, judged.node_id, judged.level

),

kinds as (

    select
        instansi_code,
        period,
        rulebook_id,
        node_id,
        list(distinct asks_for order by asks_for) as kinds
    from {{ ref('fct_evidence_rules') }}
    where is_lacking_for_declared
    group by instansi_code, period, rulebook_id, node_id

),

documents as (

    select
        instansi_code,
        period,
        node_id,
        list(document_code order by document_code) filter (where state = 'valid') as valid_documents,
        list(document_code || ': ' || state order by document_code) filter (where state <> 'valid')
            as other_documents
    from {{ ref('int_documents__assigned') }}
    group by instansi_code, period, node_id

)

select
    indicators.instansi_code,
    indicators.period,
    indicators.rulebook_id,
    indicators.node_id,
    indicators.number as node_number,
    indicators.name as node_name,
    cast(indicators.declared_level as double) as declared_level,
    indicators.explanation,
    indicators.evidence_ref,
    indicators.opd_code,
    indicators.assessed_on,
    indicators.evidence_level,
    coalesce(indicators.state, 'not_read') as state,
    cast(levels.level as integer) as next_level,
    levels.criterion,
    levels.evidence as evidence_wanted,
    coalesce(documents.valid_documents, []) as valid_documents,
    coalesce(documents.other_documents, []) as other_documents,
    case
        when levels.level is null then []
        when indicators.state is null then [levels.evidence]
        else coalesce(lacking.lacking, [])
    end as lacking,
    case
        when indicators.declared_in_level is not null then coalesce(kinds.kinds, [])
    end as kinds_lacking_for_declared
from indicators
left join levels
    on
        indicators.rulebook_id = levels.rulebook_id
        and indicators.node_id = levels.node_id
        and indicators.next_level = levels.level
left join lacking
    on
        indicators.instansi_code = lacking.instansi_code
        and indicators.period = lacking.period
        and indicators.rulebook_id = lacking.rulebook_id
        and indicators.node_id = lacking.node_id
        and indicators.next_level = lacking.level
left join kinds
    on
        indicators.instansi_code = kinds.instansi_code
        and indicators.period = kinds.period
        and indicators.rulebook_id = kinds.rulebook_id
        and indicators.node_id = kinds.node_id
left join documents
    on
        indicators.instansi_code = documents.instansi_code
        and indicators.period = documents.period
        and indicators.node_id = documents.node_id

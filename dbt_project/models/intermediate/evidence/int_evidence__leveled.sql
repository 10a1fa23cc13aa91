with judged as (

    select * from {{ ref('int_evidence__judged') }}

),

-- The climb ends at the lowest level of which a rule does not hold; one that fails there weighs more than one
-- that nobody told.
stops as (

    select * from judged
    where state <> 'holds'
    qualify row_number() over (
        partition by instansi_code, period, rulebook_id, node_id
        order by level, state, rule_no
    ) = 1

),

indicators as (

    select
        instansi_code,
        period,
        rulebook_id,
        node_id,
        min(level) as first_level,
        max(level) as top_level
    from judged
    group by instansi_code, period, rulebook_id, node_id

),

declared as (

    {{ declared_levels() }}

),

-- A regulation with bands of values takes decimals: what was declared is compared by the level it lies in.
declared_levels as (

    select
        declared.instansi_code,
        declared.period,
        declared.rulebook_id,
        declared.node_id,
        max(levels.level) as level
    from declared
    inner join {{ ref('rulebook_levels') }} as levels
        on
            declared.rulebook_id = levels.rulebook_id
            and declared.node_id = levels.node_id
            and declared.level >= levels.value_from
    group by all

),

climbed as (

    select
        indicators.instansi_code,
        indicators.period,
        indicators.rulebook_id,
        indicators.node_id,
        indicators.top_level,
        stops.level as stop_level,
        case
            when stops.level = indicators.first_level and stops.state = 'unknown' then 'no_evidence'
            when stops.state = 'unknown' then 'open'
            else 'evidence'
        end as state,
        stops.state as stop_state,
        stops.rule_no,
        stops.sentence,
        stops.reason,
        stops.measure_id,
        stops.figure,
        stops.document_id,
        stops.comparison,
        stops.threshold,
        stops.found_value
    from indicators
    left join stops
        on
            indicators.instansi_code = stops.instansi_code
            and indicators.period = stops.period
            and indicators.rulebook_id = stops.rulebook_id
            and indicators.node_id = stops.node_id

)

select
    climbed.instansi_code,
    climbed.period,
    climbed.rulebook_id,
    climbed.node_id,
    climbed.state,
    cast(
        case when climbed.state <> 'no_evidence' then coalesce(climbed.stop_level - 1, climbed.top_level) end
        as integer
    ) as evidence_level,
    declared.level as declared_level,
    cast(declared_levels.level as integer) as declared_in_level,
    cast(
        case when climbed.state = 'evidence' then declared_levels.level end
        - coalesce(climbed.stop_level - 1, climbed.top_level) as integer
    ) as gap,
    climbed.stop_level,
    climbed.stop_state,
    climbed.rule_no as stop_rule_no,
    climbed.sentence as stop_sentence,
    climbed.reason as stop_reason,
    climbed.measure_id as stop_measure_id,
    climbed.figure as stop_figure,
    climbed.document_id as stop_document_id,
    climbed.comparison,
    climbed.threshold,
    climbed.found_value
from climbed
left join declared
    on
        climbed.instansi_code = declared.instansi_code
        and climbed.period = declared.period
        and climbed.rulebook_id = declared.rulebook_id
        and climbed.node_id = declared.node_id
left join declared_levels
    on
        climbed.instansi_code = declared_levels.instansi_code
        and climbed.period = declared_levels.period
        and climbed.rulebook_id = declared_levels.rulebook_id
        and climbed.node_id = declared_levels.node_id

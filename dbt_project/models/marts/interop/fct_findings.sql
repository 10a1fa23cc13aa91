with held as (

    select * from {{ ref('int_findings__held') }}

),

spans as (

    select
        rule_id,
        instansi_code,
        unit_kind,
        unit_code,
        finding_key,
        min(window_start) as first_seen,
        max(window_end) as last_seen
    from held
    group by rule_id, instansi_code, unit_kind, unit_code, finding_key

),

latest as (

    select * from held
    qualify row_number() over (
        partition by rule_id, instansi_code, unit_kind, unit_code, finding_key
        order by window_end desc, window_start desc
    ) = 1

),

last_windows as (

    select
        instansi_code,
        max(window_end) as window_end
    from {{ ref('int_windows__listed') }}
    group by instansi_code

),

named as (

    select
        latest.*,
        spans.first_seen,
        spans.last_seen,
        rules.severity,
        rules.title,
        rules.sentence,
        case rules.severity when 'high' then 1 when 'medium' then 2 else 3 end as severity_rank,
        coalesce(opds.opd_name, instansi.instansi_name, latest.unit_code) as unit_name,
        case
            when rules.closes_with = 'answer'
                then case when latest.parts['healed'] = '' then 'open' else 'closed' end
            when rules.closes_with = 'row' or spans.last_seen >= last_windows.window_end then 'open'
            when looked.last_looked > spans.last_seen then 'closed'
            else 'unseen'
        end as status
    from latest
    inner join spans
        on
            latest.rule_id = spans.rule_id
            and latest.instansi_code = spans.instansi_code
            and latest.unit_kind = spans.unit_kind
            and latest.unit_code = spans.unit_code
            and latest.finding_key = spans.finding_key
    inner join {{ ref('finding_rules') }} as rules on latest.rule_id = rules.rule_id
    inner join last_windows on latest.instansi_code = last_windows.instansi_code
    left join {{ ref('int_findings__looked') }} as looked
        on
            latest.instansi_code = looked.instansi_code
            and rules.looks_at = looked.looks_at
            and looked.finding_key in ('', latest.finding_key)
    left join {{ ref('int_opd__resolved') }} as opds
        on
            latest.unit_kind = 'opd'
            and latest.instansi_code = opds.instansi_code
            and latest.unit_code = opds.opd_code
    left join {{ ref('int_instansi__resolved') }} as instansi
        on
            latest.unit_kind = 'instansi'
            and latest.unit_code = instansi.instansi_code

),

stated as (

    select
        *,
        md5(
            {{ joined_key('|', ['instansi_code', 'rule_id', 'unit_kind', 'unit_code', 'finding_key']) }}
        ) as finding_id,
        map_concat(
            parts, map(['unit', 'subject', 'window'], [unit_name, subject, window_words])
        ) as all_parts
    from named

)

select
    finding_id,
    instansi_code,
    rule_id,
    title,
    unit_kind,
    unit_code,
    unit_name,
    finding_key,
    finding_system,
    finding_service,
    finding_node,
    severity,
    {{ filled_sentence('sentence', 'all_parts') }} as statement,
    evidence,
    first_seen,
    last_seen,
    status,
    size,
    cast(
        row_number() over (
            partition by instansi_code
            order by
                status = 'open' desc, status desc, severity_rank, size desc, rule_id, unit_code, finding_key
        ) as bigint
    ) as finding_rank
from stated

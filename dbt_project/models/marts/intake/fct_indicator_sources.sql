with rules as (

    select * from {{ ref('int_evidence__judged') }}

),

assessed as (

    select
        instansi_code,
        period,
        rulebook_id
    from rules
    union
    select
        instansi_code,
        period,
        rulebook_id
    from {{ ref('stg_self_assessment__levels') }}

),

indicators as (

    select
        assessed.instansi_code,
        assessed.period,
        nodes.rulebook_id,
        nodes.node_id,
        nodes.number,
        nodes.name,
        nodes.sort_key
    from assessed
    inner join {{ ref('dim_node') }} as nodes on assessed.rulebook_id = nodes.rulebook_id
    where nodes.node_kind = 'indicator'

),

needed as (

    select
        measure_id,
        trim({{ unnest_split('needs', ';') }}) as kind
    from {{ ref('measures') }}

),

-- What an indicator rests on: the level that is declared, and what each of its rules reads.
resting as (

    select
        instansi_code,
        period,
        rulebook_id,
        node_id,
        'self_assessment' as kind,
        true as is_for_level,
        cast(null as varchar) as measure_id,
        cast(null as varchar) as document_id
    from indicators
    union all
    select
        rules.instansi_code,
        rules.period,
        rules.rulebook_id,
        rules.node_id,
        coalesce(
            needed.kind, case rules.check_kind when 'document' then 'evidence_document' else 'scores' end
        ) as kind,
        false as is_for_level,
        rules.measure_id,
        rules.document_id
    from rules
    left join needed on rules.measure_id = needed.measure_id

),

received as (

    select
        instansi_code,
        {{ year_text('coalesce(period, cast(received_at as varchar))') }} as period,
        kind,
        count(*) as files
    from {{ ref('fct_intake_files') }}
    where status in ('loaded', 'partly')
    group by all

),

received_in_all as (

    select
        instansi_code,
        period,
        cast(sum(files) as bigint) as files
    from received
    group by instansi_code, period

),

gathered as (

    select
        instansi_code,
        period,
        rulebook_id,
        node_id,
        kind,
        bool_or(is_for_level) as is_for_level,
        list_sort(list(distinct measure_id) filter (where measure_id is not null)) as measures,
        list_sort(list(distinct document_id) filter (where document_id is not null)) as documents
    from resting
    group by all

)

select
    gathered.instansi_code,
    gathered.period,
    gathered.rulebook_id,
    gathered.node_id,
    indicators.number as node_number,
    indicators.name as node_name,
    indicators.sort_key,
    gathered.kind,
    gathered.is_for_level,
    coalesce(gathered.measures, []) as measures,
    coalesce(gathered.documents, []) as documents,
    -- `intake` is every file that came; `reference` is ours, nobody sends it.
    case gathered.kind
        when 'intake' then coalesce(received_in_all.files, 0)
        when 'reference' then null
        else coalesce(received.files, 0)
    end as files_received
from gathered
inner join indicators
    on
        gathered.instansi_code = indicators.instansi_code
        and gathered.period = indicators.period
        and gathered.rulebook_id = indicators.rulebook_id
        and gathered.node_id = indicators.node_id
left join received
    on
        gathered.instansi_code = received.instansi_code
        and gathered.period = received.period
        and gathered.kind = received.kind
left join received_in_all
    on
        gathered.instansi_code = received_in_all.instansi_code
        and gathered.period = received_in_all.period

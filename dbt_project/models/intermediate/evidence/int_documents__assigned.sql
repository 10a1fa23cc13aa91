with spread as (

    select
        instansi_code,
        period,
        document_code,
        document_type,
        rulebook_id,
        levels,
        state,
        document_sha256,
        unnest(indicators) as indicator
    from {{ ref('int_documents__matched') }}

)

select distinct
    spread.instansi_code,
    spread.period,
    nodes.rulebook_id,
    nodes.node_id,
    spread.document_code,
    spread.document_type,
    spread.levels,
    spread.state,
    spread.document_sha256
from spread
inner join {{ ref('rulebook_nodes') }} as nodes
    on
        spread.indicator = nodes.node_id
        or (spread.rulebook_id = nodes.rulebook_id and nodes.number = ltrim(spread.indicator, '0'))
where nodes.node_kind = 'indicator'

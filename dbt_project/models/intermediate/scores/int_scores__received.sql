-- One branch for each source of values; a further source is one more CTE in `unioned`.
with self_assessed as (

    select
        instansi_code,
        'instansi' as unit_kind,
        instansi_code as unit_code,
        period,
        rulebook_id,
        stage,
        node_id,
        level as observed,
        cast(null as decimal(38, 10)) as published,
        cast(null as varchar) as published_predicate,
        false as is_print,
        file_sha256,
        file_name,
        row_number,
        received_at,
        file_order
    from {{ ref('stg_self_assessment__levels') }}

),

nationally_published as (

    select
        agencies.instansi_code,
        'instansi' as unit_kind,
        agencies.instansi_code as unit_code,
        domains.period,
        domains.rulebook_id,
        'final' as stage,
        domains.node_id,
        domains.observed,
        domains.published,
        domains.published_predicate,
        coalesce(domains.published is not null or domains.published_predicate is not null, false) as is_print,
        domains.file_sha256,
        domains.file_name,
        domains.row_number,
        domains.received_at,
        domains.file_order
    from {{ ref('stg_published_index__domains') }} as domains
    inner join {{ ref('int_agencies__matched') }} as agencies on domains.agency = agencies.agency

),

-- Outside indices that become the value of an indicator, by bands.
outside as (

    select
        rulebook_id,
        node_id,
        outside_lower_inclusive,
        outside_upper_exclusive,
        value_lower,
        value_upper,
        band = max(band) over (partition by rulebook_id, node_id) as is_highest
    from {{ ref('outside_index_bands') }}
    where rule not like 'the band is evidence%'

),

handed_in as (

    select
        units.instansi_code,
        units.unit_kind,
        scores.unit_code,
        scores.period,
        scores.rulebook_id,
        scores.stage,
        coalesce(outside.node_id, scores.node_id) as node_id,
        case
            when outside.node_id is null then scores.score
            else
                cast(
                    outside.value_lower
                    + cast(scores.score - outside.outside_lower_inclusive as decimal(18, 8))
                    * (outside.value_upper - outside.value_lower)
                    / (outside.outside_upper_exclusive - outside.outside_lower_inclusive) as decimal(38, 10)
                )
        end as observed,
        cast(null as decimal(38, 10)) as published,
        cast(null as varchar) as published_predicate,
        false as is_print,
        scores.file_sha256,
        scores.file_name,
        scores.row_number,
        scores.received_at,
        scores.file_order
    from {{ ref('stg_scores__scores') }} as scores
    inner join {{ ref('int_units__scored') }} as units
        on scores.sender_code = units.sender_code and scores.unit_code = units.unit_code
    left join outside
        on
            scores.rulebook_id = outside.rulebook_id
            and scores.node_id = outside.node_id || '.outside'
            and scores.score >= outside.outside_lower_inclusive
            and (scores.score < outside.outside_upper_exclusive or outside.is_highest)

),

-- Computed by us: levels that evidence supports, and those of the measures under interop-1.
evidenced as (

    select
        instansi_code,
        unit_kind,
        unit_code,
        period,
        rulebook_id,
        stage,
        node_id,
        observed,
        published,
        published_predicate,
        is_print,
        file_sha256,
        file_name,
        row_number,
        cast(null as timestamp) as received_at,
        file_order
    from {{ ref('int_evidence__observed') }}

),

unioned as (

    select * from self_assessed
    union all
    select * from handed_in
    union all
    select * from evidenced
    union all
    select * from nationally_published

)

-- A value off the scale of its rulebook (which may have changed since) is no observation. The ministry counts
-- what is unanswered as 0, so a printed domain may lie between 0 and the scale.
select
    unioned.*,
    coalesce(
        unioned.observed between least(rulebooks.scale_min, 0) and rulebooks.scale_max, true
    ) as is_on_scale
from unioned
left join {{ ref('int_rulebooks__listed') }} as rulebooks on unioned.rulebook_id = rulebooks.rulebook_id

-- Outside indices that become the value of an indicator, by bands.
with outside as (

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

)

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
            cast(cast(
                outside.value_lower
                + cast(scores.score - outside.outside_lower_inclusive as decimal(18, 8))
                * (outside.value_upper - outside.value_lower)
                / (outside.outside_upper_exclusive - outside.outside_lower_inclusive) as decimal(38, 10)
            ) as decimal(38, 15))
    end as observed,
    cast(null as decimal(38, 10)) as published,
    cast(null as varchar) as published_predicate,
    false as is_print,
    scores.file_sha256,
    scores.file_name,
    scores.row_number,
    scores.received_at,
    scores.file_order,
    outside.node_id is not null as is_outside
from {{ ref('stg_scores__scores') }} as scores
inner join {{ ref('int_units__scored') }} as units
    on scores.sender_code = units.sender_code and scores.unit_code = units.unit_code
left join outside
    on
        scores.rulebook_id = outside.rulebook_id
        and scores.node_id = outside.node_id || '.outside'
        and scores.score >= outside.outside_lower_inclusive
        and (scores.score < outside.outside_upper_exclusive or outside.is_highest)

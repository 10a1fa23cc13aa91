-- noqa: disable=LT05,PRS
with weights as (

    select
        nodes.rulebook_id,
        nodes.parent_id,
        {{ weight_numerator("split_part(nodes.weight, '/', 1)") }} as num,
        {{ weight_numerator("coalesce(nullif(split_part(nodes.weight, '/', 2), ''), '1')") }} as den
    from {{ ref('rulebook_nodes') }} as nodes
    inner join {{ ref('rulebooks') }} as rulebooks on nodes.rulebook_id = rulebooks.rulebook_id
    where rulebooks.regulation is not null

),

commons as (

    select
        rulebook_id,
        parent_id,
        {{ lcm_agg('den') }} as common_den
    from weights
    group by rulebook_id, parent_id

)

select
    weights.rulebook_id,
    weights.parent_id,
    sum(weights.num * {{ int_div('commons.common_den', 'weights.den') }}) as found,
    max(commons.common_den) as expected
from weights
inner join commons
    on weights.rulebook_id = commons.rulebook_id and weights.parent_id is not distinct from commons.parent_id
group by weights.rulebook_id, weights.parent_id
having sum(weights.num * {{ int_div('commons.common_den', 'weights.den') }}) <> max(commons.common_den)

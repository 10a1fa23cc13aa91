with scores as (

    select
        scores.*,
        nodes.depth
    from {{ ref('fct_scores') }} as scores
    inner join {{ ref('dim_node') }} as nodes
        on scores.rulebook_id = nodes.rulebook_id and scores.node_id = nodes.node_id
    where scores.score is not null and (nodes.depth = 0 or not nodes.is_leaf)

),

indices as (

    select *
    from scores
    where depth = 0

),

books as (

    select
        rulebook_id,
        regulation
    from {{ ref('int_rulebooks__listed') }}

),

-- The nearest earlier period of the same form (a month follows a month); its own rulebook first.
preceded as (

    select
        later.instansi_code,
        later.unit_kind,
        later.unit_code,
        later.stage,
        later.period,
        later.rulebook_id,
        earlier.period as previous_period,
        earlier.rulebook_id as previous_rulebook_id,
        earlier.rulebook_id <> later.rulebook_id as is_break,
        earlier.score as previous_index_score,
        earlier.printed as previous_index_printed
    from indices as later
    inner join books as book on later.rulebook_id = book.rulebook_id
    inner join indices as earlier
        on
            later.unit_kind = earlier.unit_kind
            and later.instansi_code = earlier.instansi_code
            and later.unit_code = earlier.unit_code
            and later.stage = earlier.stage
            and later.period > earlier.period
            and length(later.period) = length(earlier.period)
    inner join books as earlier_book on earlier.rulebook_id = earlier_book.rulebook_id
    where
        later.rulebook_id = earlier.rulebook_id
        -- Only one regulation follows another; a rubric and a user's rulebook have no predecessor.
        or (book.regulation is not null and earlier_book.regulation is not null)
    qualify row_number() over (
        partition by
            later.instansi_code,
            later.unit_kind,
            later.unit_code,
            later.stage,
            later.period,
            later.rulebook_id
        order by earlier.period desc, earlier.rulebook_id <> later.rulebook_id, earlier.rulebook_id desc
    ) = 1

)

select
    scores.instansi_code,
    scores.unit_kind,
    scores.unit_code,
    scores.stage,
    scores.period,
    scores.rulebook_id,
    scores.node_id,
    scores.node_kind,
    scores.score,
    scores.printed,
    preceded.previous_period,
    preceded.previous_rulebook_id,
    case when preceded.is_break then preceded.previous_index_score else previous.score end as previous_score,
    case
        when preceded.is_break then preceded.previous_index_printed else previous.printed
    end as previous_printed,
    case when not preceded.is_break then scores.score - previous.score end as change,
    case when not preceded.is_break then scores.contribution - previous.contribution end as index_points,
    preceded.is_break
from scores
inner join preceded
    on
        scores.unit_kind = preceded.unit_kind
        and scores.instansi_code = preceded.instansi_code
        and scores.unit_code = preceded.unit_code
        and scores.stage = preceded.stage
        and scores.period = preceded.period
        and scores.rulebook_id = preceded.rulebook_id
left join scores as previous
    on
        preceded.unit_kind = previous.unit_kind
        and preceded.instansi_code = previous.instansi_code
        and preceded.unit_code = previous.unit_code
        and preceded.stage = previous.stage
        and preceded.previous_period = previous.period
        and preceded.previous_rulebook_id = previous.rulebook_id
        and scores.node_id = previous.node_id
where
    previous.node_id is not null
    or (preceded.is_break and scores.depth = 0)

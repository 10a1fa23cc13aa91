with received as (

    select
        assessments.point_id,
        received.*
    from {{ ref('int_scores__received') }} as received
    inner join {{ ref('int_assessments__listed') }} as assessments
        on
            received.unit_kind = assessments.unit_kind
            and received.unit_code = assessments.unit_code
            and received.period = assessments.period
            and received.rulebook_id = assessments.rulebook_id
            and received.stage = assessments.stage
            and assessments.walk = 'point'

),

observations as (

    select *
    from received
    where not is_print

),

-- Sorting every value would be dear where nearly none is handed in twice.
repeated as (

    select
        point_id,
        node_id
    from observations
    group by point_id, node_id
    having count(*) > 1

),

-- Several current files may carry one node: the later wins, also with an empty level, which takes it back.
observed as (

    select observations.*
    from observations
    left join repeated
        on observations.point_id = repeated.point_id and observations.node_id = repeated.node_id
    where repeated.node_id is null

    union all

    (
        select observations.*
        from observations
        inner join repeated
            on observations.point_id = repeated.point_id and observations.node_id = repeated.node_id
        qualify row_number() over (
            partition by observations.point_id, observations.node_id
            order by observations.file_order desc, observations.row_number desc, observations.file_sha256 desc
        ) = 1
    )

),

printed as (

    select *
    from received
    where is_print
    qualify row_number() over (
        partition by point_id, node_id
        order by file_order desc, row_number desc, file_sha256 desc
    ) = 1

)

-- An observation and a print of one node (an index handed in and printed) become one row; the observation's
-- file is the one that the number rests on.
select
    coalesce(observed.point_id, printed.point_id) as point_id,
    coalesce(observed.rulebook_id, printed.rulebook_id) as rulebook_id,
    coalesce(observed.node_id, printed.node_id) as node_id,
    observed.observed,
    printed.published,
    printed.published_predicate,
    case when observed.point_id is null then printed.file_sha256 else observed.file_sha256 end as file_sha256,
    case when observed.point_id is null then printed.file_name else observed.file_name end as file_name,
    case when observed.point_id is null then printed.row_number else observed.row_number end as row_number,
    case when observed.point_id is null then printed.received_at else observed.received_at end as received_at
from observed
full outer join printed
    on observed.point_id = printed.point_id and observed.node_id = printed.node_id

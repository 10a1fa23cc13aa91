with numbered as not materialized (

    select
        assessments.point_id,
        nodes.node_no,
        case when received.is_on_scale then received.observed end as observed,
        received.published,
        received.published_predicate,
        received.is_print,
        files.file_no,
        received.row_number
    from {{ ref('int_scores__received') }} as received
    inner join {{ ref('int_assessments__listed') }} as assessments
        on
            received.unit_kind = assessments.unit_kind
            and received.instansi_code = assessments.instansi_code
            and received.unit_code = assessments.unit_code
            and received.period = assessments.period
            and received.rulebook_id = assessments.rulebook_id
            and received.stage = assessments.stage
            and assessments.walk = 'point'
    -- Left joins: an inner one would be reordered, every assessment times every node first.
    left join {{ ref('int_nodes__weighted') }} as nodes
        on received.rulebook_id = nodes.rulebook_id and received.node_id = nodes.node_id
    left join {{ ref('int_score_files__listed') }} as files
        on
            received.file_order is not distinct from files.file_order
            and received.file_sha256 is not distinct from files.file_sha256
            and received.file_name is not distinct from files.file_name
            and received.received_at is not distinct from files.received_at

),

observations as materialized (

    select
        point_id,
        node_no,
        observed,
        file_no,
        row_number
    from numbered
    where not is_print

),

-- Nearly nothing is handed in twice, and grouping every value to find out would be dear: one bit for a node,
-- and only where an assessment has more values than bits are its values looked at.
crowded as (

    select point_id
    from observations
    group by point_id
    having count(node_no) > {{ distinct_bits('node_no') }}

),

repeated as (

    select
        observations.point_id,
        observations.node_no
    from observations
    inner join crowded on observations.point_id = crowded.point_id
    group by observations.point_id, observations.node_no
    having count(*) > 1

),

-- Several current files may carry one node: the later wins, also with an empty level, which takes it back.
observed as (

    select observations.*
    from observations
    left join repeated
        on observations.point_id = repeated.point_id and observations.node_no = repeated.node_no
    where repeated.node_no is null and observations.node_no is not null

    union all

    (
        select observations.*
        from observations
        inner join repeated
            on observations.point_id = repeated.point_id and observations.node_no = repeated.node_no
        inner join {{ ref('int_score_files__listed') }} as files on observations.file_no = files.file_no
        qualify row_number() over (
            partition by observations.point_id, observations.node_no
            order by files.file_order desc, observations.row_number desc, files.file_sha256 desc
        ) = 1
    )

),

printed as (

    select numbered.*
    from numbered
    inner join {{ ref('int_score_files__listed') }} as files on numbered.file_no = files.file_no
    where numbered.is_print and numbered.node_no is not null
    qualify row_number() over (
        partition by numbered.point_id, numbered.node_no
        order by files.file_order desc, numbered.row_number desc, files.file_sha256 desc
    ) = 1

)

-- An observation and a print of one node (an index handed in and printed) become one row; the observation's
-- file is the one that the number rests on.
select
    coalesce(observed.point_id, printed.point_id) as point_id,
    coalesce(observed.node_no, printed.node_no) as node_no,
    observed.observed,
    printed.published,
    printed.published_predicate,
    case when observed.point_id is null then printed.file_no else observed.file_no end as file_no,
    case when observed.point_id is null then printed.row_number else observed.row_number end as row_number
from observed
full outer join printed
    on observed.point_id = printed.point_id and observed.node_no = printed.node_no

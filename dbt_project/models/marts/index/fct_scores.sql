-- The macros below write long lines.
-- noqa: disable=LT05
-- A view: the numbers stand in int_scores__completed, and writing thirteen columns of names beside each of them would
-- take longer than computing them. The rows are written once, into the published database.
with completed as (

    select * from {{ ref('int_scores__completed') }}

),

assessments as (

    select *
    from {{ ref('int_assessments__listed') }}
    where walk = 'point'

),

nodes as (

    select * from {{ ref('int_nodes__weighted') }}

),

files as (

    select * from {{ ref('int_score_files__listed') }}

),

-- Few beside all that was handed in.
printed_elsewhere as (

    select
        point_id,
        node_no,
        published,
        published_predicate
    from {{ ref('int_scores__observed') }}
    where published is not null or published_predicate is not null

),

-- Evaluation years in which the ministry called the printed index, not the exact one.
rounding as (

    select * from {{ ref('predicate_rounding') }}

),

-- Of each regulation the years that it evaluates; a rubric of one's own has none.
rulebooks as (

    select
        rulebook_id,
        first_eval_year,
        last_eval_year
    from {{ ref('rulebooks') }}

),

-- The lowest band has no floor: an index below the scale (an unanswered service counted 0) is still in it.
bands as (

    select
        rulebook_id,
        predicate,
        lower_inclusive,
        upper_exclusive,
        lower_inclusive = min(lower_inclusive) over (partition by rulebook_id) as is_lowest
    from {{ ref('predicates') }}

),

indices as (

    select
        completed.assessment_id,
        assessments.rulebook_id,
        completed.node_no,
        completed.is_available,
        completed.value_num,
        completed.value_den,
        {{ half_up_2('completed.value_num', 'completed.value_den') }} as printed,
        coalesce(rounding.basis, 'exact') as predicate_basis,
        printed_elsewhere.published
    from completed
    inner join assessments on completed.assessment_id = assessments.assessment_id
    left join rounding
        on
            assessments.rulebook_id = rounding.rulebook_id
            and {{ year_text('assessments.period') }} = cast(rounding.evaluation_year as varchar)
    left join printed_elsewhere
        on completed.assessment_id = printed_elsewhere.point_id and completed.node_no = printed_elsewhere.node_no
    where completed.depth = 0

),

-- The band of the exact value and that of the printed one; they differ only where rounding crosses a border.
banded as (

    select
        indices.assessment_id,
        indices.node_no,
        indices.predicate_basis,
        bands.predicate,
        (bands.is_lowest or indices.printed >= bands.lower_inclusive)
        and (bands.upper_exclusive is null or indices.printed < bands.upper_exclusive) as holds_printed,
        (bands.is_lowest or {{ rational_at_least('indices.value_num', 'indices.value_den', 'bands.lower_inclusive') }})
        and (
            bands.upper_exclusive is null
            or not {{ rational_at_least('indices.value_num', 'indices.value_den', 'bands.upper_exclusive') }}
        ) as holds_exact
    from indices
    inner join bands on indices.rulebook_id = bands.rulebook_id
    where indices.is_available

),

called as (

    select
        assessment_id,
        node_no,
        max(predicate) filter (
            where case when predicate_basis = 'printed' then holds_printed else holds_exact end
        ) as predicate,
        bool_or(holds_printed <> holds_exact) as prints_on_border
    from banded
    group by assessment_id, node_no

),

published_called as (

    select
        indices.assessment_id,
        indices.node_no,
        bands.predicate
    from indices
    inner join bands on indices.rulebook_id = bands.rulebook_id
    where
        (bands.is_lowest or indices.published >= bands.lower_inclusive)
        and (bands.upper_exclusive is null or indices.published < bands.upper_exclusive)
        and indices.published is not null

)

select
    assessments.instansi_code,
    assessments.unit_kind,
    assessments.unit_code,
    assessments.period,
    assessments.rulebook_id,
    assessments.stage,
    nodes.node_id,
    nodes.node_kind,
    case when completed.is_available then {{ value_double('completed') }} end as score,
    case when completed.is_available then {{ half_up_2('completed.value_num', 'completed.value_den') }} end as printed,
    called.predicate,
    completed.observed,
    printed_elsewhere.published,
    -- A value below the scale (0 for what is unanswered) may lie below what the missing would make at the least.
    case
        when completed.is_available and completed.band_low is not null
            then least(completed.band_low, {{ value_double('completed') }})
        else completed.band_low
    end as band_low,
    case
        when completed.is_available and completed.band_high is not null
            then greatest(completed.band_high, {{ value_double('completed') }})
        else completed.band_high
    end as band_high,
    completed.coverage,
    case
        when completed.is_available
            then
                cast(completed.value_num as varchar)
                || case when completed.value_den > 1 then '/' || cast(completed.value_den as varchar) else '' end
    end as score_exact,
    case
        when indices.is_available
            then
                {{ rational_double(
                    'completed.share_num * completed.value_num', 'completed.share_den * completed.value_den'
                ) }}
    end as contribution,
    completed.children_value as children_score,
    {{ value_double('completed') }} - completed.children_value as difference_to_children,
    printed_elsewhere.published_predicate,
    published_called.predicate as predicate_of_published,
    called.prints_on_border,
    try_cast({{ year_text('assessments.period') }} as integer) >= rulebooks.first_eval_year
    and coalesce(try_cast({{ year_text('assessments.period') }} as integer) <= rulebooks.last_eval_year, true)
        as is_rulebook_of_year,
    files.file_sha256,
    files.file_name,
    completed.row_number
from completed
inner join assessments on completed.assessment_id = assessments.assessment_id
inner join nodes on completed.node_no = nodes.node_no
inner join indices on completed.assessment_id = indices.assessment_id
left join rulebooks on assessments.rulebook_id = rulebooks.rulebook_id
left join files on completed.file_no = files.file_no
left join printed_elsewhere
    on completed.assessment_id = printed_elsewhere.point_id and completed.node_no = printed_elsewhere.node_no
left join called on completed.assessment_id = called.assessment_id and completed.node_no = called.node_no
left join published_called
    on completed.assessment_id = published_called.assessment_id and completed.node_no = published_called.node_no

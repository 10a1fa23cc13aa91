-- The macros below write long lines.
-- noqa: disable=LT05
with completed as (

    select * from {{ ref('int_scores__completed') }}

),

nodes as (

    select * from {{ ref('int_nodes__weighted') }}

),

indices as (

    select
        completed.assessment_id,
        nodes.node_id,
        completed.is_available
    from completed
    inner join nodes on completed.node_no = nodes.node_no
    where completed.depth = 0

),

files as (

    select * from {{ ref('int_score_files__listed') }}

)

select
    assessments.instansi_code,
    assessments.unit_kind,
    assessments.unit_code,
    assessments.period,
    assessments.rulebook_id,
    assessments.stage,
    nodes.node_id,
    indices.node_id as index_node_id,
    nodes.path,
    nodes.sort_key,
    {{ value_double('completed') }} as value,
    not completed.is_observed as is_filled_in,
    not completed.is_below_observed as is_counted,
    100 * {{ rational_double('nodes.share_num', 'nodes.share_den') }} as weight_pct,
    case
        when indices.is_available then 100 * {{ rational_double('completed.share_num', 'completed.share_den') }}
    end as share_pct,
    case
        when indices.is_available
            then
                {{ rational_double(
                    'completed.share_num * completed.value_num', 'completed.share_den * completed.value_den'
                ) }}
    end as contribution,
    case when completed.is_observed then files.file_name end as file_name,
    case when completed.is_observed then files.file_sha256 end as file_sha256,
    case when completed.is_observed then completed.row_number end as row_number,
    case when completed.is_observed then files.received_at end as received_at
from completed
inner join nodes on completed.node_no = nodes.node_no
inner join {{ ref('int_assessments__listed') }} as assessments on completed.assessment_id = assessments.assessment_id
inner join indices on completed.assessment_id = indices.assessment_id
left join files on completed.file_no = files.file_no
where completed.value_num is not null and (completed.is_observed or nodes.is_leaf)

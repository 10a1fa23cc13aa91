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
        cast(level as decimal(38, 15)) as observed,
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
        instansi_names.instansi_code,
        'instansi' as unit_kind,
        instansi_names.instansi_code as unit_code,
        domains.period,
        domains.rulebook_id,
        'final' as stage,
        domains.node_id,
        cast(domains.observed as decimal(38, 15)) as observed,
        domains.published,
        domains.published_predicate,
        coalesce(domains.published is not null or domains.published_predicate is not null, false) as is_print,
        domains.file_sha256,
        domains.file_name,
        domains.row_number,
        domains.received_at,
        domains.file_order
    from {{ ref('stg_published_index__domains') }} as domains
    inner join {{ ref('int_instansi_names__matched') }} as instansi_names
        on domains.printed_name = instansi_names.printed_name

),

handed_in as (

    select * exclude (is_outside) from {{ ref('int_scores__handed_in') }}

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

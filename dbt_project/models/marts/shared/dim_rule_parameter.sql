{%- set settings = ['min_calls', 'complaint_sla_hours', 'figure_tolerance_rel', 'orphan_after_days'] -%}
{%- set variables = [
    'clock_skew_ms', 'same_message_ms', 'longest_duration_ms', 'exact_duration_ms', 'duration_bucket_ms',
    'lever_sets_kept',
] -%}
{%- set draws = ['weight_spread', 'draws', 'least_draws'] -%}
with own as (

    select * from {{ ref('rule_parameters') }}

),

stated as (

    {% for name in settings %}
    select
        'setting' as stated_in,
        '{{ name }}' as stated_as,
        cast({{ name }} as decimal(18, 6)) as value,
        cast(null as varchar) as words
    from {{ source('raw', 'run_settings') }}
    union all
    {% endfor %}
    {% for name in variables %}
    select
        'variable' as stated_in,
        '{{ name }}' as stated_as,
        cast({{ var(name) }} as decimal(18, 6)) as value,
        cast(null as varchar) as words
    union all
    {% endfor %}
    {% for name in draws %}
    select
        'uncertainty_settings' as stated_in,
        '{{ name }}' as stated_as,
        cast({{ name }} as decimal(18, 6)) as value,
        cast(null as varchar) as words
    from {{ ref('uncertainty_settings') }}
    union all
    {% endfor %}
    select
        'delivery_terms' as stated_in,
        frequency as stated_as,
        cast(grace_days as decimal(18, 6)) as value,
        cast(null as varchar) as words
    from {{ ref('delivery_terms') }}
    union all
    select
        'update_frequencies' as stated_in,
        update_frequency as stated_as,
        cast(days as decimal(18, 6)) as value,
        cast(null as varchar) as words
    from {{ ref('update_frequencies') }}
    union all
    select
        'rule' as stated_in,
        rule_id || '/' || parameter as stated_as,
        value,
        words
    from own

),

-- A level ends where the value passes the threshold in the measure's own direction.
thresholds as (

    select
        bounds.*,
        measures.unit
    from {{ ref('interop_1_thresholds') }} as bounds
    inner join {{ ref('measures') }} as measures on bounds.measure_id = measures.measure_id
    qualify bounds.rubric_version = max(bounds.rubric_version) over ()

)

select
    rule_id,
    parameter,
    value,
    unit,
    words,
    source,
    description
from own
union all
select
    borrowed.rule_id,
    borrowed.parameter,
    stated.value,
    borrowed.unit,
    stated.words,
    borrowed.source,
    borrowed.description
from {{ ref('borrowed_parameters') }} as borrowed
left join stated
    on
        borrowed.stated_in = stated.stated_in
        and borrowed.stated_as = stated.stated_as
union all
select
    measure_id as rule_id,
    'level_' || level as parameter,
    threshold as value,
    unit,
    cast(null as varchar) as words,
    'our own choice: rubric of ' || rulebook_id || ', version ' || rubric_version as source,
    'Value that level ' || level || ' of ' || rulebook_id || ' asks for, '
    || case comparison when '>=' then 'at least' else 'at most' end || '.' as description
from thresholds

{#- Incremental models by day keep the days whose version is still the one of int_calls__day_versions. Two steps
    in one transaction: a hook drops the others, the model adds days that are not there. -#}
{% macro drop_changed_days() -%}
    {%- if is_incremental() -%}
        delete from {{ this }}
        where (day, day_version) not in (select day, day_version from {{ ref('int_calls__day_versions') }})
    {%- else -%}
        select 1
    {%- endif -%}
{%- endmacro %}

{#- Condition on a day: it is not in the model yet. dbt finds what the hook refers to here, not in the hook. -#}
{% macro is_new_day(day) -%}
    {%- set versions = ref('int_calls__day_versions') -%}
    {%- if is_incremental() -%}
        {{ day }} not in (select distinct built.day from {{ this }} as built)
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

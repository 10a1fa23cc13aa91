{#- Models that are kept by day: a day stays while its version is the one of int_calls__day_versions. Days that are
    new or changed are added some at a time, so that a year of them needs no more memory than a large day. -#}
{% macro fill_kept_days(target, is_kept) %}
    {%- set names = quoted_columns(model.columns) -%}
    {%- if is_kept %}
    delete from {{ target }}
    where (day, day_version) not in (select day, day_version from {{ ref('int_calls__day_versions') }});
    {%- endif %}
    {%- for days in slices_of_days(target if is_kept) %}
    set variable chosen_days = cast('{{ days }}' as date[]);
    insert into {{ target }} ({{ names }})
    select {{ names }} from (
        {{ sql }}
    ) as built;
    {%- endfor %}
    reset variable chosen_days;
{% endmacro %}

{#- Lists of days to add, each of about as many calls as memory holds well, or of one larger day. -#}
{% macro slices_of_days(kept) %}
    {%- set found = run_query(
        "select cast(list(day order by day) as varchar) as days"
        ~ " from (select day, sum(sum(calls)) over (order by day) // " ~ var('calls_at_once') ~ " as slice"
        ~ " from " ~ ref('int_calls__counted_daily') ~ " inner join " ~ ref('int_calls__day_versions') ~ " as versions"
        ~ " using (day)"
        ~ (" where (day, versions.day_version) not in (select day, day_version from " ~ kept ~ ")" if kept else "")
        ~ " group by day) group by slice order by slice"
    ) -%}
    {{ return(found.columns[0].values()) }}
{% endmacro %}

{#- Condition on a day: it is one of those that are being added; where none are chosen, every day is. dbt finds here
    what the macros above refer to. -#}
{% macro is_chosen_day(day) -%}
    {%- set needed = [ref('int_calls__day_versions'), ref('int_calls__counted_daily')] -%}
    coalesce(list_contains(getvariable('chosen_days'), {{ day }}), true)
{%- endmacro %}

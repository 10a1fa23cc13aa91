{#- A table that is kept by day: a day's rows stay while the day's version stays, and days that are new or changed are
    added some at a time, so that a year of them needs no more memory than a large day. The model has the columns
    `day` and `day_version` under an enforced contract, filters what it reads by `is_chosen_day`, and says in `meta`:
    `day_versions`, the model with `day`, `day_version` and how much each day holds; `day_size`, the column of that;
    `primary_key`, of which `day` is a part; and, where wanted, `days_again`, the source whose `day`s are built anew
    whatever their version, and `day_size_at_once`, how much is added in one statement in place of the variable of
    that name. The models and sources named there stand in its SQL as `-- depends_on: …`, since dbt reads none out of
    meta. -#}
{% materialization kept_days, adapter="duckdb" %}
    {%- set target = this.incorporate(type='table') -%}
    {%- set stated = config.get('meta', {}) -%}
    {%- if not is_built_at_once() or 'day' not in model.columns or 'day_version' not in model.columns
        or 'day' not in stated.get('primary_key', ['day']) or not (stated.day_versions and stated.day_size) %}
        {{- exceptions.raise_compiler_error(
            target.identifier ~ ": kept_days wants an enforced contract with day and day_version, not_null as its only"
            ~ " constraint, meta with day_versions and day_size, and day in its primary key"
        ) }}
    {%- endif -%}
    {%- set existing = load_cached_relation(target) -%}
    {%- set is_kept = existing is not none and existing.is_table and not should_full_refresh() -%}
    {%- set types = {} -%}
    {%- for name, column in model.columns.items() -%}{%- do types.update({name: column.data_type}) -%}{%- endfor -%}
    {%- set statements %}
        {{ create_empty(target, types) if not is_kept }}
        {{ check_contract('select * from (' ~ sql ~ ')', target.identifier, model.columns) }}
        {{ fill_kept_days(target, is_kept, ref(stated.day_versions), stated) }}
        {{ column_constraints(target, model.columns) if not is_kept }}
    {%- endset -%}
    {{ return(build_at_once(target, statements, sql)) }}
{% endmaterialization %}

{% macro fill_kept_days(target, is_kept, versions, stated) %}
    {%- set names = quoted_columns(model.columns) -%}
    {%- set again = "day in (select day from " ~ source(*stated.days_again) ~ ")" if stated.days_again else "false" -%}
    {%- if is_kept %}
    delete from {{ target }} where (day, day_version) not in (select day, day_version from {{ versions }}) or {{ again }};
    {%- endif %}
    {%- for days in slices_of_days(versions, stated, target if is_kept, again) %}
    set variable chosen_days = cast('{{ days }}' as date[]);
    insert into {{ target }} ({{ names }})
    select {{ names }} from (
        {{ sql }}
    ) as built;
    {{ hold_primary_key(target, is_chosen_day('day')) }}
    {%- endfor %}
    reset variable chosen_days;
{% endmacro %}

{#- Lists of days to add, each of about as much as memory holds well, or of one larger day. -#}
{% macro slices_of_days(versions, stated, kept, again) %}
    {%- set found = run_query(
        "select cast(list(day order by day) as varchar) as days"
        ~ " from (select day, sum(" ~ stated.day_size ~ ") over (order by day) // "
        ~ stated.get('day_size_at_once', var('day_size_at_once')) ~ " as slice"
        ~ " from " ~ versions
        ~ (" where (day, day_version) not in (select day, day_version from " ~ kept ~ ") or " ~ again if kept else "")
        ~ ") group by slice order by slice"
    ) -%}
    {{ return(found.columns[0].values()) }}
{% endmacro %}

{#- Condition on a day: it is one of those that are being added; where none are chosen, every day is. -#}
{% macro is_chosen_day(day) -%}
    coalesce(list_contains(getvariable('chosen_days'), {{ day }}), true)
{%- endmacro %}

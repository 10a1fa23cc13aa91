{#- A table that is kept by day, or by day and another column (its `part`): a day's rows stay while the day's version
    stays, and days that are new or changed are added some at a time, so that a year of them needs no more memory than a
    large day. The model has the columns `day` and `day_version` under an enforced contract, filters what it reads by
    `is_chosen_day`, and says in `meta`: `day_versions`, the model with `day`, `day_version` and how much each day holds;
    `day_size`, the column of that; `primary_key`, of which `day` is a part; and, where wanted, `part`, a column that is
    never empty, of the model, its primary key and `day_versions`: with it a day of one part is kept and built without
    the others; `day_waits`, the column of `day_versions` that says which are built anew whatever their version; and
    `day_size_at_once`, how much is added in one statement in place of the variable of that name. The models named there
    stand in its SQL as `-- depends_on: …`, since dbt reads none out of meta. -#}
{% materialization kept_days, adapter="duckdb" %}
    {%- set target = this.incorporate(type='table') -%}
    {%- set stated = config.get('meta', {}) -%}
    {%- set kept_by = ['day', stated.part] if stated.part else ['day'] -%}
    {%- if not is_built_at_once() or 'day_version' not in model.columns or kept_by | reject('in', model.columns) | list
        or kept_by | reject('in', stated.get('primary_key', kept_by)) | list
        or not (stated.day_versions and stated.day_size) %}
        {{- exceptions.raise_compiler_error(
            target.identifier ~ ": kept_days wants an enforced contract with day and day_version, not_null as its only"
            ~ " constraint, meta with day_versions and day_size, and day (and the part) in its primary key"
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

{#- What a day's rows are kept by, with their version. -#}
{% macro kept_key(stated) -%}
    {{ return('day, ' ~ stated.part if stated.part else 'day') }}
{%- endmacro %}

{% macro fill_kept_days(target, is_kept, versions, stated) %}
    {%- set names = quoted_columns(model.columns) -%}
    {%- set kept_by = kept_key(stated) -%}
    {%- set as_it_is = "select " ~ kept_by ~ ", day_version from " ~ versions
        ~ (" where not " ~ stated.day_waits if stated.day_waits else "") -%}
    {%- if is_kept %}
    delete from {{ target }} where ({{ kept_by }}, day_version) not in ({{ as_it_is }});
    {%- endif %}
    {%- for slice in slices_of_days(versions, stated, target if is_kept, as_it_is) %}
    set variable chosen_days = cast('{{ slice['days'] }}' as date[]);
    set variable chosen_parts = {{ slice['parts'] or 'null' }};
    insert into {{ target }} ({{ names }})
    select {{ names }} from (
        {{ sql }}
    ) as built;
    {{ hold_primary_key(target, is_chosen_day('day', stated.part)) }}
    {%- endfor %}
    reset variable chosen_days;
    reset variable chosen_parts;
{% endmacro %}

{#- Lists of days to add, each of about as much as memory holds well, or of one larger day; and of which parts, none
    where it is all of them. What stands already is told before it is deleted. -#}
{% macro slices_of_days(versions, stated, kept, as_it_is) %}
    {%- set part = stated.part or "'all'" -%}
    {%- set kept_by = kept_key(stated) -%}
    {%- set is_to_add = "(" ~ kept_by ~ ", day_version) not in (select " ~ kept_by ~ ", day_version from " ~ kept ~ ")"
        ~ " or (" ~ kept_by ~ ", day_version) not in (" ~ as_it_is ~ ")" if kept else "true" -%}
    {{ return(run_query(
        "select cast(list(day order by day) as varchar) as days, parts"
        ~ " from (select day, parts, sum(size) over (partition by parts order by day) // "
        ~ stated.get('day_size_at_once', var('day_size_at_once')) ~ " as slice"
        ~ " from (select day, sum(" ~ stated.day_size ~ ") as size,"
        ~ " case when not bool_and(is_to_add) then '[' || string_agg('''' || replace(part_name, '''', '''''') || '''', ', '"
        ~ " order by part_name) filter (where is_to_add) || ']' end as parts"
        ~ " from (select *, " ~ part ~ " as part_name, " ~ is_to_add ~ " as is_to_add from " ~ versions ~ ")"
        ~ " group by day having bool_or(is_to_add)))"
        ~ " group by parts, slice order by parts nulls first, slice"
    ).rows) }}
{% endmacro %}

{#- Condition on a day, and on its part: they are of those that are being added; where none are chosen, every one is. -#}
{% macro is_chosen_day(day, part=none) -%}
    coalesce(list_contains(getvariable('chosen_days'), {{ day }}), true)
    {%- if part %} and {{ is_chosen_part(part) }}{% endif -%}
{%- endmacro %}

{% macro is_chosen_part(part) -%}
    coalesce(list_contains(getvariable('chosen_parts'), {{ part }}), true)
{%- endmacro %}

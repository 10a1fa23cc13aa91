{#- How tables, views and seeds of this project are built: one transaction that puts the new one in the place of
    the old one. dbt's own way builds aside, renames twice, drops, and asks for the columns before and after; with
    a hundred small models that costs more than their queries. The contract is held as strictly: after the build,
    by the types that came out. -#}
{% materialization table, adapter="duckdb" %}
    {{ return(replace_relation(this.incorporate(type='table'), sql)) }}
{% endmaterialization %}

{% materialization view, adapter="duckdb" %}
    {{ return(replace_relation(this.incorporate(type='view'), sql)) }}
{% endmaterialization %}

{% materialization seed, adapter="duckdb" %}
    {%- set target = this.incorporate(type='table') -%}
    {#- dbt asks for the rows that it would have read itself. -#}
    {%- do store_result('agate_table', response='OK') -%}
    {%- set file = adapter.escape_sql_string(adapter.get_seed_file_path(model)) -%}
    {%- set statements %}
        {{ create_empty(target, config.get('column_types')) }}
        copy {{ target }} from '{{ file }}' (format csv, header true);
        {{ column_constraints(target, model.columns) }}
    {%- endset -%}
    {{ return(build_at_once(target, statements)) }}
{% endmaterialization %}

{#- Of the incremental models those by day of calls are filled some days at a time; the microbatch one is dbt's. -#}
{% materialization incremental, adapter="duckdb" %}
    {%- if config.get('incremental_strategy') == 'microbatch' %}
        {{- return(dbt.materialization_incremental_duckdb()) }}
    {%- endif %}
    {%- set target = this.incorporate(type='table') -%}
    {%- set existing = load_cached_relation(target) -%}
    {%- set is_kept = existing is not none and existing.is_table and not should_full_refresh() -%}
    {%- set types = {} -%}
    {%- for name, column in model.columns.items() -%}{%- do types.update({name: column.data_type}) -%}{%- endfor -%}
    {%- set statements %}
        {{ create_empty(target, types) if not is_kept }}
        {{ check_contract('select * from (' ~ sql ~ ')', target.identifier, model.columns) }}
        {{ fill_kept_days(target, is_kept) }}
        {{ column_constraints(target, model.columns) if not is_kept }}
    {%- endset -%}
    {{ return(build_at_once(target, statements)) }}
{% endmaterialization %}

{#- A test only reads: it needs no transaction. -#}
{% materialization test, adapter="duckdb" %}
    {%- if should_store_failures() %}{{ return(materialization_test_default()) }}{% endif -%}
    {%- call statement('main', fetch_result=True, auto_begin=False) -%}
        {{ get_test_sql(
            sql, config.get('fail_calc'), config.get('warn_if'), config.get('error_if'), config.get('limit')
        ) }}
    {%- endcall -%}
    {{ return({'relations': []}) }}
{% endmaterialization %}

{% macro replace_relation(target, query) %}
    {%- set names = quoted_columns(model.columns) -%}
    {%- set statements %}
        create or replace {{ target.type }} {{ target }} as (
            select {{ names }}, * exclude ({{ names }}) from (
                {{ query }}
            ) as built
        );
        {{ check_contract('select * from ' ~ target, target.identifier, model.columns) }}
        {{ column_constraints(target, model.columns) }}
    {%- endset -%}
    {{ return(build_at_once(target, statements)) }}
{% endmacro %}

{#- Runs the hooks and the statements of a build in one transaction. -#}
{% macro build_at_once(target, statements) %}
    {%- set existing = load_cached_relation(target) -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- call statement('main') -%}
        {%- if existing is not none and existing.type != target.type %}
            drop {{ existing.type }} {{ existing }};
        {%- endif %}
        {{ statements }}
        {{ comments(target, model) }}
    {%- endcall -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target]}) }}
{% endmacro %}

{% macro create_empty(target, types) %}
    create or replace table {{ target }} (
        {%- for name, type in types.items() %}
        {{ adapter.quote(name) }} {{ type }}{{ ',' if not loop.last }}
        {%- endfor %}
    );
{% endmacro %}

{% macro quoted_columns(columns) -%}
    {%- for name in columns %}{{ adapter.quote(name) }}{{ ', ' if not loop.last }}{% endfor -%}
{%- endmacro %}

{#- Fails, and names the columns, where a query's types are not those that the contract states. -#}
{% macro check_contract(query, name, columns) %}
    select
        error(
            {{ dbt.string_literal('the contract of ' ~ name ~ ' is broken: ') }} || string_agg(
                column_name || ' is ' || coalesce(built.column_type, 'missing') || ', stated is '
                || coalesce(stated.column_type, 'nothing'), '; '
            )
        )
    from (describe {{ query }}) as built
    full outer join (
        describe select
            {%- for name, column in columns.items() %}
            cast(null as {{ column.data_type }}) as {{ adapter.quote(name) }}{{ ',' if not loop.last }}
            {%- endfor %}
    ) as stated using (column_name)
    where built.column_type is distinct from stated.column_type
    having count(*) > 0;
{% endmacro %}

{% macro column_constraints(relation, columns) %}
    {%- for name, column in columns.items() if relation.is_table %}
        {%- for constraint in column.constraints or [] %}
            {%- if constraint.type != 'not_null' %}
                {%- set found = relation.identifier ~ ': only not_null is built, found ' ~ constraint.type %}
                {{ exceptions.raise_compiler_error(found) }}
            {%- endif %}
            alter table {{ relation }} alter column {{ adapter.quote(name) }} set not null;
        {%- endfor %}
    {%- endfor %}
{% endmacro %}

{#- What an analyst reads beside the table and each column. -#}
{% macro comments(relation, node) %}
    comment on {{ relation.type }} {{ relation }} is {{ duckdb_escape_comment(node.description) }};
    {%- for name, column in node.columns.items() %}
        comment on column {{ relation }}.{{ adapter.quote(name) }} is {{ duckdb_escape_comment(column.description) }};
    {%- endfor %}
{% endmacro %}

{#- How tables, views and seeds of this project are built: one transaction that puts the new one in the place of
    the old one. dbt's own way builds aside, renames twice, drops, and asks for the columns before and after; with
    a hundred small models that costs more than their queries. What comes out is what dbt's own would give: the
    contract and hooks are held as strictly, the columns stand in the order of the contract. A model, seed or test
    that states anything that is not done here is built by dbt's own (`is_built_at_once`). Beyond dbt, the primary
    key that `meta` states is held before the new table is seen. -#}
{% materialization table, adapter="duckdb", supported_languages=['sql', 'python'] %}
    {%- set target = this.incorporate(type='table') -%}
    {%- if model.language == 'sql' %}
        {%- if is_built_at_once() %}{{ return(replace_relation(target, sql)) }}{% endif -%}
        {%- do forget_content() -%}
        {{ return(dbt.materialization_table_duckdb()) }}
    {%- endif %}
    {#- dbt lets Python run only from the materialization itself, so these are the steps of dbt's own. -#}
    {%- do forget_content() -%}
    {%- set existing = load_cached_relation(target) -%}
    {%- set aside = make_intermediate_relation(target) -%}
    {{ drop_relation_if_exists(load_cached_relation(aside)) }}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- call statement('main', language='python') -%}
        {{- create_table_as(False, aside, compiled_code, 'python') }}
    {%- endcall -%}
    {{ drop_relation_if_exists(existing) }}
    {{ adapter.rename_relation(aside, target) }}
    {%- do create_indexes(target) -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do apply_grants(target, config.get('grants'), should_revoke=should_revoke(existing, full_refresh_mode=True)) -%}
    {%- do persist_docs(target, model) -%}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}

{% materialization view, adapter="duckdb" %}
    {%- if not is_built_at_once() %}{{ return(dbt.materialization_view_default()) }}{% endif -%}
    {{ return(replace_relation(this.incorporate(type='view'), sql)) }}
{% endmaterialization %}

{% materialization seed, adapter="duckdb" %}
    {%- set target = this.incorporate(type='table') -%}
    {%- set file = adapter.escape_sql_string(adapter.get_seed_file_path(model)) -%}
    {%- set names = header_of_seed(file) -%}
    {%- if not names %}
        {%- do forget_content() -%}
        {{ return(dbt.materialization_seed_default()) }}
    {%- endif -%}
    {#- dbt asks for the rows that it would have read itself. -#}
    {%- do store_result('agate_table', response='OK') -%}
    {%- set types = {} -%}
    {%- for name in names -%}{%- do types.update({name: config.get('column_types')[name]}) -%}{%- endfor -%}
    {%- set statements %}
        {{ create_empty(target, types) }}
        copy {{ target }} from '{{ file }}' (format csv, header true, delimiter '{{ config.get('delimiter') }}');
        {{ column_constraints(target, model.columns) }}
        {{ hold_primary_key(target) }}
    {%- endset -%}
    {{ return(build_at_once(target, statements)) }}
{% endmaterialization %}

{#- A test only reads: it needs no transaction. -#}
{% materialization test, adapter="duckdb" %}
    {%- if should_store_failures() or config.get('sql_header') %}
        {%- do forget_content() -%}
        {{ return(dbt.materialization_test_default()) }}
    {%- endif -%}
    {%- set query = get_test_sql(
        sql, config.get('fail_calc'), config.get('warn_if'), config.get('error_if'), config.get('limit')
    ) -%}
    {%- set recipe = recipe_of(query) -%}
    {%- call statement('main', fetch_result=True, auto_begin=False) -%}
        {{ 'select 0 as failures, false as should_warn, false as should_error' if recipe.is_same else query }}
    {%- endcall -%}
    {%- if not recipe.is_same -%}
        {%- do note_test(recipe.hash if load_result('main').table.rows[0][0] == 0 else none, query) -%}
    {%- endif -%}
    {{ return({'relations': []}) }}
{% endmaterialization %}

{#- Whether all that a model states is done here: columns and types under an enforced contract, no constraint but
    not_null, no other config. -#}
{% macro is_built_at_once() %}
    {%- if not is_config_honoured() or model.constraints or not (model.columns and model.config.contract.enforced) -%}
        {{ return(false) }}
    {%- endif -%}
    {%- for column in model.columns.values() -%}
        {%- for constraint in column.constraints or [] if constraint.type != 'not_null' or constraint.expression -%}
            {{ return(false) }}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(true) }}
{% endmacro %}

{#- Columns of a seed's file in their order, if the seed states a type of each and nothing that is not done here;
    else none. -#}
{% macro header_of_seed(file) %}
    {%- set existing = load_cached_relation(this) -%}
    {%- if not is_config_honoured() or not config.get('column_types') or flags.SHOW
        or (existing is not none and not existing.is_table) -%}
        {{ return([]) }}
    {%- endif -%}
    {%- set read = "read_csv('" ~ file ~ "', header = true, all_varchar = true, delim = '" ~ config.get('delimiter') ~ "')" -%}
    {%- set names = run_query('select column_name from (describe from ' ~ read ~ ')').columns[0].values() -%}
    {%- if names | sort != config.get('column_types') | sort or model.columns | reject('in', names) | list -%}
        {{ return([]) }}
    {%- endif -%}
    {{ return(names) }}
{% endmacro %}

{#- Whether no config is stated beyond those that are done here, or that mean nothing for a table, view or seed. -#}
{% macro is_config_honoured() %}
    {%- set honoured = [
        'enabled', 'alias', 'schema', 'tags', 'meta', 'group', 'docs', 'access', 'freshness', 'static_analysis',
        'materialized', 'contract', 'persist_docs', 'pre-hook', 'post-hook', 'quoting', 'event_time',
        'full_refresh', 'unique_key', 'incremental_strategy', 'on_schema_change', 'on_configuration_change',
        'begin', 'batch_size', 'lookback', 'concurrent_batches', 'column_types', 'quote_columns', 'delimiter',
    ] -%}
    {{ return(not model.config.items() | selectattr(1) | rejectattr(0, 'in', honoured) | list) }}
{% endmacro %}

{% macro replace_relation(target, query) %}
    {%- set names = quoted_columns(model.columns) -%}
    {%- set statements %}
        create or replace {{ target.type }} {{ target }} as (
            select {{ names }}, * exclude ({{ names }}) from (
                {{ query }}
            ) as built
        );
        {{ check_contract('select * from ' ~ target, target.identifier, model.columns) }}
        {%- if target.is_table %}
        {{ column_constraints(target, model.columns) }}
        {{ hold_primary_key(target) }}
        {%- endif %}
    {%- endset -%}
    {{ return(build_at_once(target, statements)) }}
{% endmacro %}

{#- Runs the hooks and the statements of a build in one transaction. `made_by` is what says what comes out, where the
    statements also say what stands there already. -#}
{% macro build_at_once(target, statements, made_by=none) %}
    {%- set existing = load_cached_relation(target) -%}
    {#- What a hook does to it nobody knows. -#}
    {%- set is_noted = target.is_table and not (pre_hooks or post_hooks) -%}
    {%- set statements = statements ~ comments(target, model) -%}
    {%- set made_by = made_by or statements -%}
    {%- set recipe = recipe_of(made_by) if is_noted else {} -%}
    {%- if recipe.is_same and existing is not none and existing.type == target.type -%}
        {%- call noop_statement('main', 'AS IT WAS') -%}{%- endcall -%}
        {{ return({'relations': [target]}) }}
    {%- endif -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- call statement('main') -%}
        {%- if existing is not none and existing.type != target.type %}
            drop {{ existing.type }} {{ existing }};
        {%- endif %}
        {{ statements }}
        {{ note_content(target if is_noted else none, recipe.hash, made_by if model.resource_type == 'model' else none) }}
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

{#- The one kind of constraint that is held here: not_null. -#}
{% macro column_constraints(relation, columns) %}
    {%- for name, column in columns.items() if column.constraints %}
        alter table {{ relation }} alter column {{ adapter.quote(name) }} set not null;
    {%- endfor %}
{% endmacro %}

{#- Fails where the primary key of the model's meta stands on more than one row, of those that `condition` chooses.
    NULL is a value of a key like any other; where it may not stand, the column is not_null. Not where
    `primary_key_held_by` names another model or the test `primary_key` that holds it. -#}
{% macro hold_primary_key(relation, condition='true') %}
    {%- set stated = config.get('meta', {}) -%}
    {%- set key = stated.get('primary_key') -%}
    {%- if key and not stated.get('primary_key_held_by') %}
    select
        error(
            {{ dbt.string_literal('the primary key of ' ~ relation.identifier ~ ' (' ~ key | join(', ') ~ ') is broken: ') }}
            || count(*) || ' of its values stand on several rows'
        )
    from (
        {{ repeated_keys(relation, key, condition) }}
    )
    having count(*) > 0;
    {%- endif %}
{% endmacro %}

{#- Rows of a key that stand more than once, with their number. -#}
{% macro repeated_keys(relation, key, condition='true') %}
    select
        {{ quoted_columns(key) }},
        count(*) as rows_found
    from {{ relation }}
    where {{ condition }}
    group by {{ quoted_columns(key) }}
    having count(*) > 1
{% endmacro %}

{#- The key of the model that the test at hand is attached to: inside a test, `model` is its rows. -#}
{% macro primary_key_of_tested() %}
    {{ return(graph.nodes[model.attached_node].config.meta.primary_key if execute else []) }}
{% endmacro %}

{#- What an analyst reads beside the table and each column. -#}
{% macro comments(relation, node) %}
    {%- if config.persist_relation_docs() and node.description %}
        comment on {{ relation.type }} {{ relation }} is {{ duckdb_escape_comment(node.description) }};
    {%- endif %}
    {%- for name, column in node.columns.items() if config.persist_column_docs() %}
        comment on column {{ relation }}.{{ adapter.quote(name) }} is {{ duckdb_escape_comment(column.description) }};
    {%- endfor %}
{% endmacro %}

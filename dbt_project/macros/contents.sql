{#- What a night may leave as it is. Every table and seed is noted in `intermediate.node_contents` with a mark of its rows
    (`content`), beside it what it was made of (`recipe`: its own statements and the marks of all that it reads, through
    views), and the `statements` as dbt wrote them, which a night of the same program runs again without dbt
    (`orchestration/repeat.py`). Where a night (variable SPBE_CHANGED_ONLY) would make a table of the same again, or hold
    a test that passed against the same, it does not. Whoever asks for something by hand gets it. A mark does not tell
    in which order rows stand: no model rests on that. -#}
{% macro node_contents() -%}
    {{ adapter.quote(target.database) }}.intermediate.node_contents
{%- endmacro %}

{#- Before a run: the marks of what was received. Records of the lake have none, so what reads them is always made. -#}
{% macro note_sources() %}
    {%- if execute and flags.WHICH in ('build', 'run', 'seed', 'snapshot', 'test', 'retry') %}
        {%- set found = run_query("select table_name from information_schema.tables where table_schema = 'raw'").columns[0].values() -%}
        {#- dbt's own kinds of models note nothing. -#}
        {%- set noted = graph.nodes.values() | selectattr('config.materialized', 'in', ['table', 'kept_days', 'seed', 'test']) | map(attribute='unique_id') | list -%}
        {%- set marks = [] -%}
        {%- for id, source in graph.sources.items() if source.schema == 'raw' and source.identifier in found -%}
            {%- do marks.append(mark_of_rows(id, none, api.Relation.create(source.database, source.schema, source.identifier))) -%}
        {%- endfor -%}
        create schema if not exists {{ adapter.quote(target.database) }}.intermediate;
        create table if not exists {{ node_contents() }} (node varchar, recipe varchar, content varchar, statements varchar);
        alter table {{ node_contents() }} add column if not exists statements varchar;
        begin;
        delete from {{ node_contents() }}
        where node not in ({{ quoted_texts(noted) }});
        {%- if marks %}
        insert into {{ node_contents() }}
        {{ marks | join(' union all ') }};
        {%- endif %}
        commit;
    {%- endif %}
{% endmacro %}

{#- With a model or seed that was just made, in its transaction: the mark of its rows, where it is a table of ours. -#}
{% macro note_content(relation, recipe, statements) %}
    delete from {{ node_contents() }} where node = '{{ model.unique_id }}';
    {%- if relation %}
    insert into {{ node_contents() }}
    {{ mark_of_rows(model.unique_id, recipe, relation, statements) }};
    {%- endif %}
{% endmacro %}

{#- After a test: its query, and what it passed against, if it did. -#}
{% macro note_test(recipe, query) %}
    {%- call statement('note', auto_begin=False) -%}
        begin;
        delete from {{ node_contents() }} where node = '{{ model.unique_id }}';
        insert into {{ node_contents() }}
        values ('{{ model.unique_id }}', {{ text_or_null(recipe) }}, null, {{ text_or_null(query) }});
        commit;
    {%- endcall -%}
{% endmacro %}

{#- Before a node is made in dbt's own way, or is tried again. -#}
{% macro forget_content() %}
    {%- do run_query("delete from " ~ node_contents() ~ " where node = '" ~ model.unique_id ~ "'") -%}
{% endmacro %}

{#- A row of the notes: a node, what it was made of, and the mark of its rows, the same in any order of them. -#}
{% macro mark_of_rows(id, recipe, relation, statements) -%}
    select
        '{{ id }}' as node,
        {{ text_or_null(recipe) }} as recipe,
        concat_ws(' ', count(*), sum(hash(rows_of)), bit_xor(hash(rows_of))) as content,
        {{ text_or_null(statements) }} as statements
    from {{ relation }} as rows_of
{%- endmacro %}

{% macro text_or_null(value) -%}
    {{ "'" ~ adapter.escape_sql_string(value) ~ "'" if value else 'cast(null as varchar)' }}
{%- endmacro %}

{% macro quoted_texts(texts) -%}
    {%- for text in texts %}'{{ text }}'{{ ', ' if not loop.last }}{% endfor -%}
{%- endmacro %}

{#- What the model or test at hand is made of, as a hash, and whether it was made of it last time. No hash where
    something it reads has no mark. -#}
{% macro recipe_of(statements) %}
    {%- set inputs = inputs_of(model) | unique | list -%}
    {%- set is_input = "filter (node in (" ~ quoted_texts(inputs) ~ "))" -%}
    {%- set noted = run_query(
        "select count(content) " ~ is_input ~ " as marks,"
        ~ " string_agg(node || ' ' || content, ',' order by node) " ~ is_input ~ " as made_of,"
        ~ " any_value(recipe) filter (node = '" ~ model.unique_id ~ "') as recipe"
        ~ " from " ~ node_contents()
    ).rows[0] if inputs else {} -%}
    {%- if not inputs or noted['marks'] != inputs | length -%}
        {{ return({'hash': none, 'is_same': false}) }}
    {%- endif -%}
    {%- set hash = local_md5(statements ~ noted['made_of']) -%}
    {%- set is_asked = flags.FULL_REFRESH or not env_var('SPBE_CHANGED_ONLY', '') -%}
    {{ return({'hash': hash, 'is_same': hash == noted['recipe'] and not is_asked}) }}
{% endmacro %}

{#- Ids of the tables, seeds and sources that a node reads: a view's rows are those of what it reads. -#}
{% macro inputs_of(node) %}
    {%- set found = [] -%}
    {%- for id in node.depends_on.nodes -%}
        {%- set input = graph.nodes.get(id) -%}
        {%- if input and input.config.materialized in ('view', 'ephemeral') -%}
            {%- do found.extend(inputs_of(input)) -%}
        {%- else -%}
            {%- do found.append(id) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(found) }}
{% endmacro %}

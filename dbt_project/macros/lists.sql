{#- One row per value of a list; none for an empty one. -#}
{% macro unnest_list(list) -%} unnest({{ list }}) {%- endmacro %}

{#- One row per part of a text. -#}
{% macro unnest_split(text, separator) -%}
    unnest(string_split({{ text }}, '{{ separator }}'))
{%- endmacro %}

{#- Aggregate: all lists of a group as one list. -#}
{% macro joined_lists(lists) -%} flatten(list({{ lists }}) filter (where {{ lists }} is not null)) {%- endmacro %}

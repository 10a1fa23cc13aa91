{#- Deepest level of a rulebook below its root (a limit of the format `rulebook`); the tree models loop over it. -#}
{% macro max_depth() -%} 8 {%- endmacro %}

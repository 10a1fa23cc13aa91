{#- Aggregate: exact percentile with linear interpolation. The values are whole numbers and `p` has two
    decimals, so two decimals hold it exactly. -#}
{% macro exact_percentile(value, p) -%}
cast(percentile_cont({{ p }}) within group (order by {{ value }}) as decimal(18, 2))
{%- endmacro %}

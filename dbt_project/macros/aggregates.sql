{#- Aggregate: the first filled value by `position`. -#}
{% macro first_filled(column, position='position') -%}
    min_by({{ column }}, {{ position }}) filter (where {{ column }} is not null)
{%- endmacro %}

{#- Aggregate: how many distinct whole numbers a group holds, or fewer where two are 512 apart; much cheaper than
    count(distinct). -#}
{% macro distinct_bits(number) -%}
    bit_count(bitstring_agg(cast({{ number }} % 512 as smallint), cast(0 as smallint), cast(511 as smallint)))
{%- endmacro %}

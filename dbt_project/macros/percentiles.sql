{#- Aggregate: exact percentile, `hundredths` of 100, with linear interpolation, of whole numbers that stand for
    several each: two decimals hold it exactly. `upto` is how many have this value or a smaller one, `total` how many
    there are. -#}
{% macro counted_percentile(value, upto, total, hundredths) -%}
{%- set steps = hundredths ~ ' * (' ~ total ~ ' - 1)' -%}
{%- set below = 'min(' ~ value ~ ') filter (where ' ~ upto ~ ' > (' ~ steps ~ ') // 100)' -%}
{%- set above = 'min(' ~ value ~ ') filter (where ' ~ upto ~ ' > (' ~ steps ~ ' + 99) // 100)' -%}
cast({{ below }} + ({{ above }} - {{ below }}) * min(({{ steps }}) % 100) / 100 as decimal(18, 2))
{%- endmacro %}

{#- Aggregate: exact percentile with linear interpolation. The values are whole numbers and `p` has two
    decimals, so two decimals hold it exactly. -#}
{% macro exact_percentile(value, p) -%}
cast(percentile_cont({{ p }}) within group (order by {{ value }}) as decimal(18, 2))
{%- endmacro %}

{#- Aggregate: the same percentile, `hundredths` of 100, of values that stand for several each. `upto` is how many
    have this value or a smaller one, `total` how many there are. -#}
{% macro counted_percentile(value, upto, total, hundredths) -%}
{%- set steps = hundredths ~ ' * (' ~ total ~ ' - 1)' -%}
{%- set below = 'min(' ~ value ~ ') filter (where ' ~ upto ~ ' > (' ~ steps ~ ') // 100)' -%}
{%- set above = 'min(' ~ value ~ ') filter (where ' ~ upto ~ ' > (' ~ steps ~ ' + 99) // 100)' -%}
cast({{ below }} + ({{ above }} - {{ below }}) * min(({{ steps }}) % 100) / 100.00 as decimal(18, 2))
{%- endmacro %}

{#- Exact percentile, `hundredths` of 100, with linear interpolation, of a sorted list of whole numbers: two
    decimals hold it exactly. Half the cost of the aggregate `quantile_cont`, and no more where memory is short; the
    lists themselves must fit in it. -#}
{% macro sorted_percentile(values, hundredths) -%}
{%- set steps = hundredths ~ ' * (len(' ~ values ~ ') - 1)' -%}
{%- set below = values ~ '[(' ~ steps ~ ') // 100 + 1]' -%}
{%- set above = values ~ '[(' ~ steps ~ ' + 99) // 100 + 1]' -%}
cast({{ below }} + ({{ above }} - {{ below }}) * (({{ steps }}) % 100) / 100 as decimal(18, 2))
{%- endmacro %}

{#- Aggregate: the same percentile of values that stand for several each. `upto` is how many have this value or a
    smaller one, `total` how many there are. -#}
{% macro counted_percentile(value, upto, total, hundredths) -%}
{%- set steps = hundredths ~ ' * (' ~ total ~ ' - 1)' -%}
{%- set below = 'min(' ~ value ~ ') filter (where ' ~ upto ~ ' > (' ~ steps ~ ') // 100)' -%}
{%- set above = 'min(' ~ value ~ ') filter (where ' ~ upto ~ ' > (' ~ steps ~ ' + 99) // 100)' -%}
cast({{ below }} + ({{ above }} - {{ below }}) * min(({{ steps }}) % 100) / 100 as decimal(18, 2))
{%- endmacro %}

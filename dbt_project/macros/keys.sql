{#- A 64-bit key of several columns, for use within one query; NULL counts as a value. -#}
{% macro hashed(columns) -%} hash({{ columns | join(', ') }}) {%- endmacro %}

{#- Aggregate: all lists of a group as one list. -#}
{% macro joined_lists(lists) -%} flatten(list({{ lists }}) filter (where {{ lists }} is not null)) {%- endmacro %}

{#- Milliseconds from one timestamp to another, negative when the second is earlier. -#}
{% macro ms_between(first_at, last_at) -%} (epoch_ms({{ last_at }}) - epoch_ms({{ first_at }})) {%- endmacro %}

{#- Aggregate: how many distinct whole numbers a group holds, or fewer where two are 512 apart; much cheaper than
    count(distinct). (Spark: bitmap_construct_agg.) -#}
{% macro distinct_bits(number) -%}
    bit_count(bitstring_agg(cast({{ number }} % 512 as smallint), cast(0 as smallint), cast(511 as smallint)))
{%- endmacro %}

{#- Texts as one key: a separator inside a part is marked, so that `a:b` with `c` is not `a` with `b:c`. NULL where a
    part is NULL. -#}
{% macro joined_key(separator, parts) -%}
    {%- for part in parts -%}
        replace(
            replace({{ part }}, chr(92), chr(92) || chr(92)), '{{ separator }}', chr(92) || '{{ separator }}'
        )
        {%- if not loop.last %} || '{{ separator }}' || {% endif -%}
    {%- endfor -%}
{%- endmacro %}

{#- A 64-bit key of several columns, for use within one query; NULL counts as a value. -#}
{% macro hashed(columns) -%} hash({{ columns | join(', ') }}) {%- endmacro %}

{#- A file as a number: the first 60 bits of its id, a SHA-256. Which of several files counts a record follows this
    number, and so neither the engine's own hash nor who read them. -#}
{% macro file_number(file_id) -%}
    cast('0x' || left({{ file_id }}, 15) as bigint)
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

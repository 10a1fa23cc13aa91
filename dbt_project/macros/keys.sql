{#- A 64-bit key of several columns, for use within one query; NULL counts as a value. -#}
{% macro hashed(columns) -%} hash({{ columns | join(', ') }}) {%- endmacro %}

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

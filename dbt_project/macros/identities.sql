{#- The member of an X-Road name: INSTANCE/CLASS/MEMBER of INSTANCE/CLASS/MEMBER/SUBSYSTEM. -#}
{% macro xroad_member(identity) -%}
    concat_ws(
        '/', split_part({{ identity }}, '/', 1), split_part({{ identity }}, '/', 2), split_part({{ identity }}, '/', 3)
    )
{%- endmacro %}

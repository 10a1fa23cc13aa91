{#- What every measure, unit and window are told apart by, as columns of relation `of`. -#}
{% macro unit_keys(of) -%}
    {{ of }}.instansi_code, {{ of }}.unit_kind, {{ of }}.unit_code, {{ of }}.window_kind, {{ of }}.window_start,
    {{ of }}.window_end
{%- endmacro %}

{#- Join condition: two relations speak of one window of one instansi. -#}
{% macro same_window(a, b) -%}
    {{ a }}.instansi_code = {{ b }}.instansi_code
    and {{ a }}.window_kind = {{ b }}.window_kind
    and {{ a }}.window_start = {{ b }}.window_start
{%- endmacro %}

{#- Join condition: what belongs to an OPD counts for it and for the instansi as a whole. -#}
{% macro counts_for(units, opd_code) -%}
    ({{ units }}.unit_kind = 'instansi' or {{ units }}.unit_code = {{ opd_code }})
{%- endmacro %}

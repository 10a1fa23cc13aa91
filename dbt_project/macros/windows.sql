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

{#- For `qualify`: of each instansi the window that ends last, the shortest of those that end on one day. -#}
{% macro is_latest_window() -%}
    row_number() over (partition by instansi_code order by window_end desc, window_start desc) = 1
{%- endmacro %}

{#- What every measure, unit and window are told apart by, as columns of relation `of`. -#}
{% macro unit_keys(of) -%}
    {{ of }}.instansi_code, {{ of }}.unit_kind, {{ of }}.unit_code, {{ of }}.window_kind, {{ of }}.window_start,
    {{ of }}.window_end
{%- endmacro %}

{#- Join condition: two relations speak of one window of one agency. -#}
{% macro same_window(a, b) -%}
    {{ a }}.instansi_code = {{ b }}.instansi_code
    and {{ a }}.window_kind = {{ b }}.window_kind
    and {{ a }}.window_start = {{ b }}.window_start
{%- endmacro %}

{#- Join condition: what belongs to an OPD counts for it and for the agency as a whole. -#}
{% macro counts_for(units, opd_code) -%}
    ({{ units }}.unit_kind = 'instansi' or {{ units }}.unit_code = {{ opd_code }})
{%- endmacro %}

{#- Join condition: a period (YYYY or YYYY-MM) touches the window of relation `of`. -#}
{% macro period_touches(period, of) -%}
    {{ period }} <= {{ month_text(of ~ '.window_end') }}
    and substr({{ period }} || '-12', 1, 7) >= {{ month_text(of ~ '.window_start') }}
{%- endmacro %}

{#- The rows of a measure, one select for each figure, from relation `of` with one row per unit and window.
    shares: (figure, numerator, denominator [, unit]); values: (figure, unit, value) without a numerator. -#}
{% macro measure_rows(measure_id, of, shares=[], values=[]) -%}
    {%- for share in shares %}
select
    instansi_code,
    '{{ measure_id }}' as measure_id,
    '{{ share[0] }}' as figure,
    '{{ share[3] if share | length > 3 else 'share' }}' as figure_unit,
    unit_kind,
    unit_code,
    window_kind,
    window_start,
    window_end,
    {{ bigint_within(share[1]) }} as numerator,
    {{ bigint_within(share[2]) }} as denominator,
    cast({{ share[1] }} as double) / cast(nullif({{ share[2] }}, 0) as double) as value
from {{ of }}
{{ 'union all' if not loop.last or values }}
    {%- endfor %}
    {%- for value in values %}
select
    instansi_code,
    '{{ measure_id }}' as measure_id,
    '{{ value[0] }}' as figure,
    '{{ value[1] }}' as figure_unit,
    unit_kind,
    unit_code,
    window_kind,
    window_start,
    window_end,
    cast(null as bigint) as numerator,
    cast(null as bigint) as denominator,
    cast({{ value[2] }} as double) as value
from {{ of }}
{{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{#- One row per value of a list; none for an empty one. (Spark: explode.) -#}
{% macro unnest_list(list) -%} unnest({{ list }}) {%- endmacro %}

{#- Local day of a time in UTC. (Spark: from_utc_timestamp.) -#}
{% macro local_day(at, time_zone) -%}
    cast(timezone({{ time_zone }}, timezone('UTC', {{ at }})) as date)
{%- endmacro %}

{#- Hours from one time to another, with decimals. -#}
{% macro hours_between(from_at, to_at) -%}
    (date_diff('second', {{ from_at }}, {{ to_at }}) / 3600.0)
{%- endmacro %}

{#- A regular expression is found anywhere in the text. (Spark: rlike.) -#}
{% macro text_matches(text, pattern) -%} regexp_matches({{ text }}, {{ pattern }}) {%- endmacro %}

{#- Milliseconds from one timestamp to another, negative when the second is earlier. -#}
{% macro ms_between(first_at, last_at) -%} (epoch_ms({{ last_at }}) - epoch_ms({{ first_at }})) {%- endmacro %}

{#- Hours from one time to another, with decimals. -#}
{% macro hours_between(from_at, to_at) -%}
    (date_diff('second', {{ from_at }}, {{ to_at }}) / 3600.0)
{%- endmacro %}

{#- Local day of a time in UTC. -#}
{% macro local_day(at, time_zone) -%}
    cast(timezone({{ time_zone }}, timezone('UTC', {{ at }})) as date)
{%- endmacro %}

{#- The first moment after a local day, in UTC. -#}
{% macro day_end(day, time_zone) -%}
    timezone('UTC', timezone({{ time_zone }}, cast({{ day }} + interval 1 day as timestamp)))
{%- endmacro %}

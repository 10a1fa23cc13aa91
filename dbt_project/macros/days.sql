{#- A date some days later (earlier when negative). -#}
{% macro day_plus(day, days) -%} cast({{ day }} + interval ({{ days }}) day as date) {%- endmacro %}

{#- Days from one date to another. -#}
{% macro days_between(first_day, last_day) -%} date_diff('day', {{ first_day }}, {{ last_day }}) {%- endmacro %}

{#- The local day that a microbatch model writes, as a date; outside a batch (parse, lint) an arbitrary one. -#}
{% macro batch_day(days_later=0) -%}
    {%- set batch = model.batch if model is defined else none -%}
    {%- if batch -%}
        cast('{{ (batch.event_time_start + modules.datetime.timedelta(days=days_later)).strftime("%Y-%m-%d") }}' as date)
    {%- else -%}
        cast('1970-01-01' as date)
    {%- endif -%}
{%- endmacro %}

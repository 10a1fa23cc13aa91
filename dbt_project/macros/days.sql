{#- A date some days later (earlier when negative). -#}
{% macro day_plus(day, days) -%} cast({{ day }} + interval ({{ days }}) day as date) {%- endmacro %}

{#- Days from one date to another. -#}
{% macro days_between(first_day, last_day) -%} date_diff('day', {{ first_day }}, {{ last_day }}) {%- endmacro %}

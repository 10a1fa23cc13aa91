{#- One row per month from the month of one date to that of another, as its first day. (Spark: explode(sequence()).) -#}
{% macro unnest_months(first_day, last_day) -%}
    cast(
        unnest(generate_series(date_trunc('month', {{ first_day }}), date_trunc('month', {{ last_day }}), interval 1 month))
        as date
    )
{%- endmacro %}

{#- One row per month from the month of one date to that of another, as its first day. (Spark: explode(sequence()).) -#}
{% macro unnest_months(first_day, last_day) -%}
    cast(
        unnest(generate_series(date_trunc('month', {{ first_day }}), date_trunc('month', {{ last_day }}), interval 1 month))
        as date
    )
{%- endmacro %}

{#- Last day of a period written YYYY or YYYY-MM. -#}
{% macro period_end(period) -%}
    case
        when length({{ period }}) = 7 then last_day(cast({{ period }} || '-01' as date))
        else cast({{ period }} || '-12-31' as date)
    end
{%- endmacro %}

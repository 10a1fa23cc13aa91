{#- Text of the year of a date, a time or a period written YYYY or YYYY-MM. -#}
{% macro year_text(at) -%}
    substr(cast({{ at }} as varchar), 1, 4)
{%- endmacro %}

{#- Text of the month of a date, YYYY-MM. -#}
{% macro month_text(day) -%}
    substr(cast({{ day }} as varchar), 1, 7)
{%- endmacro %}

{#- First day of a period written YYYY or YYYY-MM, NULL for any other text. -#}
{% macro period_start(period) -%}
    try_cast(case length({{ period }}) when 4 then {{ period }} || '-01-01' when 7 then {{ period }} || '-01' end as date)
{%- endmacro %}

{#- Last day of a period written YYYY or YYYY-MM, NULL for any other text. -#}
{% macro period_end(period) -%}
    case length({{ period }})
        when 7 then last_day({{ period_start(period) }})
        else try_cast({{ period }} || '-12-31' as date)
    end
{%- endmacro %}

{#- Running number of the period that `day` falls in: two days of one period have one number, the next period
    the next one. Frequencies: daily, weekly (Monday to Sunday), monthly, quarterly, semiannual, annual. -#}
{% macro period_number(day, frequency) -%}
    case {{ frequency }}
        when 'daily' then datediff('day', cast('2000-01-03' as date), {{ day }})
        when 'weekly' then floor(datediff('day', cast('2000-01-03' as date), {{ day }}) / 7.0)
        when 'monthly' then year({{ day }}) * 12 + month({{ day }}) - 1
        when 'quarterly' then year({{ day }}) * 4 + quarter({{ day }}) - 1
        when 'semiannual' then year({{ day }}) * 2 + case when month({{ day }}) > 6 then 1 else 0 end
        when 'annual' then year({{ day }})
    end
{%- endmacro %}

{#- Join condition: a period (YYYY or YYYY-MM) touches the window of relation `of`. -#}
{% macro period_touches(period, of) -%}
    {{ period }} <= {{ month_text(of ~ '.window_end') }}
    and substr({{ period }} || '-12', 1, 7) >= {{ month_text(of ~ '.window_start') }}
{%- endmacro %}

{#- One row per day from one date to another, both included; none where the second is earlier. -#}
{% macro unnest_days(first_day, last_day) -%}
    cast(unnest(generate_series({{ first_day }}, {{ last_day }}, interval 1 day)) as date)
{%- endmacro %}

{#- One row per month from the month of one date to that of another, as its first day. -#}
{% macro unnest_months(first_day, last_day) -%}
    cast(
        unnest(generate_series(date_trunc('month', {{ first_day }}), date_trunc('month', {{ last_day }}), interval 1 month))
        as date
    )
{%- endmacro %}

{#- What senders write has no bounds that a model may rely on: a total or a date beyond what its type holds must not
    end the night of all others. (Spark: try_cast alike.) -#}

{#- A whole number as BIGINT; beyond 64 bits it stands at the edge. -#}
{% macro bigint_within(x) -%}
    case
        when {{ x }} > 9223372036854775807 then 9223372036854775807
        when {{ x }} < -9223372036854775807 then -9223372036854775807
        else try_cast({{ x }} as bigint)
    end
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

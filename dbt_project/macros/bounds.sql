{#- What senders write has no bounds that a model may rely on: a total or a date beyond what its type holds must not
    end the night of all others. -#}

{#- A whole number as BIGINT; beyond 64 bits it stands at the edge. -#}
{% macro bigint_within(x) -%}
    case
        when {{ x }} > 9223372036854775807 then 9223372036854775807
        when {{ x }} < -9223372036854775807 then -9223372036854775807
        else try_cast({{ x }} as bigint)
    end
{%- endmacro %}

{#- Exact arithmetic: a number is a numerator and a denominator, both whole (HUGEINT, 38 digits), lowest terms. -#}

{#- Type of numerators and denominators. -#}
{% macro exact_type() -%} hugeint {%- endmacro %}

{#- Largest common denominator that is kept exact. Beyond it a child's value is rounded to 1e-14, which keeps
    every product below 1.7e38 as long as the integer weights of one parent's children sum to at most 1e9.
    The regulations stay far below (an index has a denominator of some thousands); trees of many unequal
    weights with missing nodes do not, and an overflow would stop the whole night. -#}
{% macro exact_limit() -%} cast(100000000000000 as {{ exact_type() }}) {%- endmacro %}

{#- Type of a list of whole numbers. -#}
{% macro bigint_list() -%} bigint[] {%- endmacro %}

{#- Uniform number from 0 up to 1 out of a text, the same on every engine: 52 bits of its MD5. -#}
{% macro uniform_of(text) -%}
    (cast(cast('0x' || substr(md5({{ text }}), 1, 13) as bigint) as double) / 4503599627370496)
{%- endmacro %}

{#- Quotient of two whole numbers, remainder dropped. -#}
{% macro int_div(a, b) -%} (({{ a }}) // ({{ b }})) {%- endmacro %}

{% macro exact_gcd(a, b) -%} gcd({{ a }}, {{ b }}) {%- endmacro %}

{#- Aggregate: least common multiple of whole positive numbers; NULL rows are left out. -#}
{% macro lcm_agg(x) -%}
    list_reduce(list(distinct {{ x }}), lambda a, b: a // gcd(a, b) * b)
{%- endmacro %}

{#- Aggregate: greatest common divisor of whole positive numbers. -#}
{% macro gcd_agg(x) -%}
    list_reduce(list(distinct {{ x }}), lambda a, b: gcd(a, b))
{%- endmacro %}

{#- Aggregate: least common multiple, but 0 once the multiple would pass exact_limit(). -#}
{% macro bounded_lcm_agg(x) -%}
    list_reduce(
        list(distinct {{ x }}),
        lambda a, b: case
            when a = 0 or b = 0 then 0
            when a // gcd(a, b) > {{ exact_limit() }} // b then 0
            else a // gcd(a, b) * b
        end
    )
{%- endmacro %}

{#- num/den brought to the denominator `common`: exact where `common` is a multiple of den, else (where it is
    exact_limit()) rounded half-up, away from zero. Whole part and remainder are scaled apart, and the remainder in
    two steps, so that no product overflows. -#}
{% macro on_denominator(num, den, common) -%}
    {%- set step = "cast(10000000 as " ~ exact_type() ~ ")" -%}
    {%- set first = "abs((" ~ num ~ ") % (" ~ den ~ ")) * " ~ step -%}
    case
        when ({{ common }}) % ({{ den }}) = 0 then ({{ num }}) * {{ int_div(common, den) }}
        else {{ int_div(num, den) }} * ({{ common }})
            + sign({{ num }}) * (
                {{ int_div(first, den) }} * {{ step }}
                + {{ int_div("2 * ((" ~ first ~ ") % (" ~ den ~ ")) * " ~ step ~ " + (" ~ den ~ ")",
                    "2 * (" ~ den ~ ")") }}
            )
    end
{%- endmacro %}

{#- num/den in lowest terms, as numerator and as denominator; beyond exact_limit() rounded to that denominator. -#}
{% macro reduce_num(num, den) -%}
    case
        when {{ int_div(den, exact_gcd(num, den)) }} <= {{ exact_limit() }} then {{ int_div(num, exact_gcd(num, den)) }}
        else {{ on_denominator(num, den, exact_limit()) }}
    end
{%- endmacro %}
{% macro reduce_den(num, den) -%}
    least({{ int_div(den, exact_gcd(num, den)) }}, {{ exact_limit() }})
{%- endmacro %}

{#- True where num/den in lowest terms stays within exact_limit(). -#}
{% macro is_within_limit(num, den) -%}
    {{ int_div(den, exact_gcd(num, den)) }} <= {{ exact_limit() }}
{%- endmacro %}

{#- The whole index in units of tree weight where its leaves have no common denominator within exact_limit(): on a
    scale up to a thousand a leaf of a hundred-thousandth of the index weighs 15 digits, on a wider one as many less
    as keep its product with a value of 15 decimals below 1.7e38. Without a scale values may reach ten million. -#}
{% macro wide_unit(scale_min, scale_max) -%}
    cast(
        least(
            100000000000000000000,
            {{ int_div(
                "cast(100000000000000000000000 as " ~ exact_type() ~ ")",
                "cast(ceil(greatest(abs(coalesce(" ~ scale_min ~ ", 10000000)), abs(coalesce(" ~ scale_max
                ~ ", 10000000)), 1)) as " ~ exact_type() ~ ")"
            ) }}
        ) as {{ exact_type() }}
    )
{%- endmacro %}

{#- A weight as numerator over 10 ** 10; only the ratio of weights counts. -#}
{% macro weight_numerator(x) -%}
    cast(cast({{ x }} as decimal(38, 10)) * 10000000000 as {{ exact_type() }})
{%- endmacro %}

{#- A value as numerator over 10 ** 15: a received score keeps 15 decimals. -#}
{% macro exact_numerator(x) -%}
    cast(cast({{ x }} as decimal(38, 15)) * 1000000000000000 as {{ exact_type() }})
{%- endmacro %}
{% macro exact_denominator() -%} cast(1000000000000000 as {{ exact_type() }}) {%- endmacro %}

{#- num/den rounded half-up (away from zero) to 2 decimals, by whole numbers alone: DECIMAL(18, 2). -#}
{% macro half_up_2(num, den) -%}
    cast(
        cast(
            sign({{ num }})
            * {{ int_div("200 * abs(" ~ num ~ ") + " ~ den, "2 * (" ~ den ~ ")") }} as decimal(18, 0)
        ) * 0.01 as decimal(18, 2)
    )
{%- endmacro %}

{#- True where num/den >= the decimal `bound` (at most 4 decimals), compared by whole numbers. -#}
{% macro rational_at_least(num, den, bound) -%}
    ({{ num }}) * 10000 >= cast(cast({{ bound }} as decimal(18, 4)) * 10000 as {{ exact_type() }}) * ({{ den }})
{%- endmacro %}

{#- Value of a row of the tree as double: its own where the fraction is a rounding, else the fraction. -#}
{% macro value_double(row) -%}
    coalesce({{ row }}.value, cast({{ row }}.value_num as double) / cast({{ row }}.value_den as double))
{%- endmacro %}

{#- A value as double: num/den where that is exact, else its own numerator over exact_denominator(). -#}
{% macro value_of_fraction(is_exact, num, den, numerator) -%}
    case
        when {{ is_exact }} then {{ rational_double(num, den) }}
        else {{ rational_double(numerator, exact_denominator()) }}
    end
{%- endmacro %}

{#- The sum of two doubles, at the decimals that scores have: 2.36 + 0.24 is 2.6. -#}
{% macro sum_double(one, other) -%}
    (round(({{ one }} + {{ other }}) * {{ exact_denominator() }}) / {{ exact_denominator() }})
{%- endmacro %}

{#- num/den as double, for columns that people read. -#}
{% macro rational_double(num, den) -%}
    (cast({{ num }} as double) / cast({{ den }} as double))
{%- endmacro %}

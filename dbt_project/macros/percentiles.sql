{#- Aggregate: exact percentile with linear interpolation (as percentile_cont) over counted values. The rows of a
    group are its values, `so_far` the calls up to and with this value, `total` all of them. Two decimals hold it
    exactly, since `p` has two. -#}
{% macro percentile_of_counts(value, so_far, total, p) -%}
    {%- set place = "cast((" ~ total ~ " - 1) * cast(" ~ p ~ " as decimal(3, 2)) as decimal(20, 2))" -%}
    cast(
        min({{ value }}) filter (where {{ so_far }} > floor({{ place }}))
        + (
            min({{ value }}) filter (where {{ so_far }} > ceil({{ place }}))
            - min({{ value }}) filter (where {{ so_far }} > floor({{ place }}))
        )
        * min({{ place }} - floor({{ place }})) as decimal(18, 2)
    )
{%- endmacro %}

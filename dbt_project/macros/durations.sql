{#- A duration in ms as it is counted: itself up to `exact_duration_ms`, beyond that the middle of its
    bucket of `duration_bucket_ms`. So a day's counts have a bound that calls do not move, and counts of several days add up. -#}
{% macro counted_duration(ms) -%}
{%- set size, width = var('exact_duration_ms'), var('duration_bucket_ms') -%}
case
            when {{ ms }} <= {{ size }} then {{ ms }}
            else {{ size }} + ({{ ms }} - {{ size }} - 1) // {{ width }} * {{ width }} + ({{ width }} + 1) // 2
        end
{%- endmacro %}

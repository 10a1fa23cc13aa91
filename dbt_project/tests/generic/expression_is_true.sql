{#- Fails on every row where the expression, on a column with its name before it, is false; a row where it is
    unknown (NULL) passes. As in dbt_utils. -#}
{% test expression_is_true(model, expression, column_name=none) %}
select *
from {{ model }}
where not ({{ column_name or '' }} {{ expression }})
{% endtest %}

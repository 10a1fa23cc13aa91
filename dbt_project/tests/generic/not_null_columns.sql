{#- Fails on every row in which one of `columns` is empty: one query for the model, where a test per column
    costs one each. -#}
{% test not_null_columns(model, columns) %}
select *
from {{ model }}
where {{ columns | join(' is null or ') }} is null
{% endtest %}

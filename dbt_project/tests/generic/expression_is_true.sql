{#- Fails on every row where `expression` is false; a row where it is unknown (NULL) passes. -#}
{% test expression_is_true(model, expression) %}
select *
from {{ model }}
where not ({{ expression }})
{% endtest %}

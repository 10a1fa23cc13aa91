{#- Fails on every sentence in which a word to fill in is still to be filled in. -#}
{% test words_filled_in(model, column_name) %}
select *
from {{ model }}
where
    {{ column_name }} like '%{unit}%'
    or {{ column_name }} like '%{subject}%'
    or {{ column_name }} like '%{window}%'
{% endtest %}

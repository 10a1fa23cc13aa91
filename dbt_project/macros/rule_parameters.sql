{#- A number that a rule rests on (seed `rule_parameters`), as a query of one value: DECIMAL, or `type`. -#}
{% macro rule_parameter(rule_id, parameter, type='decimal(18, 6)') -%}
    (
        select cast(parameters.value as {{ type }}) from {{ ref('rule_parameters') }} as parameters
        where parameters.rule_id = '{{ rule_id }}' and parameters.parameter = '{{ parameter }}'
    )
{%- endmacro %}

{#- The same number in the words of an Indonesian sentence. -#}
{% macro rule_parameter_words(rule_id, parameter) -%}
    (
        select parameters.words from {{ ref('rule_parameters') }} as parameters
        where parameters.rule_id = '{{ rule_id }}' and parameters.parameter = '{{ parameter }}'
    )
{%- endmacro %}

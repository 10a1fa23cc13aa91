{#- Whether a third party builds or hosts a system of relation `of`; NULL where its list leaves it open. -#}
{% macro third_party(of) -%}
    case
        when {{ of }}.builder_kind = 'vendor' or {{ of }}.hosting in ('vendor', 'commercial_cloud') then true
        when
            coalesce({{ of }}.builder_kind, 'unknown') <> 'unknown'
            and coalesce({{ of }}.hosting, 'unknown') not in ('unknown', 'outside_unspecified')
            then false
    end
{%- endmacro %}

{#- The model of every measure of seed `measures`, in its order: dbt must know at parse time what is read. -#}
{% macro measure_models() -%}
    {{ return([
        'int_i01_api_share',
        'int_i02_live_api_share',
        'int_i03_hub_share',
        'int_i04_connected_opds',
        'int_i05_service_reuse',
        'int_i06_reciprocity',
        'int_i07_density',
        'int_i08_silo_share',
        'int_i09_openness',
        'int_i10_concentration',
        'int_i11_success_rate',
        'int_i12_observed_availability',
        'int_i13_p95_duration',
        'int_i14_data_freshness',
        'int_i15_format_conformity',
        'int_i16_code_conformity',
        'int_i17_link_level',
        'int_i18_function_overlap',
        'int_i19_duplicate_entry',
        'int_i20_third_party_without_contract',
        'int_i21_government_hosting',
        'int_i22_complaint_response',
        'int_i23_website_freshness',
        'int_i24_published_equals_field',
        'int_i25_service_reach',
        'int_i26_declaration_gap',
        'int_i27_evidence_completeness',
        'int_i28_working_time_saved',
    ]) }}
{%- endmacro %}

{#- The rows of a measure, one select for each figure, from relation `of` with one row per unit and window.
    shares: (figure, numerator, denominator [, unit]); values: (figure, unit, value) without a numerator. -#}
{% macro measure_rows(measure_id, of, shares=[], values=[]) -%}
    {%- for share in shares %}
select
    instansi_code,
    '{{ measure_id }}' as measure_id,
    '{{ share[0] }}' as figure,
    '{{ share[3] if share | length > 3 else 'share' }}' as figure_unit,
    unit_kind,
    unit_code,
    window_kind,
    window_start,
    window_end,
    {{ bigint_within(share[1]) }} as numerator,
    {{ bigint_within(share[2]) }} as denominator,
    cast({{ share[1] }} as double) / cast(nullif({{ share[2] }}, 0) as double) as value
from {{ of }}
{{ 'union all' if not loop.last or values }}
    {%- endfor %}
    {%- for value in values %}
select
    instansi_code,
    '{{ measure_id }}' as measure_id,
    '{{ value[0] }}' as figure,
    '{{ value[1] }}' as figure_unit,
    unit_kind,
    unit_code,
    window_kind,
    window_start,
    window_end,
    cast(null as bigint) as numerator,
    cast(null as bigint) as denominator,
    cast({{ value[2] }} as double) as value
from {{ of }}
{{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{#- What a model's description says, as a text of SQL. -#}
{% macro definition_of(model) -%}
    {%- set models = graph.nodes.values() | selectattr('name', 'equalto', model) if graph is defined and execute else [] -%}
    {%- set told = models | map(attribute='description') | join -%}
    '{{ told | replace('`', '') | replace("'", "''") | replace('\n', ' ') | trim }}'
{%- endmacro %}

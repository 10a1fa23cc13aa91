{#- What an instansi declared of each indicator, as a query: of several handed-in levels the later file's counts, also
    an empty one, which takes it back. -#}
{% macro declared_levels() -%}
select
    instansi_code,
    period,
    rulebook_id,
    node_id,
    level,
    explanation,
    evidence_ref,
    opd_code,
    assessed_on
from {{ ref('stg_self_assessment__levels') }}
where stage = 'self'
qualify row_number() over (
    partition by instansi_code, period, rulebook_id, node_id
    order by file_order desc, row_number desc, file_sha256 desc
) = 1
{%- endmacro %}

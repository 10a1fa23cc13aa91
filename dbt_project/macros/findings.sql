{#- The findings of one rule, a row for every row of relation `of`, which has instansi_code, window_start, window_end
    and window_words. All else are expressions on it: `opd`, the OPD that the finding is about (NULL: the instansi);
    `key`, what it is about within that; `subject`, its name; `evidence`, table and key to look at; `size`, how big, in
    the rule's own unit; `parts`, the words of the rule's sentence (seed `finding_rules`) by their names in braces;
    `system`, `service` and `node`, the keys of what it is about, where it is about one. -#}
{% macro finding_rows(
    rule_id, of, key, subject, evidence, opd='null', size='1', parts={}, where=none,
    system='null', service='null', node='null'
) -%}
select
    '{{ rule_id }}' as rule_id,
    instansi_code,
    case when {{ opd }} is null then 'instansi' else 'opd' end as unit_kind,
    coalesce({{ opd }}, instansi_code) as unit_code,
    {{ key }} as finding_key,
    window_start,
    window_end,
    window_words,
    {{ subject }} as subject,
    cast({{ system }} as varchar) as finding_system,
    cast({{ service }} as varchar) as finding_service,
    cast({{ node }} as varchar) as finding_node,
    cast(
        map {
            {%- for name, words in parts.items() %}
            '{{ name }}': {{ words }}{{ ',' if not loop.last }}
            {%- endfor %}
        } as map(varchar, varchar)
    ) as parts,
    cast({{ size }} as double) as size,
    {{ evidence }} as evidence
from {{ of }}
{%- if where %}
where {{ where }}
{%- endif %}
{%- endmacro %}

{#- The windows in which findings are stated: months, and years to date of years that have no month. -#}
{% macro finding_windows() -%}
select
    instansi_code,
    window_kind,
    window_start,
    window_end,
    measured_to,
    {{ window_text('window_start', 'window_end') }} as window_words
from {{ ref('int_windows__listed') }}
qualify
    window_kind = 'month'
    or count(*) filter (where window_kind = 'month') over (partition by instansi_code, year(window_start)) = 0
{%- endmacro %}

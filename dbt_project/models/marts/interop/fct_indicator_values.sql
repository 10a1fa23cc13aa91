select
    *,
    cast(null as varchar) as figure_node
from {{ ref('int_measures__valued') }}
-- Declared minus evidence rests on the evidence levels, which rest on the measures: it comes last.
union all by name
select
    gaps.*,
    sources.sources_received,
    sources.sources_expected
from {{ ref('int_i26_declaration_gap') }} as gaps
left join {{ ref('int_measures__valued') }} as sources
    on
        {{ same_window('gaps', 'sources') }}
        and gaps.unit_kind = sources.unit_kind
        and gaps.unit_code = sources.unit_code
        and sources.measure_id = 'I27'

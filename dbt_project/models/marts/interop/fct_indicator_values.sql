select * from {{ ref('int_measures__valued') }}
union all
-- Declared minus evidence rests on the evidence levels, which rest on the measures: it comes last.
select
    gaps.*,
    cast(null as integer) as level,
    sources.sources_received,
    sources.sources_expected
from {{ ref('int_measure_i26') }} as gaps
left join {{ ref('int_measures__valued') }} as sources
    on
        {{ same_window('gaps', 'sources') }}
        and gaps.unit_kind = sources.unit_kind
        and gaps.unit_code = sources.unit_code
        and sources.measure_id = 'I27'

-- Berapa nilai terbaru tiap ukuran integrasi dan interoperabilitas, dari berapa sumber?
select
    instansi_code,
    unit_kind,
    unit_code,
    measure_id,
    figure,
    window_start,
    window_end,
    numerator,
    denominator,
    value,
    level,
    sources_received,
    sources_expected
from fct_indicator_values
qualify
    row_number() over (
        partition by instansi_code, unit_kind, unit_code, measure_id, figure
        order by window_end desc, window_start desc
    ) = 1
order by instansi_code, unit_kind, unit_code, measure_id, figure

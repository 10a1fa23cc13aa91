-- Berapa nilai terbaru tiap ukuran integrasi dan interoperabilitas, dari berapa sumber?
-- What is the newest value of each measure of integration and interoperability, from how many sources?
select
    indicator.instansi_code,
    indicator.unit_kind,
    indicator.unit_code,
    indicator.measure_id,
    measure.name as ukuran,
    indicator.figure,
    indicator.figure_node,
    indicator.figure_system,
    indicator.figure_service,
    indicator.window_kind,
    indicator.window_start,
    indicator.window_end,
    indicator.numerator,
    indicator.denominator,
    indicator.value,
    indicator.level,
    indicator.sources_received,
    indicator.sources_expected
from fct_indicator_values as indicator
inner join dim_measure as measure on indicator.measure_id = measure.measure_id
qualify
    row_number() over (
        partition by
            indicator.instansi_code, indicator.unit_kind, indicator.unit_code,
            indicator.measure_id, indicator.figure, indicator.figure_node,
            indicator.figure_system, indicator.figure_service, indicator.window_kind
        order by indicator.window_end desc
    ) = 1
order by
    indicator.instansi_code, indicator.unit_kind, indicator.unit_code, indicator.measure_id, indicator.figure,
    indicator.figure_node, indicator.figure_system, indicator.figure_service, indicator.window_kind

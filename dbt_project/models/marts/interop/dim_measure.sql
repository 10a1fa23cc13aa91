select
    measure_id,
    name,
    name_en,
    unit,
    direction,
    formula,
    needs
from {{ ref('measures') }}

with units as (

    select * from {{ ref('int_units__windowed') }}

),

opds as (

    select * from {{ ref('int_opd_edges__windowed') }}

),

counted as (

    {% for figure, condition in [
    ('main', 'opds.is_provider or opds.is_consumer'),
    ('as_provider', 'opds.is_provider'),
    ('as_consumer', 'opds.is_consumer'),
    ('with_outside', 'opds.is_outside'),
] %}
    select
        units.instansi_code,
        '{{ figure }}' as figure,
        units.unit_kind,
        units.unit_code,
        units.window_kind,
        units.window_start,
        units.window_end,
        -- NULL, not 0, where no log came in.
        case when bool_or(opds.is_logged) then count(*) filter (where {{ condition }}) end as numerator,
        count(opds.opd_code) as denominator
    from units
    left join opds
        on
            units.instansi_code = opds.instansi_code
            and units.window_kind = opds.window_kind
            and units.window_start = opds.window_start
            and (units.unit_kind = 'instansi' or units.unit_code = opds.opd_code)
    group by all
    {{ 'union all' if not loop.last }}
    {% endfor %}

)

select
    instansi_code,
    'I04' as measure_id,
    figure,
    unit_kind,
    unit_code,
    window_kind,
    window_start,
    window_end,
    cast(numerator as bigint) as numerator,
    cast(denominator as bigint) as denominator
from counted

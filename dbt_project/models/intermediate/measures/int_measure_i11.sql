with units as (

    select * from {{ ref('int_units__windowed') }}

),

calls as (

    select * from {{ ref('int_calls__windowed') }}

),

figures as (

    select
        units.*,
        'main' as figure,
        sum(calls.succeeded) as numerator,
        coalesce(sum(calls.calls), 0) as denominator
    from units
    left join calls
        on
            units.instansi_code = calls.instansi_code
            and units.window_kind = calls.window_kind
            and units.window_start = calls.window_start
            and (units.unit_kind = 'instansi' or units.unit_code = calls.provider_opd)
    group by all
    union all
    select
        units.*,
        'as_consumer' as figure,
        sum(calls.succeeded) as numerator,
        sum(calls.calls) as denominator
    from units
    inner join calls
        on
            units.instansi_code = calls.instansi_code
            and units.window_kind = calls.window_kind
            and units.window_start = calls.window_start
            and units.unit_code = calls.consumer_opd
    where units.unit_kind = 'opd'
    group by all
    union all
    select
        units.*,
        'service ' || calls.provider_system || ' ' || calls.service as figure,
        sum(calls.succeeded) as numerator,
        sum(calls.calls) as denominator
    from units
    inner join calls
        on
            units.instansi_code = calls.instansi_code
            and units.window_kind = calls.window_kind
            and units.window_start = calls.window_start
            and units.unit_code = calls.provider_opd
    where units.unit_kind = 'opd'
    group by all

)

select
    instansi_code,
    'I11' as measure_id,
    figure,
    unit_kind,
    unit_code,
    window_kind,
    window_start,
    window_end,
    cast(numerator as bigint) as numerator,
    cast(denominator as bigint) as denominator
from figures

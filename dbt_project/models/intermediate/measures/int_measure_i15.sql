with files as (

    select
        instansi_code,
        opd_code,
        kind,
        file_name,
        status,
        received_at,
        file_sha256,
        rows_received,
        rows_loaded,
        coalesce(period, substr(cast(received_at as varchar), 1, 4)) as period
    from {{ source('raw', 'intake_files') }}
    where
        kind <> 'service_log'
        and rows_received > 0

),

counted as (

    select
        *,
        status in ('loaded', 'partly', 'rejected') as is_current,
        row_number() over (
            partition by instansi_code, opd_code, kind, file_name
            order by received_at, file_sha256
        ) = 1 as is_first
    from files
    where status <> 'duplicate'

),

units as (

    select * from {{ ref('int_units__windowed') }}

),

-- A yearly file speaks for each month of its year, a monthly one for its month.
placed as (

    select
        units.*,
        counted.rows_received,
        counted.rows_loaded,
        counted.is_current,
        counted.is_first
    from units
    left join counted
        on
            units.instansi_code = counted.instansi_code
            and counted.period <= {{ month_text('units.window_end') }}
            and substr(counted.period || '-12', 1, 7) >= {{ month_text('units.window_start') }}
            and (units.unit_kind = 'instansi' or units.unit_code = counted.opd_code)

)

{% for figure, condition in [('main', 'is_current'), ('first_pass', 'is_first')] -%}
select
    instansi_code,
    'I15' as measure_id,
    '{{ figure }}' as figure,
    unit_kind,
    unit_code,
    window_kind,
    window_start,
    window_end,
    cast(sum(rows_loaded) filter (where {{ condition }}) as bigint) as numerator,
    cast(coalesce(sum(rows_received) filter (where {{ condition }}), 0) as bigint) as denominator
from placed
group by all
{{ 'union all' if not loop.last }}
{% endfor -%}

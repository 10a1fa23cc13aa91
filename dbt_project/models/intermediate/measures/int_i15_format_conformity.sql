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
        rows_loaded + coalesce(rows_corrected, 0) as rows_loaded_since,
        coalesce(period, {{ year_text('received_at') }}) as period
    from {{ source('raw', 'intake_files') }}
    where
        kind <> 'service_log'
        and rows_received > 0
        and is_own
        -- A correction hands in no new row: it counts with the file whose rows it mends.
        and is_correction is not true

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

-- A yearly file speaks for each month of its year, a monthly one for its month.
summed as (

    select
        {{ unit_keys('units') }},
        sum(counted.rows_loaded_since) filter (where counted.is_current) as loaded,
        coalesce(sum(counted.rows_received) filter (where counted.is_current), 0) as received,
        sum(counted.rows_loaded) filter (where counted.is_first) as first_loaded,
        coalesce(sum(counted.rows_received) filter (where counted.is_first), 0) as first_received
    from {{ ref('int_units__windowed') }} as units
    left join counted
        on
            units.instansi_code = counted.instansi_code
            and {{ period_touches('counted.period', 'units') }}
            and {{ counts_for('units', 'counted.opd_code') }}
    group by all

)

{{ measure_rows('I15', 'summed', shares=[
    ('main', 'loaded', 'received'),
    ('first_pass', 'first_loaded', 'first_received'),
]) }}

with settings as (

    select as_of from {{ source('raw', 'run_settings') }}

),

promises as (

    select
        instansi_code,
        opd_code,
        valid_from,
        valid_to,
        trim({{ unnest_split('expects', ';') }}) as promise
    from {{ ref('stg_opd_register__opds') }}
    where expects is not null

),

-- A source that is promised twice is owed as often as the stricter promise says.
owed as (

    select
        instansi_code,
        opd_code,
        valid_from,
        valid_to,
        trim(split_part(promise, '=', 1)) as source_code,
        trim(split_part(promise, '=', 2)) as frequency
    from promises
    where promise <> ''
    qualify row_number() over (
        partition by instansi_code, opd_code, source_code
        order by
            case frequency
                when 'daily' then 1 when 'weekly' then 2 when 'monthly' then 3 when 'quarterly' then 4
                when 'semiannual' then 5 else 6
            end
    ) = 1

),

-- A file that names no sender speaks for the agency: it counts for whichever OPD owes that kind.
files as (

    select
        instansi_code,
        kind as source_code,
        nullif(opd_code, instansi_code) as opd_code,
        coalesce(period, {{ year_text('received_at') }}) as period
    from {{ source('raw', 'intake_files') }}
    where
        status in ('loaded', 'partly')
        and kind <> 'service_log'

),

marks as (

    select
        instansi_code,
        source_code,
        opd_code,
        period
    from files
    where
        opd_code is not null
        or source_code not in ('system_inventory', 'vendor_contract', 'published_figure')
    union
    select
        instansi_code,
        'system_inventory' as source_code,
        opd_code,
        period
    from {{ ref('int_systems__joined') }}
    union
    select
        instansi_code,
        'vendor_contract' as source_code,
        opd_code,
        period
    from {{ ref('stg_vendor_contract__contracts') }}
    union
    select
        instansi_code,
        'published_figure' as source_code,
        opd_code,
        period
    from {{ ref('stg_published_figure__figures') }}
    where opd_code is not null

),

received as (

    select
        instansi_code,
        source_code,
        opd_code,
        {{ period_start('period') }} as mark_day
    from marks
    where {{ period_start('period') }} is not null
    union
    select
        instansi_code,
        'service_log:' || log_format as source_code,
        cast(null as varchar) as opd_code,
        day as mark_day
    from {{ ref('int_calls__classified') }}

),

-- A register says no day from which it holds: nothing is owed of a day before the first month that came.
begun as (

    select
        instansi_code,
        min(window_start) as first_month
    from {{ ref('int_windows__listed') }}
    where window_kind = 'month'
    group by instansi_code

),

spans as (

    select
        units.instansi_code,
        units.window_kind,
        units.window_start,
        units.window_end,
        units.unit_code as opd_code,
        owed.source_code,
        owed.frequency,
        terms.grace_days,
        greatest(
            units.window_start,
            coalesce(owed.valid_from, units.window_start),
            -- What is owed once a year is owed for the year, whenever in it the agency began.
            case
                when owed.frequency = 'annual' then units.window_start
                else coalesce(begun.first_month, units.window_start)
            end
        ) as owed_from,
        least(units.measured_to, coalesce(owed.valid_to, units.measured_to)) as owed_to
    from {{ ref('int_units__windowed') }} as units
    left join begun on units.instansi_code = begun.instansi_code
    inner join owed
        on
            units.instansi_code = owed.instansi_code
            and units.unit_code = owed.opd_code
    inner join {{ ref('delivery_terms') }} as terms on owed.frequency = terms.frequency
    where units.unit_kind = 'opd'

),

due as (

    select
        spans.*,
        {{ period_number('spans.owed_from', 'spans.frequency') }} as first_number,
        {{ period_number('spans.owed_to', 'spans.frequency') }} as last_number,
        -- The last period whose days of grace, too, are over.
        {{ period_number(day_plus('settings.as_of', '1 - spans.grace_days'), 'spans.frequency') }} - 1
            as last_due_number
    from spans
    cross join settings
    where spans.owed_from <= spans.owed_to

)

select
    due.instansi_code,
    due.window_kind,
    due.window_start,
    due.window_end,
    due.opd_code,
    due.source_code,
    due.frequency,
    due.owed_from,
    due.owed_to,
    cast(
        count(distinct {{ period_number('received.mark_day', 'due.frequency') }}) as bigint
    ) as sources_received,
    cast(due.last_number - due.first_number + 1 as bigint) as sources_expected,
    cast(
        greatest(least(due.last_number, due.last_due_number) - due.first_number + 1, 0)
        - count(distinct {{ period_number('received.mark_day', 'due.frequency') }}) filter (
            where {{ period_number('received.mark_day', 'due.frequency') }} <= due.last_due_number
        ) as bigint
    ) as sources_overdue
from due
left join received
    on
        due.instansi_code = received.instansi_code
        and due.source_code = received.source_code
        and coalesce(due.opd_code = received.opd_code, true)
        and {{ period_number('received.mark_day', 'due.frequency') }}
        between due.first_number and due.last_number
group by
    due.instansi_code,
    due.window_kind,
    due.window_start,
    due.window_end,
    due.opd_code,
    due.source_code,
    due.frequency,
    due.owed_from,
    due.owed_to,
    due.first_number,
    due.last_number,
    due.last_due_number

with settings as (

    select as_of from {{ source('raw', 'run_settings') }}

),

periods as (

    {% for model in [
        'stg_system_inventory__systems', 'stg_declared_exchange__exchanges', 'stg_vendor_contract__contracts',
        'stg_self_assessment__levels', 'stg_usage__months', 'stg_dataset_catalogue__datasets',
        'stg_program__programs', 'stg_evidence_document__documents',
    ] %}
    select
        instansi_code,
        period
    from {{ ref(model) }}
    {{ 'union' if not loop.last }}
    {% endfor %}

),

months as (

    select
        instansi_code,
        {{ month_text('day') }} as month_text
    from {{ ref('int_calls__classified') }}
    union
    select
        instansi_code,
        {{ month_text('received_on') }} as month_text
    from {{ ref('stg_complaint__complaints') }}
    union
    select
        instansi_code,
        {{ month_text('checked_on') }} as month_text
    from {{ ref('stg_website_check__checks') }}
    union
    select
        instansi_code,
        period as month_text
    from periods
    where length(period) = 7

),

-- A figure may speak of any year: it opens a window only for an instansi that sent nothing else.
figures as (

    {% for model in [
        'stg_published_figure__figures', 'stg_program_realization__dimensions',
        'stg_smart_city_evaluation__statements',
    ] %}
    select
        instansi_code,
        period
    from {{ ref(model) }}
    {{ 'union' if not loop.last }}
    {% endfor %}

),

lived as (

    select * from months
    union
    select
        instansi_code,
        period as month_text
    from periods
    union
    select
        instansi_code,
        period as month_text
    from figures
    where
        instansi_code not in (select periods.instansi_code from periods)
        and instansi_code not in (select months.instansi_code from months)

),

dated as (

    select
        lived.instansi_code,
        {{ period_start('lived.month_text') }} as window_start,
        {{ period_end('lived.month_text') }} as window_end
    from lived
    cross join settings
    -- A text that is no month, as a sender may write it, is no window.
    where
        length(lived.month_text) = 7
        and {{ period_start('lived.month_text') }} <= settings.as_of

),

years as (

    select distinct
        instansi_code,
        {{ year_text('month_text') }} as year_text
    from lived

),

year_ends as (

    select
        years.instansi_code,
        {{ period_start('years.year_text') }} as window_start,
        coalesce(max(dated.window_end), {{ period_end('years.year_text') }}) as window_end
    from years
    left join dated
        on
            years.instansi_code = dated.instansi_code
            and years.year_text = {{ year_text('dated.window_start') }}
    group by years.instansi_code, years.year_text

),

windows as (

    select
        instansi_code,
        'month' as window_kind,
        window_start,
        window_end
    from dated
    union all
    select
        year_ends.instansi_code,
        'ytd' as window_kind,
        year_ends.window_start,
        least(year_ends.window_end, last_day(settings.as_of)) as window_end
    from year_ends
    cross join settings
    where year_ends.window_start <= settings.as_of

)

select
    windows.*,
    least(windows.window_end, settings.as_of) as measured_to
from windows
cross join settings

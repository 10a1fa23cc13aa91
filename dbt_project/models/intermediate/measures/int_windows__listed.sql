with settings as (

    select as_of from {{ source('raw', 'run_settings') }}

),

periods as (

    {% for model in [
        'stg_system_inventory__systems', 'stg_declared_exchange__exchanges', 'stg_vendor_contract__contracts',
        'stg_published_figure__figures', 'stg_program_realization__dimensions',
        'stg_smart_city_evaluation__statements', 'stg_self_assessment__levels', 'stg_usage__months',
        'stg_dataset_catalogue__datasets', 'stg_program__programs',
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

dated as (

    select
        months.instansi_code,
        {{ period_start('months.month_text') }} as window_start,
        {{ period_end('months.month_text') }} as window_end
    from months
    cross join settings
    -- A text that is no month, as a sender may write it, is no window.
    where {{ period_start('months.month_text') }} <= settings.as_of

),

years as (

    select
        instansi_code,
        substr(period, 1, 4) as year_text
    from periods
    union
    select
        instansi_code,
        substr(cast(window_start as varchar), 1, 4) as year_text
    from dated

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
            and years.year_text = substr(cast(dated.window_start as varchar), 1, 4)
    group by years.instansi_code, years.year_text

)

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

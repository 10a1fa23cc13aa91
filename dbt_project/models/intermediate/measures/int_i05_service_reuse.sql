with opds as (

    select * from {{ ref('int_units__windowed') }}
    where unit_kind = 'opd'

),

called as (

    select
        instansi_code,
        window_kind,
        window_start,
        provider_opd,
        service,
        consumer_opd
    from {{ ref('int_services__used') }}

),

services as (

    select * from called
    union all
    select
        instansi_code,
        window_kind,
        window_start,
        provider_opd_code as provider_opd,
        gateway_service as service,
        cast(null as varchar) as consumer_opd
    from {{ ref('int_exchanges__windowed') }}
    where gateway_service is not null

),

reused as (

    select
        services.instansi_code,
        services.window_kind,
        services.window_start,
        services.provider_opd,
        services.service,
        count(distinct services.consumer_opd) as consumers
    from services
    inner join opds as providers
        on
            {{ same_window('services', 'providers') }}
            and services.provider_opd = providers.unit_code
    group by all

),

logged as (

    select distinct
        instansi_code,
        window_kind,
        window_start
    from called

),

counted as (

    select
        {{ unit_keys('units') }},
        bool_or(logged.instansi_code is not null) as is_logged,
        count(reused.service) as services,
        count(*) filter (where reused.consumers >= {{ rule_parameter('I05', 'shared_by') }}) as shared,
        sum(reused.consumers) as consumers,
        percentile_cont(0.5) within group (order by reused.consumers) as median_consumers
    from {{ ref('int_units__windowed') }} as units
    left join logged on {{ same_window('units', 'logged') }}
    left join reused
        on
            {{ same_window('units', 'reused') }}
            and {{ counts_for('units', 'reused.provider_opd') }}
    group by all

)

{{ measure_rows('I05', 'counted',
    shares=[
        ('main', 'case when is_logged then shared end', 'services'),
        ('mean', 'case when is_logged then consumers end', 'services', 'opd'),
    ],
    values=[('median', 'opd', 'case when is_logged then median_consumers end')],
) }}

with logged as (

    select distinct
        instansi_code,
        window_kind,
        window_start
    from {{ ref('int_calls__windowed') }}

),

live as (

    select distinct
        instansi_code,
        window_kind,
        window_start,
        provider_system as system_code
    from {{ ref('int_calls__windowed') }}
    where succeeded > 0

),

systems as (

    select
        systems.instansi_code,
        systems.window_kind,
        systems.window_start,
        systems.opd_code,
        coalesce(systems.has_api, false) as has_api,
        -- NULL, not false, where no log came in.
        case when logged.instansi_code is not null then live.system_code is not null end as is_live
    from {{ ref('int_systems__windowed') }} as systems
    left join logged on {{ same_window('systems', 'logged') }}
    left join live
        on
            {{ same_window('systems', 'live') }}
            and systems.system_code = live.system_code

),

counted as (

    select
        {{ unit_keys('units') }},
        count(*) filter (where systems.has_api) as declared,
        case
            when count(systems.is_live) > 0 then count(*) filter (where systems.has_api and systems.is_live)
        end as declared_live,
        count(*) filter (where systems.is_live) as live,
        count(*) filter (where systems.is_live and not systems.has_api) as undeclared_live
    from {{ ref('int_units__windowed') }} as units
    left join systems
        on
            {{ same_window('units', 'systems') }}
            and {{ counts_for('units', 'systems.opd_code') }}
    group by all

)

{{ measure_rows('I02', 'counted', shares=[
    ('main', 'declared_live', 'declared'),
    ('undeclared_live', 'undeclared_live', 'live'),
]) }}

with programs as (

    select * from {{ ref('stg_program__programs') }}

),

systems as (

    select *
    from {{ ref('int_systems__joined') }}
    qualify row_number() over (partition by instansi_code, system_code order by period desc) = 1

),

used as (

    select
        instansi_code,
        {{ year_text('period') }} as year_text,
        system_code
    from {{ ref('stg_usage__months') }}
    where coalesce(active_users, 0) > 0 or coalesce(transactions, 0) > 0
    union
    select
        instansi_code,
        {{ year_text('window_start') }} as year_text,
        provider_system as system_code
    from {{ ref('int_calls__windowed') }}
    where succeeded > 0 and window_kind = 'ytd'
    union
    select
        instansi_code,
        {{ year_text('window_start') }} as year_text,
        consumer_system as system_code
    from {{ ref('int_calls__windowed') }}
    where succeeded > 0 and window_kind = 'ytd'

),

-- Where an agency sent neither logs nor usage of the year, an active row of the inventory is all there is.
watched as (

    select
        instansi_code,
        {{ year_text('period') }} as year_text
    from {{ ref('stg_usage__months') }}
    union
    select
        instansi_code,
        {{ year_text('window_start') }} as year_text
    from {{ ref('int_calls__windowed') }}

)

select
    programs.instansi_code,
    programs.period,
    programs.program_code,
    programs.program_name,
    programs.dimension,
    programs.status,
    programs.opd_code,
    programs.system_code,
    systems.system_name,
    case
        when programs.system_code is null then 'not_named'
        when systems.system_code is null then 'unknown'
        when systems.status <> 'active' then 'not_active'
        when watched.instansi_code is not null and used.system_code is null then 'not_used'
        else 'in_use'
    end as system_state,
    programs.file_sha256,
    programs.row_number
from programs
left join systems
    on
        programs.instansi_code = systems.instansi_code
        and programs.system_code = systems.system_code
left join used
    on
        programs.instansi_code = used.instansi_code
        and {{ year_text('programs.period') }} = used.year_text
        and programs.system_code = used.system_code
left join watched
    on
        programs.instansi_code = watched.instansi_code
        and {{ year_text('programs.period') }} = watched.year_text

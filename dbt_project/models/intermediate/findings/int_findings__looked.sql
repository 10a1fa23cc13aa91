with windows as (

    {{ finding_windows() }}

),

looked as (

    select
        'window' as looks_at,
        instansi_code,
        '' as finding_key,
        window_end
    from windows
    union all
    select
        'service_log' as looks_at,
        windows.instansi_code,
        '' as finding_key,
        windows.window_end
    from windows
    inner join {{ ref('int_calls__windowed') }} as calls on {{ same_window('windows', 'calls') }}
    union all
    select
        'exchange' as looks_at,
        windows.instansi_code,
        '' as finding_key,
        windows.window_end
    from windows
    inner join {{ ref('int_systems__windowed') }} as systems on {{ same_window('windows', 'systems') }}
    where systems.is_silo is not null
    union all
    select
        'website_check' as looks_at,
        windows.instansi_code,
        sites.url_key as finding_key,
        windows.window_end
    from windows
    inner join {{ ref('int_sites__windowed') }} as sites on {{ same_window('windows', 'sites') }}
    union all
    select
        'evidence' as looks_at,
        windows.instansi_code,
        leveled.node_id as finding_key,
        windows.window_end
    from windows
    inner join {{ ref('int_evidence__leveled') }} as leveled
        on
            windows.instansi_code = leveled.instansi_code
            and leveled.period = {{ year_text('windows.window_start') }}
    where leveled.gap is not null
    union all
    select
        'documents' as looks_at,
        windows.instansi_code,
        '' as finding_key,
        windows.window_end
    from windows
    inner join {{ ref('stg_evidence_document__documents') }} as documents
        on
            windows.instansi_code = documents.instansi_code
            and documents.period = {{ year_text('windows.window_start') }}

)

select
    looks_at,
    instansi_code,
    finding_key,
    max(window_end) as last_looked
from looked
group by looks_at, instansi_code, finding_key

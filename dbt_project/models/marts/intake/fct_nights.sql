with nights as (

    select * from {{ source('raw', 'nights') }}

),

links as (

    select
        night_id,
        count(*) as links,
        count(*) filter (where result in ('failed', 'killed')) as failed_links
    from {{ source('raw', 'night_links') }}
    group by night_id

),

workers as (

    select
        night_id,
        count(*) filter (where host <> '') as reading_hosts,
        sum(processes)::bigint as reading_processes,
        sum(tasks)::bigint as reading_tasks,
        sum(lost)::bigint as lost_processes
    from {{ source('raw', 'night_workers') }}
    group by night_id

),

files as (

    select
        nights.night_id,
        count(*) as files,
        sum(received.rows_received)::bigint as rows_received,
        sum(received.rows_loaded)::bigint as rows_loaded,
        sum(received.rows_quarantined)::bigint as rows_quarantined
    from nights
    inner join {{ source('raw', 'intake_files') }} as received
        on
            nights.began_at <= received.received_at
            and (nights.ended_at is null or nights.ended_at >= received.received_at)
    group by nights.night_id

)

select
    nights.night_id,
    nights.night_number,
    nights.began_at,
    nights.ended_at,
    date_diff('second', nights.began_at, nights.ended_at) as seconds,
    coalesce(nights.result, 'running') as result,
    coalesce(links.links, 0) as links,
    coalesce(links.failed_links, 0) as failed_links,
    coalesce(files.files, 0) as files,
    coalesce(files.rows_received, 0) as rows_received,
    coalesce(files.rows_loaded, 0) as rows_loaded,
    coalesce(files.rows_quarantined, 0) as rows_quarantined,
    coalesce(workers.reading_hosts, 0) as reading_hosts,
    coalesce(workers.reading_processes, 0) as reading_processes,
    coalesce(workers.reading_tasks, 0) as reading_tasks,
    coalesce(workers.lost_processes, 0) as lost_processes
from nights
left join links on nights.night_id = links.night_id
left join files on nights.night_id = files.night_id
left join workers on nights.night_id = workers.night_id

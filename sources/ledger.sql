-- What the ledger is made of; creates what is missing, changes nothing that is there.
create schema if not exists intake;
create schema if not exists received;
create schema if not exists raw;
create schema if not exists reference;

create table if not exists intake.files (
    file_id varchar not null,
    file_name varchar not null,
    file_sha256 varchar not null,
    kind varchar not null,
    log_format varchar,
    instansi_code varchar not null,
    opd_code varchar not null,
    period varchar not null,
    size_bytes bigint not null,
    modified_ns bigint not null,
    meta_stamp varchar,
    status varchar not null,
    reason_code varchar,
    reason_text varchar,
    rows_received bigint not null,
    rows_loaded bigint not null,
    rows_quarantined bigint not null,
    warnings bigint not null,
    sheets varchar[],
    absent_columns varchar[],
    contract_version varchar,
    format_fingerprint varchar,
    lines bigint,
    records bigint,
    bad_lines bigint,
    blank_lines bigint,
    is_correction boolean not null default false,
    received_at timestamp not null,
    file_order bigint not null,
    primary key (file_name, file_sha256)
);

create table if not exists intake.bad_lines (
    file_id varchar not null,
    row_number bigint not null,
    -- As `expectations.rules.BROKEN_TYPE`.
    broken struct(
        rule varchar, severity varchar, column_name varchar, found varchar, expected varchar, message varchar
    )[] not null,
    raw_row varchar
);

-- What came as a document: no rows are read of it.
create table if not exists intake.documents (
    file_id varchar primary key,
    media_type varchar not null
);

create table if not exists intake.left_out (
    file_id varchar not null,
    file_name varchar not null,
    position integer not null,
    code varchar not null,
    place varchar not null,
    count bigint not null,
    message varchar not null
);

create table if not exists intake.corrections (
    kind varchar not null,
    file_id varchar not null,
    row_number bigint not null,
    root_id varchar not null,
    root_row bigint not null,
    is_loaded boolean not null,
    root_was_refused boolean not null
);

create table if not exists intake.pending_days (day date primary key);

-- Whose calls of a waiting day are counted again; of a day without a row everybody's.
create table if not exists intake.pending_instansi (
    day date not null,
    instansi_code varchar not null,
    primary key (day, instansi_code)
);

-- Files of the lake and of the outputs as they were written: what is gone, cut or changed shows against it.
-- A joined file of the lake stands here once for each of its logs.
create table if not exists intake.lake_files (
    file_id varchar not null,
    day date not null,
    file_name varchar not null,
    size_bytes bigint not null,
    modified_ns bigint not null,
    sha256 varchar not null,
    primary key (day, file_name, file_id)
);

-- Logs (and joined files) whose files are being written to the lake or removed, so that what a crash leaves
-- there is known as such.
create table if not exists intake.lake_begun (file_id varchar primary key);

create table if not exists intake.outputs (
    path varchar primary key,
    size_bytes bigint not null,
    modified_ns bigint not null,
    sha256 varchar not null
);

-- A night lasts from the first link that is run to the last output; `result`: done, failed, or killed, where
-- nothing was heard of it any more; NULL: it goes on.
create table if not exists intake.nights (
    night_id varchar primary key,
    night_number bigint not null,
    began_at timestamp not null,
    ended_at timestamp,
    result varchar
);

create table if not exists intake.night_links (
    night_id varchar not null,
    run_id varchar primary key,
    job varchar not null,
    began_at timestamp not null,
    ended_at timestamp,
    result varchar
);

-- Who read the logs of a night, where that was not its own process; `lost`: workers that ended at a task,
-- under the host '' where it is not known on which.
create table if not exists intake.night_workers (
    night_id varchar not null,
    host varchar not null,
    processes bigint not null,
    tasks bigint not null,
    cpu_seconds double not null,
    lost bigint not null,
    primary key (night_id, host)
);

-- Days that a home lived through by the day's end, as its own count: a clock that jumps adds seven at most.
create table if not exists intake.clock (day date primary key, lived_days integer not null);

create table if not exists intake.state (name varchar primary key, value varchar not null);

-- What is wrong, as it was told over each channel; `told_at` is NULL where no word of it has got through,
-- `problem` says why the last did not.
create table if not exists intake.alerts (
    cause varchar not null,
    channel varchar not null,
    since timestamp not null,
    told_at timestamp,
    problem varchar,
    primary key (cause, channel)
);

-- A file that came under two names is one content: its rows are listed once, under the name that loaded. A
-- rejected file stays rejected when a newer version comes, but its rows ask nothing of anybody any more; no
-- more do rows of a correction that name no known row, once the sender has sent the next correction.
create or replace view intake.file_state as
with contents as (
    select *
    from intake.files
    where status <> 'duplicate'
    qualify row_number() over (partition by file_id order by status = 'replaced', file_order) = 1
),

followed as (
    select
        f.file_id,
        min(n.received_at) as replaced_at
    from contents as f
    inner join intake.files as n
        on
            f.kind = n.kind
            and f.instansi_code = n.instansi_code
            and f.opd_code = n.opd_code
            and f.is_correction = n.is_correction
            and f.file_order < n.file_order
            and (f.is_correction or (f.period = n.period and f.file_name = n.file_name))
    where
        n.rows_received > 0
        and (f.is_correction or n.status in ('loaded', 'partly', 'replaced') or f.status = 'rejected')
    group by f.file_id
)

select
    c.*,
    case when c.kind <> 'service_log' or c.status in ('replaced', 'rejected') then f.replaced_at end
        as replaced_at,
    c.status <> 'replaced' and not (c.status = 'rejected' and f.replaced_at is not null) as is_current,
    case when c.is_correction then f.replaced_at is null else is_current end as is_asking
from contents as c
left join followed as f on c.file_id = f.file_id;

-- A row and the corrections of it are versions of one row: the last asks to be mended if it is refused, the
-- last that was accepted counts. All fall with the file that the first one stands in. A refused correction of
-- a row that counts all the same asks only until its sender sends anything of the kind again.
create or replace view intake.row_versions as
with answered as (
    select
        f.file_id,
        min(n.received_at) as answered_at
    from (
        select distinct file_id from intake.corrections
        where not is_loaded
    ) as refused
    inner join intake.files as f on refused.file_id = f.file_id
    inner join intake.files as n
        on
            f.kind = n.kind
            and f.instansi_code = n.instansi_code
            and f.opd_code = n.opd_code
            and f.file_order < n.file_order
    where n.rows_received > 0 and n.status <> 'duplicate'
    group by f.file_id
),

versions as (
    select
        c.kind,
        c.root_id as file_id,
        c.root_row as row_number,
        c.root_id,
        c.root_row,
        0::bigint as version,
        not bool_and(c.root_was_refused) as is_loaded,
        null::timestamp as received_at,
        null::timestamp as answered_at
    from intake.corrections as c
    group by c.kind, c.root_id, c.root_row
    union all
    select
        c.kind,
        c.file_id,
        c.row_number,
        c.root_id,
        c.root_row,
        f.file_order,
        c.is_loaded,
        f.received_at,
        a.answered_at
    from intake.corrections as c
    inner join intake.file_state as f on c.file_id = f.file_id
    left join answered as a on c.file_id = a.file_id
)

select
    v.kind,
    v.file_id,
    v.row_number,
    v.version > 0 as is_correction,
    r.received_at as opened_at,
    v.version > 0 and not v.is_loaded and v.answered_at is not null and bool_or(v.is_loaded) over whole
        as is_answered,
    coalesce(lead(v.received_at) over line, case when is_answered then v.answered_at end) as corrected_at,
    r.replaced_at,
    r.is_current and v.version = max(v.version) over whole and not is_answered as is_last,
    r.is_current
    and v.version = coalesce(max(v.version) filter (where v.is_loaded) over whole, 0) as is_counted
from versions as v
inner join intake.file_state as r on v.root_id = r.file_id
window
    whole as (partition by v.kind, v.root_id, v.root_row),
    line as (partition by v.kind, v.root_id, v.root_row order by v.version);

-- Rows of the first sheet of a file have their own number, those of the next ones begin at ten million.
create or replace macro intake.row_place(sheets, row_number) as
case
    when len(coalesce(sheets, [])) > 1
        then sheets[row_number // 10000000 + 1] || '!' || row_number % 10000000
    else (row_number % 10000000)::varchar
end;

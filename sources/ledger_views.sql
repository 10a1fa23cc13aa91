-- The views that dbt reads as sources; {{rows}} is the union of `received.<kind>`, {{kinds_of_opds}} lists the kinds
-- whose rows name an OPD.
create or replace view raw.intake_files as
with mended as (
    select
        root_id,
        count(distinct root_row) as rows_corrected
    from intake.corrections
    where is_loaded and root_was_refused
    group by root_id
)

select
    f.kind,
    f.log_format,
    f.instansi_code,
    f.opd_code,
    f.period,
    f.file_id,
    f.file_name,
    f.file_sha256,
    f.size_bytes,
    f.status,
    nullif(concat_ws(': ', f.reason_code, f.reason_text), '') as reason,
    f.reason_code,
    f.reason_text,
    f.rows_received,
    f.rows_loaded,
    f.rows_quarantined,
    f.warnings,
    f.contract_version,
    f.received_at,
    f.lines,
    f.records,
    f.bad_lines,
    f.blank_lines,
    f.is_correction,
    -- A national table that lies in no folder of the instansi was not written by it.
    f.kind in ({{kinds_of_opds}}) or ltrim(split_part(f.file_name, '/', 2), '@') = f.instansi_code as is_own,
    coalesce(m.rows_corrected, 0) as rows_corrected,
    f.file_order
from intake.files as f
left join mended as m on f.file_id = m.root_id and f.status <> 'duplicate';

-- Documents that no later file of their path replaced; `folder` and `name` are those in the inbox.
create or replace view raw.document_files as
select
    f.instansi_code,
    f.opd_code,
    f.period,
    f.file_id,
    f.file_sha256,
    f.file_name,
    regexp_replace(f.file_name, '[^/]*$', '') as folder,
    regexp_extract(f.file_name, '[^/]*$') as name,
    d.media_type,
    f.size_bytes,
    f.received_at,
    f.file_order
from intake.documents as d
inner join intake.file_state as f on d.file_id = f.file_id
where f.status = 'loaded';

create or replace view raw.nights as select * from intake.nights;

create or replace view raw.night_links as select * from intake.night_links;
create or replace view raw.night_workers as select * from intake.night_workers;

create or replace view raw.pending_days as select day from intake.pending_days;

create or replace view raw.pending_instansi as select day, instansi_code from intake.pending_instansi;

create or replace view raw.left_out as
select
    f.kind,
    f.instansi_code,
    f.opd_code,
    f.period,
    f.file_id,
    f.file_sha256,
    f.file_name,
    l.position,
    l.code,
    l.place,
    l.count,
    l.message,
    f.received_at,
    f.status in ('loaded', 'partly', 'rejected', 'waiting') as is_current
from intake.left_out as l
inner join intake.files as f on l.file_id = f.file_id and l.file_name = f.file_name;

create or replace view raw.quarantine as
with refused as (
    select
        _file_id as file_id,
        _instansi_code as instansi_code,
        _opd_code as opd_code,
        _owner_opd_code as owner_opd_code,
        _period as period,
        _row_number as row_number,
        _broken as broken,
        _raw_row as raw_row
    from ({{rows}})
    where len(list_filter(_broken, lambda b: b.severity = 'error')) > 0
    union all
    select
        f.file_id,
        f.instansi_code,
        f.opd_code,
        f.opd_code as owner_opd_code,
        f.period,
        b.row_number,
        b.broken,
        b.raw_row
    from intake.bad_lines as b
    inner join intake.file_state as f on b.file_id = f.file_id
)

select
    f.kind,
    r.instansi_code,
    r.opd_code,
    r.owner_opd_code,
    f.opd_code as sender_code,
    r.period,
    r.file_id,
    f.file_sha256,
    f.file_name,
    r.row_number,
    intake.row_place(f.sheets, r.row_number) as row_place,
    list_transform(r.broken, lambda b: b.rule) as rules,
    list_transform(r.broken, lambda b: b.message) as messages,
    r.broken,
    r.raw_row,
    f.is_current,
    coalesce(v.is_last, f.is_asking) as is_open,
    f.received_at,
    coalesce(v.opened_at, f.received_at) as opened_at,
    case when not is_open then least(v.corrected_at, coalesce(v.replaced_at, f.replaced_at)) end
        as closed_at,
    case
        when is_open then null
        when f.is_correction and v.is_last is null then 'correction'
        when v.corrected_at <= coalesce(v.replaced_at, f.replaced_at, v.corrected_at)
            then 'correction'
        else 'version'
    end as closed_by
from refused as r
inner join intake.file_state as f on r.file_id = f.file_id
left join intake.row_versions as v
    on r.file_id = v.file_id and r.row_number = v.row_number;

create or replace view raw.row_warnings as
select
    f.kind,
    r._instansi_code as instansi_code,
    r._opd_code as opd_code,
    f.opd_code as sender_code,
    r._period as period,
    r._file_id as file_id,
    f.file_sha256,
    f.file_name,
    r._row_number as row_number,
    intake.row_place(f.sheets, r._row_number) as row_place,
    b.rule,
    b.column_name,
    b.found,
    b.expected,
    b.message,
    f.received_at
from ({{rows}}) as r
inner join intake.file_state as f on r._file_id = f.file_id
left join intake.row_versions as v
    on r._file_id = v.file_id and r._row_number = v.row_number
cross join unnest(r._broken) as u (b)
where
    f.is_current
    and coalesce(v.is_counted, true)
    and len(list_filter(r._broken, lambda x: x.severity = 'error')) = 0;

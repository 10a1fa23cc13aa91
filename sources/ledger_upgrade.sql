-- A ledger that knew files by their content alone: its tables are put beside, with the columns of today.
-- A log keeps its sha256 as id, because the lake's files are named so.
drop view if exists raw.intake_files;
drop view if exists raw.quarantine;
drop view if exists raw.row_warnings;
drop view if exists intake.row_versions;
drop view if exists intake.file_state;

create table intake.files_before as
select
    case when kind = 'service_log' then file_sha256 else sha256(kind || '|' || file_sha256) end as file_id,
    nullif(regexp_extract(reason, '^([a-z_]+): ', 1), '') as reason_code,
    regexp_replace(reason, '^[a-z_]+: ', '') as reason_text,
    * exclude (shown_name, reason)
from intake.files;

create table intake.corrections_before as
select
    kind,
    sha256(kind || '|' || file_sha256) as file_id,
    row_number,
    sha256(kind || '|' || root_sha256) as root_id,
    root_row,
    is_loaded,
    root_was_refused
from intake.corrections;

create table intake.bad_lines_before as
select
    file_sha256 as file_id,
    list_transform(
        list_zip(rules, messages), lambda b: { 'rule': b[1], 'severity': 'error', 'message': b[2] }
    ) as broken,
    * exclude (file_sha256, rules, messages)
from intake.bad_lines;

drop table intake.files;
drop table intake.corrections;
drop table intake.bad_lines;

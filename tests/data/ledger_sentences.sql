-- What the product kept while a reason was `code: sentence` and a broken rule a sentence: one table, one log.
alter table intake.files drop column reason_code;
alter table intake.files rename column reason_text to reason;
drop table intake.bad_lines;
create table intake.bad_lines (
    file_id varchar not null, row_number bigint not null, rules varchar[] not null,
    messages varchar[] not null, raw_row varchar
);
alter table received.program_realization drop column _broken;
alter table received.program_realization
add column _broken struct(rule varchar, severity varchar, message varchar)[];
insert into intake.files by name
select
    unnest(['a', 'b']) as file_id,
    unnest(['a.csv', 'b.log']) as file_name,
    unnest(['a', 'b']) as file_sha256,
    unnest(['program_realization', 'service_log']) as kind,
    '12.07' as instansi_code,
    '12.07' as opd_code,
    '2025' as period,
    unnest(['rejected', 'partly']) as status,
    unnest(['no_usable_row: semua baris dikarantina', 'catatan: ini bukan kode']) as reason,
    timestamp '2026-01-01' as received_at,
    unnest([1, 2]) as file_order,
    1 as size_bytes,
    1 as modified_ns,
    1 as rows_received,
    0 as rows_loaded,
    1 as rows_quarantined,
    0 as warnings;
insert into intake.bad_lines values ('b', 2, ['combined.head'], ['B.'], '…');
insert into received.program_realization by name
select
    'a' as _file_id,
    'a' as _file_sha256,
    2 as _row_number,
    '12.07' as _instansi_code,
    '12.07' as _opd_code,
    '2025' as _period,
    [{'rule': 'a.b.type', 'severity': 'error', 'message': 'A.'}] as _broken;

-- No program of that time noted what it had laid out.
delete from intake.state where name = 'laid_out';

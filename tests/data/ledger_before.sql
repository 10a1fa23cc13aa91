-- A warehouse as the product made it while files were known by their content alone: one table, one log.
create table intake.files (
    file_name varchar not null, shown_name varchar not null, file_sha256 varchar not null,
    kind varchar not null, log_format varchar,
    instansi_code varchar not null, opd_code varchar not null, period varchar not null,
    size_bytes bigint not null, modified_ns bigint not null, status varchar not null, reason varchar,
    rows_received bigint not null, rows_loaded bigint not null, rows_quarantined bigint not null,
    warnings bigint not null, absent_columns varchar[], contract_version varchar, format_fingerprint varchar,
    lines bigint, records bigint, bad_lines bigint, blank_lines bigint,
    is_correction boolean default false, received_at timestamp not null, file_order bigint not null,
    primary key (file_name, file_sha256)
);
create table intake.bad_lines (
    file_sha256 varchar not null, row_number bigint not null, rules varchar[] not null,
    messages varchar[] not null, raw_row varchar
);
create table intake.corrections (
    kind varchar not null, file_sha256 varchar not null, row_number bigint not null,
    root_sha256 varchar not null, root_row bigint not null, is_loaded boolean not null,
    root_was_refused boolean not null
);
create view intake.file_state as select * from intake.files;
create view intake.row_versions as select * from intake.corrections;
create view raw.quarantine as select * from intake.bad_lines;
create table received.program_realization (
    instansi_code varchar, period varchar, dimension varchar, programs varchar, achieved varchar,
    not_achieved varchar, source varchar,
    _file_sha256 varchar, _row_number bigint, _instansi_code varchar, _opd_code varchar, _period varchar,
    _raw_row varchar, _broken struct(rule varchar, severity varchar, message varchar)[]
);
insert into intake.files values
    ('program_realization/12.07/2025/a.csv', 'program_realization/12.07/2025/a.csv', repeat('a', 64),
        'program_realization', null, '12.07', '12.07', '2025', 100, 1, 'partly', null, 2, 1, 1, 0, null, '1.0.0',
        null, null, null, null, null, false, '2026-01-01', 1),
    ('service_log/combined/12.07/akses.log', 'service_log/combined/12.07/akses.log', repeat('b', 64),
        'service_log', 'combined', '12.07', '12.07', '2026', 100, 1, 'partly', null, 2, 1, 1, 0, null, null,
        null, 2, 1, 1, 0, false, '2026-01-02', 2);
insert into intake.bad_lines values (repeat('b', 64), 2, ['combined.head'], ['…'], '…');
insert into received.program_realization values
    (null, null, 'Smart Living', '10', '6', '4', null, repeat('a', 64), 2, '12.07', '12.07', '2025', null, []),
    (null, null, 'Smart Economy', 'x', '6', '4', null, repeat('a', 64), 3, '12.07', '12.07', '2025', '{}',
        [{'rule': 'program_realization.programs.type', 'severity': 'error', 'message': '…'}]);

-- The raw tables that the models of the index read, empty, as intake makes them from the contracts.
create schema raw;
create table raw.published_index (
    agency varchar, year bigint, category varchar, table_no varchar, "table" varchar, row_no varchar,
    domain_kebijakan decimal(38, 10), domain_tata_kelola decimal(38, 10), domain_manajemen decimal(38, 10),
    domain_layanan decimal(38, 10), "index" decimal(38, 10), predikat varchar, source varchar,
    _file_id varchar, _file_sha256 varchar, _file_name varchar, _row_number bigint, _instansi_code varchar,
    _opd_code varchar,
    _period varchar, _received_at timestamp, _file_order bigint
);
create table raw.self_assessment (
    instansi_code varchar, period varchar, rulebook_id varchar, node_id varchar, stage varchar,
    level decimal(38, 10), explanation varchar, evidence_ref varchar[], assessor_kind varchar, assessed_on date,
    opd_code varchar, _file_id varchar, _file_sha256 varchar, _file_name varchar, _row_number bigint,
    _instansi_code varchar, _opd_code varchar, _period varchar, _received_at timestamp, _file_order bigint
);
create table raw.rulebook (
    rulebook_id varchar, node_id varchar, parent_id varchar, kind varchar, name varchar, weight decimal(38, 10),
    method varchar, title varchar, scale_min decimal(38, 10), scale_max decimal(38, 10),
    availability_threshold decimal(38, 10), missing_counts_as decimal(38, 10),
    _file_id varchar, _file_sha256 varchar, _file_name varchar, _row_number bigint, _instansi_code varchar,
    _opd_code varchar,
    _period varchar, _received_at timestamp, _file_order bigint
);
create table raw.scores (
    rulebook_id varchar, unit_code varchar, period varchar, stage varchar, node_id varchar, score decimal(38, 15),
    _file_id varchar, _file_sha256 varchar, _file_name varchar, _row_number bigint, _instansi_code varchar,
    _opd_code varchar,
    _period varchar, _received_at timestamp, _file_order bigint
);
create table raw.opd_register (
    instansi_code varchar, opd_code varchar, opd_name varchar, short_name varchar, opd_kind varchar,
    parent_opd_code varchar, is_active boolean, valid_from date, valid_to date, expects varchar,
    _file_id varchar, _file_sha256 varchar, _file_name varchar, _row_number bigint, _instansi_code varchar,
    _opd_code varchar,
    _period varchar, _received_at timestamp, _file_order bigint
);
create table raw.published_figure (instansi_code varchar);
create table raw.program (instansi_code varchar);
create table raw.program_realization (instansi_code varchar);
create table raw.smart_city_evaluation (instansi_code varchar);
create table raw.intake_files (instansi_code varchar);
create table raw.run_settings (instansi_code varchar, as_of date);
create table raw.instansi_names (instansi_code varchar, instansi_name varchar, instansi_kind varchar);
-- What the evidence models hand to the index, empty: their own inputs are no business of these tests.
create schema intermediate;
create table intermediate.int_kecamatan__counted (instansi_code varchar, kecamatan bigint, kecamatan_basis varchar);
create table intermediate.int_windows__listed (
    instansi_code varchar, window_kind varchar, window_start date, window_end date, measured_to date
);
create table intermediate.int_evidence__observed (
    instansi_code varchar, unit_kind varchar, unit_code varchar, period varchar, rulebook_id varchar, stage varchar,
    node_id varchar, observed decimal(38, 15), published decimal(38, 10), published_predicate varchar,
    is_print boolean, file_sha256 varchar, file_name varchar, row_number bigint, received_at timestamp,
    file_order bigint
);

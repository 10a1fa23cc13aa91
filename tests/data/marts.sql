-- A small warehouse as the marts leave it: the fictional regency 99.99, and Deli Serdang (12.07) with its
-- printed 2023 values (LPE-SPBE-2023) and rows of the study (Pardede et al. 2023, CC BY-SA 4.0).
create schema marts;

create table marts.dim_instansi (
    instansi_code varchar, instansi_name varchar, instansi_kind varchar, is_mapped boolean, kecamatan bigint,
    kecamatan_basis varchar, measured_to date, last_complete_day date
);
insert into marts.dim_instansi values
    ('99.99', 'Kabupaten Contoh (fiktif)', 'kabupaten', true, 12, 'as_sent', '2026-10-31', '2026-11-29'),
    ('12.07', 'Kabupaten Deli Serdang', 'kabupaten', true, 22, 'reference', '2023-12-31', '2026-11-29'),
    ('panrb', 'Kementerian PANRB', 'pengirim', false, null, null, null, '2026-11-29');

create table marts.dim_opd (
    instansi_code varchar, opd_code varchar, opd_name varchar, opd_kind varchar, parent_opd_code varchar,
    is_active boolean, is_mapped boolean
);
insert into marts.dim_opd values
    ('99.99', '99.99-KOMINFO', 'Dinas Komunikasi dan Informatika', 'dinas', null, true, true),
    ('99.99', '99.99-DUKCAPIL', 'Dinas Kependudukan dan Pencatatan Sipil', 'dinas', null, true, true),
    ('99.99', '99.99-DINSOS', 'Dinas Sosial', 'dinas', null, true, true),
    ('99.99', '99.99-DINKES', 'Dinas Kesehatan', 'dinas', null, true, true),
    ('99.99', '99.99-BAPPEDA', 'Badan Perencanaan Pembangunan Daerah', 'badan', null, true, true);

create table marts.dim_system (
    instansi_code varchar, system_code varchar, system_name varchar, opd_code varchar, system_kind varchar,
    status varchar, url varchar, hosting varchar, builder_kind varchar, vendor_name varchar, has_api boolean,
    is_silo boolean
);
insert into marts.dim_system values
    ('99.99', 'SIAK', 'SIAK Lokal', '99.99-DUKCAPIL', 'application', 'active', 'siak.contoh.go.id',
     'kominfo_dc', 'own_opd', null, true, false),
    ('99.99', 'BANSOS', 'Sistem Bantuan Sosial', '99.99-DINSOS', 'application', 'active',
     'bansos.contoh.go.id', 'vendor', 'vendor', 'PT Contoh Karya', true, false),
    ('99.99', 'ANTREAN', '=CMD|Antrean Puskesmas', '99.99-DINKES', 'website', 'active', null, 'unknown',
     'vendor', 'CV <b>Fiktif</b> & Rekan', false, true);

alter table marts.dim_system add column is_third_party boolean;
update marts.dim_system set is_third_party = builder_kind = 'vendor';

create table marts.dim_node (
    rulebook_id varchar, node_id varchar, parent_id varchar, node_kind varchar, number varchar, name varchar,
    weight_pct double, sort_key varchar
);
insert into marts.dim_node values
    ('permenpanrb-59-2020', 'p59.index', null, 'index', null, 'Indeks SPBE', 100, '000'),
    ('permenpanrb-59-2020', 'p59.d1', 'p59.index', 'domain', '1', 'Kebijakan Internal SPBE', 13, '000.001'),
    ('permenpanrb-59-2020', 'p59.d2', 'p59.index', 'domain', '2', 'Tata Kelola SPBE', 25, '000.002'),
    ('permenpanrb-59-2020', 'p59.d3', 'p59.index', 'domain', '3', 'Manajemen SPBE', 16.5, '000.003'),
    ('permenpanrb-59-2020', 'p59.d4', 'p59.index', 'domain', '4', 'Layanan SPBE', 45.5, '000.004'),
    ('permenpanrb-59-2020', 'p59.a1', 'p59.d1', 'aspect', '1', 'Kebijakan Internal Tata Kelola SPBE', 13, '000.001.001'),
    ('permenpanrb-59-2020', 'p59.a2', 'p59.d2', 'aspect', '2', 'Perencanaan Strategis SPBE', 10, '000.002.002'),
    ('permenpanrb-59-2020', 'p59.a3', 'p59.d2', 'aspect', '3', 'Teknologi Informasi dan Komunikasi', 10, '000.002.003'),
    ('permenpanrb-59-2020', 'p59.a4', 'p59.d2', 'aspect', '4', 'Penyelenggara SPBE', 5, '000.002.004'),
    ('permenpanrb-59-2020', 'p59.a5', 'p59.d3', 'aspect', '5', 'Penerapan Manajemen SPBE', 12, '000.003.005'),
    ('permenpanrb-59-2020', 'p59.a6', 'p59.d3', 'aspect', '6', 'Pelaksanaan Audit TIK', 4.5, '000.003.006'),
    ('permenpanrb-59-2020', 'p59.a7', 'p59.d4', 'aspect', '7',
     'Layanan Administrasi Pemerintahan Berbasis Elektronik', 27.5, '000.004.007'),
    ('permenpanrb-59-2020', 'p59.a8', 'p59.d4', 'aspect', '8', 'Layanan Publik Berbasis Elektronik', 18, '000.004.008'),
    ('permenpanrb-59-2020', 'p59.i15', 'p59.a3', 'indicator', '15',
     'Tingkat Kematangan Pembangunan Aplikasi SPBE', 2.5, '000.002.003.015'),
    ('permenpanrb-59-2020', 'p59.i18', 'p59.a3', 'indicator', '18',
     'Tingkat Kematangan Penggunaan Sistem Penghubung Layanan Instansi Pusat/Pemerintah Daerah', 2.5, '000.002.003.018'),
    ('permenpanrb-59-2020', 'p59.i23', 'p59.a5', 'indicator', '23',
     'Tingkat Kematangan Penerapan Manajemen Data', 1.5, '000.003.005.023'),
    ('permenpanrb-59-2020', 'p59.i47', 'p59.a8', 'indicator', '47',
     'Tingkat Kematangan Layanan Publik Sektor 3', 3, '000.004.008.047'),
    ('interop-1', 'io1.index', null, 'index', null, 'Indeks Integrasi dan Interoperabilitas', 100, '000'),
    ('interop-1', 'io1.d1', 'io1.index', 'domain', '1', 'Integrasi', 38, '000.001'),
    ('interop-1', 'io1.d2', 'io1.index', 'domain', '2', 'Interoperabilitas', 24, '000.002'),
    ('interop-1', 'io1.d3', 'io1.index', 'domain', '3', 'Keandalan layanan', 14, '000.003'),
    ('interop-1', 'io1.d4', 'io1.index', 'domain', '4', 'Kemandirian', 12, '000.004'),
    ('interop-1', 'io1.d5', 'io1.index', 'domain', '5', 'Kepercayaan data', 12, '000.005');

create table marts.fct_scores (
    instansi_code varchar, unit_kind varchar, unit_code varchar, period varchar, rulebook_id varchar,
    stage varchar, node_id varchar, node_kind varchar, score double, printed decimal(18, 2),
    predicate varchar, observed double, published decimal(18, 2), band_low double, band_high double,
    coverage double
);
insert into marts.fct_scores
select
    '99.99', 'instansi', '99.99', '2026', 'permenpanrb-59-2020', stage, node_id, node_kind,
    score, round(score::decimal(18, 6), 2), case when node_kind = 'index' then predicate end,
    null, null, band_low, band_high, coverage
from (values
    ('self', 'p59.index', 'index', 3.4725, 'Baik', 3.4725, 3.4725, 1.0),
    ('self', 'p59.d1', 'domain', 3.8, null, 3.8, 3.8, 1.0),
    ('self', 'p59.d2', 'domain', 3.5, null, 3.5, 3.5, 1.0),
    ('self', 'p59.d3', 'domain', 2.6, null, 2.6, 2.6, 1.0),
    ('self', 'p59.d4', 'domain', 3.68, null, 3.68, 3.68, 1.0),
    ('self', 'p59.a1', 'aspect', 3.8, null, 3.8, 3.8, 1.0),
    ('self', 'p59.a2', 'aspect', 3.75, null, 3.75, 3.75, 1.0),
    ('self', 'p59.a3', 'aspect', 3.25, null, 3.25, 3.25, 1.0),
    ('self', 'p59.a4', 'aspect', 3.5, null, 3.5, 3.5, 1.0),
    ('self', 'p59.a5', 'aspect', 2.875, null, 2.875, 2.875, 1.0),
    ('self', 'p59.a6', 'aspect', 1.67, null, 1.67, 1.67, 1.0),
    ('self', 'p59.a7', 'aspect', 3.9, null, 3.9, 3.9, 1.0),
    ('self', 'p59.a8', 'aspect', 3.33, null, 3.33, 3.33, 1.0),
    ('self', 'p59.i15', 'indicator', 4.0, null, 4.0, 4.0, 1.0),
    ('self', 'p59.i18', 'indicator', 4.0, null, 4.0, 4.0, 1.0),
    ('document', 'p59.index', 'index', 3.105, 'Baik', 3.045, 3.225, 0.955),
    ('document', 'p59.d1', 'domain', 3.3, null, 3.3, 3.3, 1.0),
    ('document', 'p59.d2', 'domain', 3.1, null, 3.1, 3.1, 1.0),
    ('document', 'p59.d3', 'domain', 2.3, null, 1.95, 3.05, 0.727),
    ('document', 'p59.d4', 'domain', 3.345, null, 3.345, 3.345, 1.0),
    ('document', 'p59.a5', 'aspect', 2.5, null, 2.5, 2.5, 1.0),
    ('document', 'p59.a6', 'aspect', null, null, 1.0, 5.0, 0.0),
    ('evidence', 'p59.index', 'index', null, null, 1.8, 4.35, 0.22),
    ('evidence', 'p59.d2', 'domain', null, null, 1.6, 4.2, 0.3),
    ('evidence', 'p59.a3', 'aspect', 2.5, null, 2.0, 3.0, 0.75),
    ('evidence', 'p59.i15', 'indicator', 3.0, null, 3.0, 3.0, 1.0),
    ('evidence', 'p59.i18', 'indicator', 2.0, null, 2.0, 2.0, 1.0)
) as t (stage, node_id, node_kind, score, predicate, band_low, band_high, coverage);
insert into marts.fct_scores values
    ('99.99', 'instansi', '99.99', '2026', 'interop-1', 'evidence', 'io1.index', 'index', 2.9512345, 2.95,
     null, null, null, 2.41, 3.62, 0.71),
    ('99.99', 'instansi', '99.99', '2026', 'interop-1', 'evidence', 'io1.d1', 'domain', 2.53, 2.53,
     null, null, null, 2.1, 3.2, 0.79),
    ('99.99', 'instansi', '99.99', '2026', 'interop-1', 'evidence', 'io1.d2', 'domain', 4, 4.00,
     null, null, null, 3.0, 4.5, 0.62),
    ('99.99', 'instansi', '99.99', '2026', 'interop-1', 'evidence', 'io1.d3', 'domain', 3.4, 3.40,
     null, null, null, 3.4, 3.4, 1.0),
    ('99.99', 'instansi', '99.99', '2026', 'interop-1', 'evidence', 'io1.d4', 'domain', 2, 2.00,
     null, null, null, 1.5, 3.0, 0.66),
    ('99.99', 'instansi', '99.99', '2026', 'interop-1', 'evidence', 'io1.d5', 'domain', null, null,
     null, null, null, 1.0, 5.0, 0.0);
insert into marts.fct_scores values
    ('12.07', 'instansi', '12.07', '2023', 'permenpanrb-59-2020', 'final', 'p59.index', 'index', 3.4711, 3.47,
     'Baik', null, 3.47, 3.4711, 3.4711, 1.0),
    ('12.07', 'instansi', '12.07', '2023', 'permenpanrb-59-2020', 'final', 'p59.d1', 'domain', 4, 4.00,
     null, 4, null, 4, 4, 1.0),
    ('12.07', 'instansi', '12.07', '2023', 'permenpanrb-59-2020', 'final', 'p59.d2', 'domain', 3.6, 3.60,
     null, 3.6, null, 3.6, 3.6, 1.0),
    ('12.07', 'instansi', '12.07', '2023', 'permenpanrb-59-2020', 'final', 'p59.d3', 'domain', 2.09, 2.09,
     null, 2.09, null, 2.09, 2.09, 1.0),
    ('12.07', 'instansi', '12.07', '2023', 'permenpanrb-59-2020', 'final', 'p59.d4', 'domain', 3.75, 3.75,
     null, 3.75, null, 3.75, 3.75, 1.0);

alter table marts.fct_scores add column file_sha256 varchar;
update marts.fct_scores set file_sha256 = repeat('05', 32) where instansi_code = '12.07';

create table marts.fct_levers (
    instansi_code varchar, unit_kind varchar, unit_code varchar, period varchar, rulebook_id varchar,
    stage varchar, node_id varchar, current_level double, gain_one_level double, next_criterion varchar,
    evidence_wanted varchar
);
insert into marts.fct_levers values
    ('99.99', 'instansi', '99.99', '2026', 'permenpanrb-59-2020', 'document', 'p59.i47', 3, 0.03,
     'Layanan terhubung dengan layanan lain.', 'Dokumentasi layanan sektor 3 yang terintegrasi'),
    ('99.99', 'instansi', '99.99', '2026', 'permenpanrb-59-2020', 'document', 'p59.i18', 2, 0.025,
     'Penghubung dipakai semua OPD.', 'Laporan penggunaan sistem penghubung layanan di semua OPD'),
    ('99.99', 'instansi', '99.99', '2026', 'permenpanrb-59-2020', 'document', 'p59.i15', 3, 0.025, null, null),
    ('99.99', 'instansi', '99.99', '2026', 'permenpanrb-59-2020', 'document', 'p59.i23', 3, 0.015, null, null);

create table marts.dim_measure (
    measure_id varchar, name varchar, name_en varchar, unit varchar, direction varchar, formula varchar,
    needs varchar default 'system_inventory; service_log',
    level_thresholds decimal(18, 6)[] default [0.2, 0.5, 0.75, 0.9]
);
insert into marts.dim_measure (measure_id, name, name_en, unit, direction, formula) values
    ('I01', 'Sistem dengan kontrak API', 'API share', 'share', 'higher', 'Terbit dibagi semua.'),
    ('I04', 'OPD terhubung', 'Connected OPDs', 'share', 'higher', 'Terhubung dibagi semua.'),
    ('I08', 'Sistem tidak terhubung (silo)', 'Silo share', 'share', 'lower', 'Silo dibagi semua.'),
    ('I11', 'Keberhasilan panggilan', 'Success rate', 'share', 'higher', 'Berhasil dibagi semua.'),
    ('I15', 'Kesesuaian format', 'Format conformity', 'share', 'higher', 'Diterima dibagi dikirim.'),
    ('I20', 'Pihak ketiga tanpa kontrak', 'No contract', 'share', 'lower', 'Tanpa kontrak dibagi semua.'),
    ('I24', 'Angka terbit = angka lapangan', 'Published = field', 'share', 'higher', 'Cocok dibagi semua.'),
    ('I27', 'Kelengkapan bukti', 'Completeness', 'share', 'higher', 'Diterima dibagi wajib.');

create table marts.fct_indicator_values (
    instansi_code varchar, measure_id varchar, figure varchar, unit_kind varchar, unit_code varchar,
    window_start date, window_end date, numerator decimal(38, 10), denominator decimal(38, 10),
    value double, level integer, sources_received bigint, sources_expected bigint
);
insert into marts.fct_indicator_values values
    ('99.99', 'I01', 'main', 'instansi', '99.99', '2026-01-01', '2026-10-31', 1, 3, 0.3333333333, 2, 4, 5),
    ('99.99', 'I04', 'main', 'instansi', '99.99', '2026-10-01', '2026-10-31', 3, 5, 0.6, 3, 61, 62),
    ('99.99', 'I04', 'as_provider', 'instansi', '99.99', '2026-10-01', '2026-10-31', 1, 5, 0.2, null, 61, 62),
    ('99.99', 'I04', 'main', 'instansi', '99.99', '2026-01-01', '2026-10-31', 3, 5, 0.6, 3, 61, 62),
    ('99.99', 'I04', 'main', 'opd', '99.99-DINSOS', '2026-10-01', '2026-10-31', 1, 1, 1, 5, 31, 31),
    ('99.99', 'I08', 'main', 'instansi', '99.99', '2026-01-01', '2026-10-31', 1, 3, 0.3333333333, 3, 4, 5),
    ('99.99', 'I11', 'main', 'instansi', '99.99', '2026-10-01', '2026-10-31', 5120, 5400, 0.9481481481, 2,
     61, 62),
    ('99.99', 'I15', 'main', 'instansi', '99.99', '2026-01-01', '2026-10-31', 118, 124, 0.9516129032, 5, 9, 10),
    ('99.99', 'I20', 'main', 'instansi', '99.99', '2026-01-01', '2026-10-31', 1, 2, 0.5, 3, 4, 5),
    ('99.99', 'I27', 'main', 'instansi', '99.99', '2026-10-01', '2026-10-31', 70, 72, 0.9722222222, null,
     70, 72),
    ('99.99', 'I24', 'main', 'instansi', '99.99', '2026-01-01', '2026-10-31', 0, null, null, null, 0, 1);

alter table marts.fct_indicator_values add column window_kind varchar;
alter table marts.fct_indicator_values add column figure_unit varchar default 'share';
alter table marts.fct_indicator_values add column figure_node varchar;
alter table marts.fct_indicator_values add column figure_system varchar;
alter table marts.fct_indicator_values add column figure_service varchar;
update marts.fct_indicator_values
set window_kind = case when window_start = '2026-01-01' then 'ytd' else 'month' end;

create table marts.fct_calls_daily (
    instansi_code varchar, day date, log_format varchar, consumer_opd varchar, consumer_system varchar,
    provider_opd varchar, provider_system varchar, service_code varchar, calls bigint, succeeded bigint,
    failed bigint, request_bytes hugeint, response_bytes hugeint, duration_p50_ms double,
    duration_p95_ms double, is_mapped boolean
);
insert into marts.fct_calls_daily
select
    '99.99', day::date, 'xroad', '99.99-DINSOS', 'BANSOS', '99.99-DUKCAPIL', 'SIAK', 'verifikasi/v1',
    150 + (date_diff('day', date '2026-08-01', day::date) * 7) % 60,
    145 + (date_diff('day', date '2026-08-01', day::date) * 7) % 55,
    5 + (date_diff('day', date '2026-08-01', day::date) * 7) % 60
    - (date_diff('day', date '2026-08-01', day::date) * 7) % 55,
    120000, 240000, 210.5, 890.25, true
from generate_series(timestamp '2026-08-01', timestamp '2026-10-31', interval 1 day) as t (day);
insert into marts.fct_calls_daily values
    ('99.99', '2026-10-05', 'combined', 'user-1a2b3c4d', 'user-1a2b3c4d', '99.99-DINKES', 'ANTREAN',
     'GET /api/antrean/{}', 40, 31, 9, null, 81920, null, null, false);

create table marts.fct_exchange_edges (
    instansi_code varchar, window_start date, window_end date, consumer_opd varchar, provider_opd varchar,
    channel varchar, calls hugeint, is_declared boolean, is_observed boolean, link_level decimal(18, 2)
);
insert into marts.fct_exchange_edges values
    ('99.99', '2026-10-01', '2026-10-31', '99.99-DINSOS', '99.99-DUKCAPIL', 'xroad', 5360, true, true, 2),
    ('99.99', '2026-10-01', '2026-10-31', '99.99-KOMINFO', '99.99-DUKCAPIL', 'file', 0, true, false, 0);

create table marts.fct_log_quality (
    instansi_code varchar, log_format varchar, file_name varchar, file_sha256 varchar, lines bigint,
    records bigint, bad_lines bigint, blank_lines bigint, duplicates bigint, orphans bigint,
    metaservice_calls bigint, self_calls bigint, calls bigint
);
insert into marts.fct_log_quality values
    ('99.99', 'xroad', 'service_log/xroad/99.99/opmon-2026-10-05.json', repeat('ab', 32), 412, 410, 2, 0, 4, 1,
     12, 6, 190);

create table marts.fct_intake_files (
    instansi_code varchar, kind varchar, opd_code varchar, period varchar, file_name varchar,
    file_sha256 varchar, status varchar, rows_received bigint, rows_loaded bigint, rows_quarantined bigint,
    reason varchar, received_at timestamp
);
insert into marts.fct_intake_files values
    ('99.99', 'system_inventory', '99.99-KOMINFO', '2026', 'system_inventory/99.99/2026/inventaris.csv',
     repeat('01', 32), 'partly', 24, 21, 3, null, '2026-11-01 01:30:00'),
    ('99.99', 'self_assessment', '99.99', '2026', 'self_assessment/99.99/2026/mandiri.xlsx', repeat('02', 32),
     'loaded', 100, 97, 3, null, '2026-11-01 01:30:00'),
    ('99.99', 'vendor_contract', '99.99', '2026', 'vendor_contract/99.99/rusak.xlsx', repeat('03', 32),
     'rejected', 0, 0, 0, 'unreadable: bukan buku kerja Excel', '2026-11-01 01:30:01'),
    ('99.99', 'service_log', null, null, 'service_log/xroad/99.99/opmon-2026-10-05.json', repeat('ab', 32),
     'loaded', 410, 410, 0, null, '2026-11-01 01:30:02'),
    ('12.07', 'program_realization', '12.07', '2022', 'program_realization/12.07/studi.csv', repeat('04', 32),
     'loaded', 6, 6, 0, null, '2026-11-01 01:30:03'),
    ('panrb', 'published_index', 'panrb', '2026', 'published_index/@panrb/national_2023.csv', repeat('05', 32),
     'loaded', 621, 621, 0, null, '2026-11-01 01:30:04');

create table marts.fct_completeness (
    instansi_code varchar, window_kind varchar, window_start date, window_end date, opd_code varchar, kind varchar,
    log_format varchar, frequency varchar, owed_from date, sources_expected bigint, sources_received bigint, sources_missing bigint,
    sources_overdue bigint, files_received bigint, files_refused bigint, files_waiting bigint, rows_waiting bigint,
    files_late bigint, days_late_longest bigint, state varchar, measures varchar[]
);
insert into marts.fct_completeness values
    ('99.99', 'ytd', '2026-01-01', '2026-10-31', '99.99-KOMINFO', 'system_inventory', '', 'annual', '2026-01-01',
     1, 1, 0, 0, 1, 0, 0, 3, 0, 0, 'complete', ['I01', 'I08']),
    ('99.99', 'ytd', '2026-01-01', '2026-10-31', '99.99-KOMINFO', 'service_log', 'xroad', 'daily', '2026-03-01',
     245, 30, 215, 214, 1, 0, 0, 0, null, null, 'partly', ['I08']),
    ('99.99', 'ytd', '2026-01-01', '2026-10-31', '99.99-DINSOS', 'usage', '', 'monthly', '2026-03-01', 8, 0, 8, 7,
     0, 1, 1, 0, null, null, 'missing', ['I25']),
    ('99.99', 'month', '2026-10-01', '2026-10-31', '99.99-DINSOS', 'usage', '', 'monthly', '2026-10-01', 1, 0, 1, 0,
     0, 0, 1, 0, null, null, 'not_due', ['I25']),
    ('12.07', 'ytd', '2023-01-01', '2023-12-31', '12.07', 'published_figure', '', null, null, null, null,
     null, null, 1, 0, 0, 0, null, null, 'not_owed', ['I24']);

create table marts.dim_finding_rule as
select 'missing_source' as rule_id, 'medium' as severity, 'window' as closes_with, 'window' as looks_at,
    'Berkas wajib belum diterima' as title, 'Owed file not received' as title_en,
    '{unit} mengirim {received} dari {expected} berkas {subject}.' as sentence,
    '{unit} sent {received} of {expected} files {subject}.' as sentence_en;

create table marts.dim_rule_parameter as
select 'I23' as rule_id, 'changed_within' as parameter, 30::decimal(18, 6) as value, 'day' as unit,
    '30 hari' as words, 'sites changed within 30 days' as source, 'Days within which a website changed.' as description;

create table marts.dim_level_cost (rulebook_id varchar, node_id varchar, cost_per_level integer, note varchar);

create table marts.fct_missing_log_days (
    instansi_code varchar, log_format varchar, day date, owed_by varchar[], is_overdue boolean, last_day_before date,
    next_day_after date, records bigint
);
insert into marts.fct_missing_log_days values
    ('99.99', 'xroad', '2026-10-17', ['99.99-KOMINFO'], true, '2026-10-16', '2026-10-18', 0),
    ('99.99', 'kong', '2026-10-03', [], true, '2026-10-02', '2026-10-05', 0),
    ('99.99', 'kong', '2026-10-04', [], true, '2026-10-02', '2026-10-05', 0),
    ('99.99', 'xroad', '2025-10-17', ['99.99-KOMINFO'], true, '2025-10-16', '2025-10-18', 0);

create table marts.fct_indicator_sources (
    instansi_code varchar, period varchar, rulebook_id varchar, node_id varchar, node_number varchar,
    node_name varchar, sort_key varchar, kind varchar, is_for_level boolean, measures varchar[],
    documents varchar[], files_received bigint
);
insert into marts.fct_indicator_sources values
    ('99.99', '2026', 'permenpanrb-59-2020', 'p59.i01', '1', 'Arsitektur SPBE', '000.001.001.001', 'self_assessment',
     true, [], [], 1),
    ('99.99', '2026', 'permenpanrb-59-2020', 'p59.i15', '15', 'Jaringan intra', '000.002.003.015', 'self_assessment',
     true, [], [], 1),
    ('99.99', '2026', 'permenpanrb-59-2020', 'p59.i15', '15', 'Jaringan intra', '000.002.003.015', 'service_log',
     false, ['I08'], [], 1),
    ('99.99', '2026', 'permenpanrb-59-2020', 'p59.i15', '15', 'Jaringan intra', '000.002.003.015',
     'evidence_document', false, [], ['aturan'], 0);

create table marts.fct_quarantine (
    instansi_code varchar, kind varchar, opd_code varchar, file_sha256 varchar, file_name varchar,
    row_number bigint, rules varchar[], messages varchar[], raw_row varchar, status varchar
);
insert into marts.fct_quarantine values
    ('99.99', 'self_assessment', '99.99', repeat('02', 32), 'self_assessment/99.99/2026/mandiri.xlsx', 14,
     ['self_assessment.level.range'], ['level: 6 di luar 1 sampai 5'], 'p59.i15;6', 'open'),
    ('99.99', 'self_assessment', '99.99', repeat('02', 32), 'self_assessment/99.99/2026/mandiri.xlsx', 15,
     ['self_assessment.level.type', 'self_assessment.node_id.missing'],
     ['level: "tiga" bukan bilangan', 'node_id: wajib diisi'], ';tiga', 'open'),
    ('99.99', 'system_inventory', '99.99-KOMINFO', repeat('01', 32),
     'system_inventory/99.99/2026/inventaris.csv', 7, ['system_inventory.status.codes'],
     ['status: "jalan" tidak dikenal'], 'X;jalan', 'open');

create table marts.fct_findings (
    instansi_code varchar, finding_id varchar, rule_id varchar, title varchar, unit_kind varchar,
    unit_code varchar, unit_name varchar, severity varchar, statement varchar, evidence varchar,
    first_seen date, last_seen date, status varchar, finding_rank bigint
);
insert into marts.fct_findings values
    ('99.99', 'f1', 'silo_system', 'Sistem silo', 'opd', '99.99-DINKES', 'Dinas Kesehatan', 'medium',
     'Antrean Puskesmas (Dinas Kesehatan) berdiri sendiri: tidak ada pertukaran dengan OPD lain.',
     'dim_system: system_code = ANTREAN', '2026-08-01', '2026-10-31', 'open', 2),
    ('99.99', 'f2', 'third_party_without_contract', 'Pihak ketiga tanpa kontrak', 'opd', '99.99-DINKES',
     'Dinas Kesehatan', 'high',
     'Antrean Puskesmas dibuat CV <b>Fiktif</b> & Rekan tanpa kontrak yang berlaku pada akhir Oktober 2026.',
     'dim_system: system_code = ANTREAN; vendor_contract kosong', '2026-10-31', '2026-10-31', 'open', 1),
    ('99.99', 'f3', 'unmapped_identity', 'Identitas log belum dipetakan', 'instansi', '99.99',
     'Kabupaten Contoh', 'low', '1 identitas pada log web belum dipetakan ke OPD.', 'fct_calls_daily',
     '2026-08-01', '2026-10-31', 'open', 3),
    ('99.99', 'f5', 'silo_system', 'Sistem silo', 'opd', '99.99-DINSOS', 'Dinas Sosial', 'medium',
     'Sistem Bantuan Sosial berdiri sendiri.', 'dim_system', '2026-08-01', '2026-08-31', 'closed', 4),
    ('12.07', 'f4', 'published_differs_from_field', 'Angka terbit berbeda dari lapangan', 'instansi', '12.07',
     'Kabupaten Deli Serdang', 'high',
     'Kecamatan Jumpa Madu: angka terbit 1 persen, angka lapangan 4,55 persen (1 dari 22).',
     'fct_published_figures: figure_id = study-03', '2023-01-01', '2023-12-31', 'open', 1);

create table marts.fct_program_realization (
    instansi_code varchar, period varchar, dimension varchar, programs bigint, achieved bigint,
    not_achieved bigint, source varchar
);
insert into marts.fct_program_realization values
    ('12.07', '2022', 'Smart Governance', 45, 35, 10, 'Pardede et al. 2023, Table 1'),
    ('12.07', '2022', 'Smart Economy', 31, 16, 15, 'Pardede et al. 2023, Table 1'),
    ('12.07', '2022', 'Smart Branding', 17, 10, 7, 'Pardede et al. 2023, Table 1'),
    ('12.07', '2022', 'Smart Society', 14, 10, 4, 'Pardede et al. 2023, Table 1'),
    ('12.07', '2022', 'Smart Living', 34, 18, 16, 'Pardede et al. 2023, Table 1'),
    ('12.07', '2022', 'Smart Environment', 12, 9, 3, 'Pardede et al. 2023, Table 1');

create table marts.fct_smart_city_evaluation (
    instansi_code varchar, period varchar, dimension varchar, description varchar, verdict varchar,
    source varchar
);
insert into marts.fct_smart_city_evaluation values
    ('12.07', '2023', 'Policy', 'Legal documents for smart city planning exist', 'Enough',
     'Pardede et al. 2023, Table 2'),
    ('12.07', '2023', 'Institutional', 'Regional financial capacity and smart city budget', 'Not Enough',
     'Pardede et al. 2023, Table 2');

create table marts.fct_published_figures (
    instansi_code varchar, figure_id varchar, name varchar, unit varchar, system_name varchar, period varchar,
    published_value double, published_where varchar, field_value double, field_method varchar,
    numerator double, denominator double, compared_value double, is_equal boolean, source varchar
);
insert into marts.fct_published_figures values
    ('12.07', 'study-01', 'Population that finds access easy (Delipedia)', 'percent', 'Delipedia', '2023', 29.5,
     'study', null, 'survey', null, null, null, null, 'Pardede et al. 2023, text to Figure 1'),
    ('12.07', 'study-03', 'Kecamatan covered by Jumpa Madu', 'percent', 'Jumpa Madu', '2023', 1,
     'study (around 1 %)', 4.545454545, 'count', 1, 22, 4.545454545, false,
     'Pardede et al. 2023, text to Figure 1');

-- The marts of the models carry their own texts; here one text per table and column is enough.
comment on table marts.dim_instansi is 'Agencies.';

-- What stands on the index: one row for each ready question.
create table marts.fct_index_by_rulebook (
    instansi_code varchar, unit_kind varchar, unit_code varchar, period varchar, stage varchar, rulebook_id
    varchar, as_rulebook_id varchar, score double, score_as double, band_low_as double, band_high_as double,
    band_low_same double, band_high_same double, share_mapped double, share_same double, indicators integer,
    indicators_mapped integer, not_mapped varchar, not_used varchar
);
create table marts.fct_indicator_correlations (
    rulebook_id varchar, period varchar, stage varchar, unit_kind varchar, parent_id varchar, node_id
    varchar, other_node_id varchar, name varchar, other_name varchar, units integer, correlation double,
    verdict varchar
);
create table marts.fct_lever_sets (
    instansi_code varchar, unit_kind varchar, unit_code varchar, period varchar, rulebook_id varchar, stage
    varchar, next_predicate varchar, set_no integer, node_id varchar, from_level double, to_level double,
    levels_up integer, cost bigint, gain double, set_cost bigint, set_gain double, index_now double,
    index_reached double, evidence_asked varchar
);
create table marts.fct_rank_uncertainty (
    instansi_code varchar, unit_kind varchar, unit_code varchar, period varchar, rulebook_id varchar, stage
    varchar, units integer, score double, rank integer, draws integer, mean_rank double, rank_p5 integer,
    rank_p95 integer, best_rank_left_out integer, worst_rank_left_out integer, most_moving_node_id varchar
);
create table marts.fct_stage_gaps (
    instansi_code varchar, unit_kind varchar, unit_code varchar, period varchar, rulebook_id varchar,
    from_stage varchar, to_stage varchar, node_id varchar, node_kind varchar, from_score double, to_score
    double, gap double, gap_printed decimal(18,2), index_points double, from_stage_no integer,
    is_consecutive boolean
);
create table marts.fct_year_on_year (
    instansi_code varchar, unit_kind varchar, unit_code varchar, stage varchar, period varchar, rulebook_id
    varchar, node_id varchar, node_kind varchar, score double, printed decimal(18,2), previous_period
    varchar, previous_rulebook_id varchar, previous_score double, previous_printed decimal(18,2), change
    double, index_points double, is_break boolean
);
insert into marts.fct_index_by_rulebook by name
select '99.99' as instansi_code, 'instansi' as unit_kind, '99.99' as unit_code, '2026' as period, 'self' as stage,
    'permenpanrb-59-2020' as rulebook_id, 'permenpanrb-8-2026' as as_rulebook_id, 2.5 as score, 2.25 as score_as,
    1.6 as band_low_as, 3.4 as band_high_as, 0.6 as share_mapped, 0.05 as share_same;
insert into marts.fct_indicator_correlations by name
select 'permenpanrb-59-2020' as rulebook_id, '2026' as period, 'self' as stage, 'instansi' as unit_kind,
    'p59.d1' as parent_id, 'p59.a1' as node_id, 'p59.a2' as other_node_id, 'Satu' as name, 'Dua' as other_name,
    3 as units, 0.95 as correlation, 'redundant' as verdict;
insert into marts.fct_lever_sets by name
select '99.99' as instansi_code, 'instansi' as unit_kind, '99.99' as unit_code, '2026' as period,
    rulebook_id, 'self' as stage, 'Baik' as next_predicate, 1 as set_no, node_id, 2.0 as from_level,
    3.0 as to_level, 1 as levels_up, 1 as cost, 0.1 as gain, 1 as set_cost, 0.1 as set_gain, 2.5 as index_now,
    2.6 as index_reached, 'Kebijakan' as evidence_asked
from marts.dim_node where node_kind = 'indicator' order by node_id limit 1;
insert into marts.fct_lever_sets
select * replace ('document' as stage, 'Sangat Baik' as next_predicate, 3.5 as index_reached) from marts.fct_lever_sets;
insert into marts.fct_rank_uncertainty by name
select '99.99' as instansi_code, 'opd' as unit_kind, '99.99-DINSOS' as unit_code, '2026' as period,
    'interop-1' as rulebook_id, 'evidence' as stage, 5 as units, 3.2 as score, 2 as rank, 1000 as draws,
    2.1 as mean_rank, 1 as rank_p5, 3 as rank_p95;
insert into marts.fct_stage_gaps by name
select '99.99' as instansi_code, 'instansi' as unit_kind, '99.99' as unit_code, '2026' as period, rulebook_id,
    'self' as from_stage, 'document' as to_stage, node_id, node_kind, 2.5 as from_score, 2.25 as to_score,
    -0.25 as gap, -0.25 as gap_printed, 1 as from_stage_no, true as is_consecutive
from marts.dim_node where node_kind = 'index' order by node_id limit 1;
insert into marts.fct_year_on_year by name
select '99.99' as instansi_code, 'instansi' as unit_kind, '99.99' as unit_code, 'self' as stage, '2026' as period,
    rulebook_id, node_id, node_kind, 2.5 as score, 2.50 as printed, '2025' as previous_period,
    rulebook_id as previous_rulebook_id, 2.0 as previous_score, 2.00 as previous_printed, 0.5 as change,
    0.5 as index_points, false as is_break
from marts.dim_node where node_kind = 'index' order by node_id limit 1;

create table marts.fct_evidence_levels as
select '99.99' as instansi_code, '2026' as period, 'permenpanrb-59-2020' as rulebook_id, 'p59.i18' as node_id,
    '18' as node_number, 'Sistem penghubung' as node_name, 4.0::double as declared_level, 'evidence' as state,
    2 as evidence_level, 2 as gap, 'Bukti mendukung tingkat 2.' as statement;

create table marts.fct_evidence_checklist as
select '99.99' as instansi_code, '2026' as period, 'permenpanrb-59-2020' as rulebook_id, 'p59.i18' as node_id,
    '18' as node_number, 'Sistem penghubung' as node_name, 4.0::double as declared_level, 2 as evidence_level,
    3 as next_level, 'Dipakai semua perangkat daerah.' as criterion, ['laporan reviu'] as lacking,
    ['DD-8'] as valid_documents, 'evidence' as state, null::varchar as explanation, ['DD-8'] as evidence_ref,
    null::varchar as opd_code, null::date as assessed_on, null::varchar as evidence_wanted,
    ['laporan reviu atau evaluasi berkala'] as kinds_lacking_for_declared;

create table marts.fct_documents as
select * from (values
    ('99.99', '2026', 'DD-7', null, 'application/pdf', 'Rencana', 'draft', ['p59.i23']),
    ('99.99', '2026', 'DD-8', repeat('0', 64), 'application/pdf', 'Laporan', 'valid', ['p59.i18']),
    ('99.99', '2026', 'DD-9', null, null, 'Bukti', 'missing', ['p59.i47'])
) as t (instansi_code, period, document_code, document_sha256, media_type, title, state, node_ids);

create table marts.dim_rulebook as
select * from (values
    ('permenpanrb-5-2018', 'Permen PANRB 5/2018', 'Permen PANRB 5 Tahun 2018', 2018, 2020, false),
    ('permenpanrb-59-2020', 'Permen PANRB 59/2020', 'Permen PANRB 59 Tahun 2020', 2021, 2025, false),
    ('permenpanrb-8-2026', 'Permen PANRB 8/2026 (Pemdi)', 'Permen PANRB 8 Tahun 2026', 2026, null, false),
    ('interop-1', 'interop-1 (rubrik lokal)', null, null, null, false)
) as t (rulebook_id, short_name, regulation, first_eval_year, last_eval_year, is_handed_in);

alter table marts.fct_scores add column is_rulebook_of_year boolean;
update marts.fct_scores as score
set is_rulebook_of_year = score.period >= book.first_eval_year::varchar
    and coalesce(score.period <= book.last_eval_year::varchar, true)
from marts.dim_rulebook as book where score.rulebook_id = book.rulebook_id;

alter table marts.dim_node add column value_type varchar;
alter table marts.dim_node add column scale_min decimal(38, 15);
alter table marts.dim_node add column scale_max decimal(38, 15);
update marts.dim_node
set value_type = case node_kind when 'indicator' then 'integer_level' else 'computed' end, scale_min = 1, scale_max = 5;

alter table marts.dim_node add column is_leaf boolean;
update marts.dim_node set is_leaf = node_kind = 'indicator';
alter table marts.dim_node add column method varchar default 'arithmetic';
alter table marts.dim_rulebook add column scale_min decimal(38, 15) default 1;
alter table marts.dim_rulebook add column scale_max decimal(38, 15) default 5;
alter table marts.dim_rulebook add column availability_threshold decimal(38, 10) default 0.5;
alter table marts.dim_rulebook add column missing_counts_as decimal(38, 15);
create table marts.fct_evidence_rules as
select '99.99' as instansi_code, '2026' as period, 'permenpanrb-59-2020' as rulebook_id, * from (values
    ('p59.i18', 2, 1, 'document', 'dokumen pelaksanaan untuk tingkat 2', 'holds', 'dokumen pelaksanaan', false),
    ('p59.i18', 3, 1, 'document', 'laporan penggunaan untuk tingkat 3', 'fails', 'laporan penggunaan', true),
    ('p59.i18', 4, 1, 'document', 'laporan reviu untuk tingkat 4', 'unknown', 'laporan reviu', true),
    ('p59.i18', 5, 1, 'measure', 'bagian OPD yang terhubung (I04) paling sedikit 1', 'fails', 'OPD terhubung', false)
) as t (node_id, level, rule_no, check_kind, sentence, state, asks_for, is_lacking_for_declared);

create table marts.dim_predicate as
select * from (values
    ('permenpanrb-59-2020', 'Kurang', null, 1.0, 1.8, '2023'), ('permenpanrb-59-2020', 'Cukup', null, 1.8, 2.6, '2023'),
    ('permenpanrb-59-2020', 'Baik', null, 2.6, 3.5, '2023'),
    ('permenpanrb-59-2020', 'Sangat Baik', null, 3.5, 4.2, '2023'),
    ('permenpanrb-59-2020', 'Memuaskan', null, 4.2, null, '2023')
) as t (rulebook_id, predicate, level_name, lower_inclusive, upper_exclusive, printed_years);

create table marts.dim_node_weight as
select rulebook_id, node_id, weight_pct::decimal(38, 0) as weight, 100::decimal(38, 0) as siblings_weight,
    case when node_kind = 'indicator' then 1 end as cost_per_level
from marts.dim_node;

create table marts.fct_peers as
select '12.07' as instansi_code, '2023' as period, 'permenpanrb-59-2020' as rulebook_id, 'final' as stage, * from (values
    ('p59.index', 'index', 'kind', 3.4711, 17, 360, 1, '33.07', 3.48, 1, 12, 3.47),
    ('p59.index', 'index', 'province', 3.4711, 2, 25, 1, '12.08', 3.6, 2, null, null),
    ('p59.d1', 'domain', 'kind', 4.0, 30, 360, 9, '33.07', 4.1, 3, 12, 3.5),
    ('p59.d3', 'domain', 'kind', 2.09, 120, 360, 1, '33.07', 2.1, 1, 12, 2.49)
) as t (node_id, node_kind, peer_group, score, rank, units, sharing, above_code, above_score, above_sharing, neighbours,
    neighbours_score);
insert into marts.dim_instansi values
    ('12', 'Provinsi Sumatera Utara', 'provinsi', true, null, null, null, '2026-11-29'),
    ('12.08', 'Kabupaten Karo', 'kabupaten', true, null, null, null, '2026-11-29'),
    ('33.07', 'Kabupaten Wonosobo', 'kabupaten', true, null, null, null, '2026-11-29');

alter table marts.fct_intake_files add column reason_text varchar;
update marts.fct_intake_files set reason_text = split_part(reason, ': ', 2);
alter table marts.fct_intake_files add column answer_opd_code varchar;
alter table marts.fct_intake_files add column is_open boolean;
alter table marts.fct_intake_files add column is_correction boolean default false;
alter table marts.fct_intake_files add column rows_corrected bigint default 0;
update marts.fct_intake_files set answer_opd_code = opd_code, is_open = status = 'rejected';
alter table marts.fct_quarantine add column answer_opd_code varchar;
update marts.fct_quarantine set answer_opd_code = opd_code;
alter table marts.fct_quarantine add column broken struct("rule" varchar, severity varchar, column_name varchar,
    found varchar, expected varchar, message varchar)[];
update marts.fct_quarantine
set broken = [{'rule': rules[1], 'severity': 'error', 'column_name': split_part(rules[1], '.', 2), 'found': 'x',
    'expected': 'isi yang dikenal', 'message': messages[1]}];

create table marts.fct_opd_discipline as
select '99.99' as instansi_code, date '2026-10-01' as window_start, date '2026-10-31' as window_end, * from (values
    ('99.99-KOMINFO', 'system_inventory', 1, 0, 24, 21, 3, 1, 1, 0, 0),
    ('99.99-DINKES', 'service_log', 0, 0, 0, 0, 0, 31, 30, 1, 0)
) as t (opd_code, kind, files_received, files_rejected, rows_first_sent, rows_first_passed, rows_open,
    sources_expected, sources_received, sources_missing, files_late);
alter table marts.dim_system add column period varchar default '2026';
alter table marts.fct_documents add column opd_code varchar default '99.99-KOMINFO';

create table marts.dim_level as
select 'permenpanrb-59-2020' as rulebook_id, 'p59.i18' as node_id, level::integer as level,
    'Kriteria ' || level as criterion, 'Bukti ' || level as evidence_wanted,
    level::decimal(18, 4) as value_from, level::decimal(18, 4) as value_to, 'ok' as confidence
from range(1, 6) as t (level);

create table marts.fct_contracts as
select '99.99' as instansi_code, '99.99-DINSOS' as opd_code, 'BANSOS' as system_code,
    'Sistem Bantuan Sosial' as system_name, 'PT Contoh Karya' as vendor_name, '12/SPK/2026' as contract_no,
    'host' as contract_kind, date '2026-01-01' as starts_on, date '2026-12-31' as ends_on,
    date '2026-10-01' as window_start, date '2026-10-31' as window_end, date '2026-10-31' as measured_to,
    61 as days_left, date '2026-11-29' as last_complete_day, 32 as days_left_on_last_day, true as is_third_party, 'ends_soon' as status, 'Segera berakhir' as status_label,
    null::varchar as unknown_reason_label, true as has_valid_contract;

create table marts.fct_service_quality as
select '99.99' as instansi_code, 'month' as window_kind, date '2026-10-01' as window_start,
    date '2026-10-31' as window_end, date '2026-10-31' as measured_to, '99.99-DUKCAPIL' as provider_opd,
    'SIAK' as provider_system, 'cek-nik/v1' as service_code, 1000 as calls, 990 as succeeded, 0.99 as success_rate,
    100 as hours_called, 99 as hours_answered, 0.99 as availability, 250.0 as p95_ms, 3 as consumers,
    ['99.99-BAPPEDA', '99.99-DINSOS', '99.99-KOMINFO'] as consumer_opds,
    null::varchar as unknown_reason, null::varchar as unknown_reason_label;

create table marts.fct_datasets as
select '99.99' as instansi_code, 'DS-1' as dataset_code, 'Penerima bantuan' as dataset_name,
    '99.99-DINSOS' as producer_opd, 'BANSOS' as system_code, 'RAD.01' as rad_code, false as has_known_code,
    'limited' as access, 'monthly' as update_frequency, date '2026-08-01' as last_updated,
    date '2026-10-31' as measured_to, 91::bigint as age_days, 31::bigint as allowed_days, true as is_late,
    true as is_interoperable;

alter table marts.fct_findings add column finding_system varchar;
alter table marts.fct_findings add column finding_service varchar;
alter table marts.fct_findings add column finding_node varchar;

"""What one sender can write never ends the night of all: odd rows that contracts accept, odd log records."""

import datetime as dt
import os
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from accepted_rows import LINES, fill_inbox

from expectations.contract import kinds
from orchestration import intake
from orchestration.dbt import build_arguments, run_dbt
from orchestration.settings import Settings
from orchestration.warehouse import open_warehouse
from sources import ledger
from sources.kinds import LOG_KIND
from sources.ledger import FileRecord
from sources.logs.record import LAKE_COLUMNS
from sources.nights import now_utc

LONG = os.environ.get("TEST_LONG") == "1"
# Each number is a seed; those of one group come in one night and meet each other's rows.
NIGHTS = [(1, 2), *([tuple(range(n, n + 4)) for n in range(10, 50, 4)] if LONG else [])]
DAY = dt.date(2026, 10, 5)


@pytest.mark.parametrize("seeds", NIGHTS, ids=str)
def test_a_night_of_odd_rows_ends_well(seeds: tuple[int, ...], tmp_path: Path, spbe: Callable) -> None:
    for seed in seeds:
        fill_inbox(tmp_path / "inbox", kinds(), seed, dt.datetime.now(dt.UTC).date())
    done = spbe(tmp_path, "run")
    assert done.returncode == 0, done.stdout + done.stderr
    with duckdb.connect(str(tmp_path / "published" / "spbe.duckdb"), read_only=True) as con:
        rows = dict(
            con.execute("select kind, sum(rows_loaded) from fct_intake_files group by kind").fetchall()
        )
        logs = dict(
            con.execute("select log_format, sum(records) from fct_log_quality group by log_format").fetchall()
        )
        calls = con.execute("select count(*) from fct_calls_daily").fetchone()
    # What the generator makes must get past the door, or nothing was tried.
    assert not [kind for kind in kinds() if not rows.get(kind)], rows
    assert not [log_format for log_format in LINES if not logs.get(log_format)], logs
    assert calls and calls[0] > 0


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("SPBE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SPBE_AS_OF", "2026-10-20")
    made = Settings()
    made.prepare_home()
    return made


def _build(settings: Settings) -> None:
    """Build everything, the calls of `DAY` included, with all tests; each that fails is told."""
    for chosen in (
        ["--select", "tag:daily"],
        ["--exclude", "tag:daily"],
    ):
        results = list(run_dbt(settings, build_arguments(chosen)))
        assert results
        assert not [(r.unique_id, r.message) for r in results if not (r.passed or r.is_skipped)]


def test_any_record_that_the_lake_can_hold_is_counted(settings: Settings) -> None:
    # Durations and sizes at the ends of their types, no status, no answer: the call counts, as failed.
    most = 2**63 - 1
    odd = [
        {
            "duration_ms": most,
            "forward_ms": -most,
            "backend_ms": most,
            "request_bytes": most,
            "succeeded": True,
        },
        {
            "duration_ms": -most,
            "forward_ms": most,
            "backend_ms": -most,
            "response_bytes": most,
            "succeeded": True,
        },
        {"duration_ms": None, "status_code": None, "succeeded": False},
        {"duration_ms": 3_600_001, "status_code": None, "succeeded": None},
        {"duration_ms": -1, "status_code": 200, "succeeded": True, "request_bytes": most},
        {"duration_ms": 250, "status_code": 200, "succeeded": True, "request_bytes": most},
    ]
    file = FileRecord("odd.log", "ab" * 32, LOG_KIND, "kong", "12.07", "", "2026-10", 1, 1, None, now_utc())
    records = []
    for number, values in enumerate(odd):
        for log_format, side in (("kong", None), ("xroad", "client"), ("xroad", "producer")):
            records.append(
                dict.fromkeys(LAKE_COLUMNS)
                | {
                    "instansi_code": "12.07",
                    "log_format": log_format,
                    "file_id": file.file_id,
                    "line_number": len(records) + 1,
                    "record_id": f"r{number}",
                    "side": side,
                    "started_at": f"2026-10-05 03:0{number}:00",
                    "hour": 10 + number,
                    "consumer_identity": "ID/GOV/DINSOS" if number and side else None,
                    "provider_identity": "ID/GOV/DISDUKCAPIL" if side else "disdukcapil",
                    "service_code": "verifikasi" if number else None,
                    "record_hash": len(records),
                }
                | values
            )
    with open_warehouse(settings.warehouse) as con:
        intake.prepare_warehouse(con, settings)
        columns = ", ".join(
            f"unnest(?::{type_}[])::{type_} as {name}" for name, type_ in LAKE_COLUMNS.items()
        )
        folder = settings.lake / "service_calls" / f"day={DAY}"
        folder.mkdir(parents=True)
        con.execute(
            f"copy (select {columns}) to '{folder}/{file.file_id}.parquet' (format parquet)",
            [[record[name] for record in records] for name in LAKE_COLUMNS],
        )
        ledger.record_file(con, file)
    _build(settings)
    with open_warehouse(settings.warehouse) as con:
        counted = con.execute(
            "select log_format, sum(calls), sum(succeeded), sum(timed_calls), max(request_bytes) "
            "from marts.fct_calls_daily group by 1 order by 1"
        ).fetchall()
        assert counted == [("kong", 6, 4, 1, most), ("xroad", 6, 4, 1, most)]
        measures = con.execute(
            "select measure_id, numerator, denominator from marts.fct_indicator_values where figure = 'main' "
            "and unit_kind = 'instansi' and window_kind = 'month' and measure_id in ('I11', 'I12') order by 1"
        ).fetchall()
    # Of each service two calls of six, each in an hour of its own, got no answer.
    assert measures == [("I11", 8, 12), ("I12", 8, 12)]


REGISTER = "opd_code,opd_name,expects\n12.07-A,Dinas A,{}\n"
# Name, and by path in the inbox what is sent: one of each was enough to end a night.
CASES: dict[str, dict[str, str]] = {
    "more users than people": {
        "usage/12.07/2026-10/a.csv": "system_code,kecamatan_code,active_users,target_population\n"
        "S1,12.07.02,9000,10\nS1,12.07.03,5,10\nS2,12.07.02,900000000,900000000\n"
        "S3,12.07.02,900000000,999999999\n"
    },
    "a source promised twice": {"opd_register/12.07/a.csv": REGISTER.format("usage=annual; usage=daily")},
    "a period that is none": {
        "program/12.07/2026/a.csv": "program_code,dimension,status,period\nP1,Smart,achieved,Tahun 2025\n"
    },
    "an owner in letters that no code is made of": {
        "system_inventory/12.07/2026/a.csv": "system_name,opd_name,system_kind\n日本,中国,application\n"
        "東京,中国,application\nX,EXT:BPS,application\n"
    },
    "an outside body as owner": {
        "system_inventory/12.07/2026/a.csv": "system_name,opd_code,system_kind\nX,EXT:BPS,application\n"
    },
    "words that look like places to fill": {
        "opd_register/12.07/a.csv": "opd_code,opd_name\n12.07-B,Dinas {subject} {a}\n",
        "system_inventory/12.07/2026/a.csv": "system_name,opd_code,app_class,builder_kind,status\n"
        "{unit} {window},12.07-B,umum,own_opd,active\n",
    },
    "printed values off the scale": {
        "published_index/12.07/a.csv": "agency,year,domain_kebijakan,domain_tata_kelola,domain_layanan\n"
        "Kabupaten Deli Serdang,2024,0,0,0\n"
    },
    "one code in two registers": {
        "opd_register/12.07/a.csv": REGISTER.format(""),
        "opd_register/36.01/a.csv": REGISTER.format("complaint=monthly"),
        "complaint/12.07/2026-10/a.csv": "complaint_id,received_at,status,opd_code,channel\n"
        "K1,2026-10-01 08:00,closed,12.07-A,lapor\n",
        "complaint/36.01/2026-10/a.csv": "complaint_id,received_at,status,opd_code,channel\n"
        "K2,2026-10-01 08:00,closed,12.07-A,lapor\n",
    },
    "an address without a host": {
        "website_check/12.07/2026-10/a.csv": "url,opd_code,checked_at,http_status\n"
        "https://www.,,2026-10-01 08:00,200\n"
    },
    "numbers of 38 digits": {
        "published_figure/12.07/2026/a.csv": "figure_id,name,unit,published_value,field_value\n"
        "F1,Angka,users,9999999999999999999999999999,0.0000000001\n"
    },
}


def test_each_kind_of_row_that_ended_a_night(settings: Settings) -> None:
    for number, (name, files) in enumerate(CASES.items()):
        for path, content in files.items():
            file = settings.inbox / path
            file = file.with_name(f"{number} {file.name}")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content, encoding="utf-8")
        assert files, name
    with open_warehouse(settings.warehouse) as con:
        intake.prepare_warehouse(con, settings)
        received = [
            record
            for kind in intake.table_kinds()
            for record in intake.receive(con, settings, settings.inbox, kind)
        ]
        # The door may learn to refuse some of these; then nothing of them is left to end a night.
        refused = [(r.file_name, r.reason) for r in received if not r.rows_loaded]
        intake.open_ledger(con, settings)
    assert len(refused) < 4, refused
    _build(settings)
    with open_warehouse(settings.warehouse) as con:
        share = con.execute(
            "select numerator, denominator, value from marts.fct_indicator_values where measure_id = 'I25' "
            "and figure = 'users' and unit_code = '12.07' and window_kind = 'month'"
        ).fetchone()
        told = con.execute(
            "select count(*) from marts.fct_row_warnings where rule_id = 'usage.row.users_within_target'"
        ).fetchone()
        statements = con.execute(
            "select statement from marts.fct_findings where rule_id = 'umum_built_by_opd'"
        ).fetchall()
        systems = con.execute(
            "select count(*) from marts.dim_system where system_name in ('日本', '東京')"
        ).fetchone()
    # 9,000 users of 10 people are left out and stay with the sender as a warning.
    assert share == (1_800_000_005, 1_899_999_999 + 10, share[2]) and share[2] < 1
    assert told == (1,)
    assert (
        len(statements) == 1 and "{unit} {window}" in statements[0][0] and "{subject} {a}" in statements[0][0]
    )
    assert systems == (2,)

"""A night leaves tables and outputs whose statements and inputs are as they were: what stands then in the
warehouse, and in the folders beside it, is what building all of it anew gives."""

import datetime as dt
import os
import random
import shutil
from pathlib import Path

import duckdb
import pytest
from accepted_rows import fill_inbox

from expectations.contract import kinds
from exports.feedback import write_feedback
from exports.open_data import Terms, write_open_data
from exports.publish import publish_database
from exports.reports.site import write_reports
from orchestration import intake
from orchestration.dbt import build_arguments, read_dictionary, read_grains, run_dbt
from orchestration.program import DBT_PROJECT, results_fingerprint
from orchestration.repeat import build_changed
from orchestration.settings import Settings
from orchestration.warehouse import open_warehouse
from sources import ledger
from sources.kinds import LOG_KIND

DAILY = ["--select", "tag:daily"]
ALL_AGAIN = ["--full-refresh", "--exclude", "tag:daily"]
FIRST_DAY = dt.date(2026, 10, 20)
SEEDS = DBT_PROJECT / "seeds"
CHANGES = 12 if os.environ.get("TEST_LONG") == "1" else 2


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A home of which all models are built, on odd rows of every kind and logs of every format."""
    monkeypatch.setenv("SPBE_HOME", str(tmp_path / "home"))
    settings = Settings(as_of=FIRST_DAY)
    settings.prepare_home()
    fill_inbox(settings.inbox, kinds(), 1, FIRST_DAY)
    _receive(settings)
    _build(settings, ALL_AGAIN)
    return settings


def _receive(settings: Settings) -> None:
    with open_warehouse(settings.warehouse) as con:
        intake.prepare_warehouse(con, settings)
        for kind in [*intake.table_kinds(), LOG_KIND]:
            records = intake.receive(con, settings, settings.inbox, kind)
            assert all(record.status != "rejected" for record in records)
        waiting = ledger.pending_days(con)
    if waiting:
        _build(settings, DAILY)
        with open_warehouse(settings.warehouse) as con:
            ledger.settle_days(con, waiting)


def _build(settings: Settings, chosen: list[str], *, changed_only: bool = False) -> int:
    """Build, and say how many tables were left as they were."""
    build = build_changed if changed_only else run_dbt
    results = list(build(settings, build_arguments(chosen)))
    assert not [(r.unique_id, r.message) for r in results if not r.passed]
    return sum(result.message == "AS IT WAS" for result in results)


def _differing(warehouse: Path, other: Path) -> list[str]:
    with duckdb.connect() as con:
        con.execute(f"attach '{warehouse}' as here (read_only); attach '{other}' as anew (read_only)")
        tables = con.execute(
            "select schema_name || '.' || table_name from duckdb_tables() where database_name = 'here'"
            " and schema_name in ('intermediate', 'marts') and table_name <> 'node_contents'"
        ).fetchall()
        assert len(tables) > 80
        return [
            table
            for (table,) in tables
            if con.execute(
                f"(from here.{table} except all from anew.{table})"
                f" union all (from anew.{table} except all from here.{table}) limit 1"
            ).fetchone()
        ]


def _write_outputs(settings: Settings, warehouse: Path, folder: Path) -> None:
    published, day = folder / "spbe.duckdb", settings.last_complete_day()
    publish_database(warehouse, published, grains=read_grains(settings), dictionary=read_dictionary(settings))
    write_reports(published, folder / "report", None, day, results_fingerprint(settings))
    write_feedback(published, folder / "feedback", day, SEEDS, results_fingerprint(settings))
    write_open_data(published, folder / "open-data", Terms(5, "CC-BY-4.0", "", ""), day)


def _files(folder: Path) -> dict[str, bytes]:
    """Every file but the database, whose blocks may lie otherwise."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".duckdb"
    }


def test_what_is_left_is_what_would_be_built(
    home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "orchestration.repeat")
    assert _build(home, ["--selector", "night"], changed_only=True) > 80
    (tmp_path / "anew").mkdir()
    anew = tmp_path / "anew" / home.warehouse.name
    chance = random.Random(7)
    settings, left = home, []
    for change in range(CHANGES):
        if change % 3 == 1:
            day = settings.last_complete_day() + dt.timedelta(days=chance.randint(1, 40))
            settings = settings.model_copy(update={"as_of": day, "min_calls": chance.randint(1, 3)})
        else:
            fill_inbox(home.inbox, chance.sample(kinds(), 2), change + 2, FIRST_DAY, rows=9)
            if change % 3 == 0:
                shutil.rmtree(home.inbox / "service_log")
        _receive(settings)
        left.append(_build(settings, ["--selector", "night"], changed_only=True))
        shutil.copyfile(home.warehouse, anew)
        with monkeypatch.context() as patch:
            patch.setenv("SPBE_WAREHOUSE", str(anew))
            _build(settings, ALL_AGAIN)
        assert _differing(home.warehouse, anew) == [], (change, left)
        _write_outputs(settings, home.warehouse, tmp_path / "kept")
    _write_outputs(settings, anew, tmp_path / "made anew")
    assert _files(tmp_path / "kept") == _files(tmp_path / "made anew")
    assert min(left) > 0, left
    # By dbt only where days of calls are others.
    assert caplog.text.count("handed to dbt") < CHANGES
    # What can not be done without dbt is done with it.
    with open_warehouse(home.warehouse) as con:
        con.execute(
            "update intermediate.node_contents set recipe = null,"
            " statements = 'select error(''noted wrongly'')' where node = 'model.spbe.int_opd__resolved'"
        )
    _build(settings, ["--selector", "night"], changed_only=True)
    assert "noted wrongly" in caplog.text
    assert _differing(home.warehouse, anew) == []

"""What a night builds of the dbt project and what it keeps; how Dagster's log is written."""

import datetime as dt
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.event_log import SqliteEventLogStorage

from orchestration import dbt, intake
from orchestration.assets.transform import BUILT, is_built
from orchestration.night import run_night
from orchestration.program import program_fingerprint
from orchestration.resources import Warehouse
from orchestration.settings import Settings
from orchestration.warehouse import open_warehouse
from sources import ledger

SEED, PUBLISHED = dg.AssetKey(["seeds", "measures"]), dg.AssetKey(["marts", "dim_measure"])


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("SPBE_HOME", str(tmp_path / "home"))
    made = Settings()
    made.prepare_home()
    return made


def _receive(settings: Settings, name: str) -> None:
    file = settings.inbox / "opd_register" / "88.02" / f"{name}.csv"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"opd_code,opd_name\n88.02-{name},Dinas {name}\n", encoding="utf-8")


@pytest.mark.long
def test_seeds_are_built_with_the_project_and_marts_each_night(settings: Settings) -> None:
    runs = []
    for name in ("A", "B"):
        _receive(settings, name)
        run_night(settings, settings.inbox)
        with dg.DagsterInstance.get() as instance:
            events = [instance.get_latest_materialization_event(key) for key in (SEED, PUBLISHED)]
        runs.append([event.run_id for event in events if event])
    (seed, published), (seed_after, published_after) = runs
    assert seed == seed_after
    assert published != published_after
    with open_warehouse(settings.warehouse) as con:
        assert con.execute("select count(*) from seeds.measures").fetchone() != (0,)
    # A log that Dagster itself reads: every event of a run, and of each asset in the index.
    log = SqliteEventLogStorage(str(settings.dagster_home / "history" / "runs"))
    kinds = Counter(
        e.dagster_event_type for e in log.get_logs_for_run(str(published_after)) if e.dagster_event
    )
    assert kinds[dg.DagsterEventType.RUN_SUCCESS] == 1
    assert kinds[dg.DagsterEventType.STEP_START] == kinds[dg.DagsterEventType.STEP_SUCCESS] > 0
    assert log.get_latest_materialization_events([PUBLISHED])[PUBLISHED].run_id == published_after
    # A model is seen as soon as it is built: the first event is older than dbt's last word.
    seen = [
        e
        for e in log.get_logs_for_run(str(published_after))
        if e.step_key == "dbt_index" and e.asset_materialization
    ]
    first = min(e.timestamp for e in seen)
    last_line = (settings.logs / "dbt.log").read_text("utf-8").rstrip().rsplit("\n", 1)[-1]
    assert first < dt.datetime.fromisoformat(last_line[:23].replace(",", ".")).timestamp()
    assert any(
        "dagster/row_count" in e.asset_materialization.metadata for e in seen if e.asset_materialization
    )


def test_who_leaves_a_build_leaves_nothing_that_goes_on_writing(settings: Settings) -> None:
    with open_warehouse(settings.warehouse) as con:
        intake.prepare_warehouse(con, settings)
    results = dbt.run_dbt(settings, ["seed"])
    first = next(results)
    assert first.passed
    assert first.rows
    results.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "dbt"]
    with open_warehouse(settings.warehouse) as con:
        [(made,)] = con.execute("select count(*) from duckdb_tables() where schema_name = 'seeds'").fetchall()
    assert 0 < made < len(list((dbt.DBT_PROJECT / "seeds").rglob("*.csv")))


def test_what_another_program_built_is_not_trusted_again(settings: Settings) -> None:
    warehouse = Warehouse(path=str(settings.warehouse), lock_path=str(settings.home / "run.lock"))
    with warehouse.connect() as con:
        intake.prepare_warehouse(con, settings)
        ledger.write_state(con, BUILT, program_fingerprint())
    assert is_built(warehouse)
    with warehouse.connect() as con:
        ledger.write_state(con, BUILT, "another program")
    # The run that finds it may fail half-way, and the program may then be changed back.
    assert not is_built(warehouse)
    with warehouse.connect() as con:
        assert ledger.read_state(con, BUILT) == ""
    warehouse.release()


def test_a_broken_contract_names_the_column_and_leaves_the_old_table(settings: Settings) -> None:
    with open_warehouse(settings.warehouse) as con:
        intake.prepare_warehouse(con, settings)
    select = ["run", "--select", "stg_opd_register__opds"]
    [built] = dbt.run_dbt(settings, select)
    assert built.passed, built.message
    with open_warehouse(settings.warehouse) as con:
        con.execute("create schema kept; create table kept.opd as select * from raw.opd_register")
        con.execute(
            "create or replace view raw.opd_register as select * replace (7 as opd_name) from kept.opd"
        )
    [broken] = dbt.run_dbt(settings, select)
    assert not broken.passed
    assert "opd_name is INTEGER, stated is VARCHAR" in broken.message
    with open_warehouse(settings.warehouse) as con:
        shown = con.execute(
            "select comment from duckdb_tables() where table_name = 'stg_opd_register__opds'"
        ).fetchone()
        assert shown and "OPD" in shown[0]


def test_a_home_takes_the_project_that_the_set_up_parsed(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dbt, "READY", tmp_path / "ready")
    dbt.prepare_project()
    monkeypatch.setattr(dbt, "_invoke", lambda *_: pytest.fail("the project is parsed again"))
    manifest = dbt.prepare_manifest(settings)
    assert manifest.parent.parent == dbt.target_path(settings)
    ready = tmp_path / "ready" / manifest.parent.name
    assert manifest.read_bytes() == (ready / "manifest.json").read_bytes()


def test_dbt_by_hand_leaves_what_a_home_reads_alone(settings: Settings, tmp_path: Path) -> None:
    """Its target folders, the checkout's and the home's, hold another parse of the same project then."""
    manifest = dbt.prepare_manifest(settings)
    before = {path: path.read_bytes() for path in manifest.parent.iterdir()}
    command = [
        str(Path(sys.executable).with_name("dbt")),
        "parse",
        "--target-path",
        str(dbt.target_path(settings)),
    ]
    places = ["--project-dir", str(dbt.DBT_PROJECT), "--profiles-dir", str(dbt.DBT_PROJECT)]
    by_hand = ["--vars", "{by_hand: true}", "--log-path", str(tmp_path)]
    done = subprocess.run([*command, *places, *by_hand], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert dbt.prepare_manifest(settings) == manifest
    assert {path: path.read_bytes() for path in manifest.parent.iterdir()} == before

"""A run that is killed, or a home that an earlier version made, is mended by running again."""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.settings import PROJECT

sys.path.insert(0, str(PROJECT / "tests" / "benchmarks"))
from generate_logs import generate

# A word that the run says when a link begins, and seconds after it.
KILLS = [("service calls", 0.4), ("index", 1.0), ("index", 6.0)]
MORE_KILLS = [
    *[("preparing", seconds) for seconds in (0.5, 2.0)],
    *[("reading", seconds) for seconds in (0.2, 1.0, 2.0, 4.0)],
    *[("service calls", seconds) for seconds in (0.1, 0.7, 1.5)],
    *[("index", seconds) for seconds in (0.5, 2.0, 3.0, 4.0, 5.0, 7.0, 8.0, 9.0, 10.0, 12.0)],
]


def start(home: Path, inbox: Path) -> subprocess.Popen[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("SPBE_", "DAGSTER_", "DBT_"))}
    environment |= {"SPBE_HOME": str(home), "SPBE_INSTANSI": "99.98", "SPBE_AS_OF": "2026-10-31"}
    return subprocess.Popen(
        [str(Path(sys.executable).with_name("spbe")), "run", "--inbox", str(inbox)],
        env=environment,
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run_killed(home: Path, inbox: Path, word: str, seconds: float) -> None:
    process = start(home, inbox)
    assert process.stdout is not None
    for line in process.stdout:
        if word in line:
            threading.Timer(seconds, process.send_signal, [signal.SIGKILL]).start()
    process.wait()


def run_whole(home: Path, inbox: Path) -> None:
    process = start(home, inbox)
    out, _ = process.communicate()
    assert process.returncode == 0, out


def published(home: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every published table, but for moments."""
    with duckdb.connect(str(home / "published" / "spbe.duckdb"), read_only=True) as con:
        columns = con.execute(
            "select table_name, string_agg('\"' || column_name || '\"', ', ' order by column_index)"
            " from duckdb_columns() where not internal and data_type not like 'TIMESTAMP%'"
            " and table_name not in ('fct_nights', 'readme')"
            " group by table_name"
        ).fetchall()
        return {
            table: con.execute(f"select {names} from {table} order by all").fetchall()
            for table, names in columns
        }


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("logs")
    generate(folder, 4000, days=2)
    return folder


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, inbox: Path) -> Path:
    """A home whose only run was not disturbed."""
    home = tmp_path_factory.mktemp("whole")
    run_whole(home, inbox)
    return home


def test_a_killed_run_is_mended_by_running_again(tmp_path: Path, inbox: Path, whole: Path) -> None:
    killed = tmp_path / "killed"
    shutil.copytree(whole / "keys", killed / "keys")
    for word, seconds in MORE_KILLS if os.environ.get("SPBE_LONG") == "1" else KILLS:
        run_killed(killed, inbox, word, seconds)
    run_whole(killed, inbox)
    assert differing(whole, killed) == []
    assert not list((killed / "lake").glob(".aside-*"))


INVENTORY = "system_inventory/99.98/aplikasi.csv"
COLUMNS = "system_code,system_name,opd_code,url,hosting\n"


def add_file(inbox: Path) -> None:
    """A table that is new."""
    (inbox / INVENTORY).parent.mkdir(parents=True)
    (inbox / INVENTORY).write_text(COLUMNS + "A-1,Satu,99.98-OPD-1,https://satu.contoh.go.id,national_dc\n")


def add_version(inbox: Path) -> None:
    """The same table with another row and another name in the first."""
    rows = "A-1,Satu Baru,99.98-OPD-1,https://satu.contoh.go.id,national_dc\nA-2,Dua,99.98-OPD-2,,\n"
    (inbox / INVENTORY).write_text(COLUMNS + rows)


def add_log_day(inbox: Path) -> None:
    """Logs of two more days."""
    generate(inbox, 8000, days=4)


def test_a_home_that_published_today_finishes_what_was_killed(
    tmp_path: Path, inbox: Path, whole: Path
) -> None:
    """Runs are killed at any moment; a whole run then leaves what an undisturbed one does."""
    chance = random.Random(5)
    kills = 33 if os.environ.get("SPBE_LONG") == "1" else 2
    calm, killed = tmp_path / "calm", tmp_path / "killed"
    for home in (calm, killed):
        shutil.copytree(whole, home / "home")
        shutil.copytree(inbox, home / "inbox", copy_function=shutil.copy2)
    for change in (add_file, add_version, add_log_day):
        for folder in (calm, killed):
            change(folder / "inbox")
        began = time.monotonic()
        run_whole(calm / "home", calm / "inbox")
        longest = time.monotonic() - began
        for _ in range(kills):
            process = start(killed / "home", killed / "inbox")
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.communicate(timeout=chance.uniform(0.5, longest))
            process.send_signal(chance.choice([signal.SIGKILL, signal.SIGTERM, signal.SIGINT]))
            process.communicate()
        run_whole(killed / "home", killed / "inbox")
        assert differing(calm / "home", killed / "home") == [], change.__name__
        assert not list((killed / "home" / "lake").glob(".aside-*"))
    again = start(killed / "home", killed / "inbox").communicate()[0]
    assert "Nothing changed" in again


def test_what_was_damaged_is_mended_or_named(tmp_path: Path, inbox: Path, whole: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(whole, home)
    (home / "published" / "spbe.duckdb").write_bytes(b"cut")
    shutil.rmtree(home / "feedback")
    (home / "published" / "report" / "index.html").unlink()
    days = sorted((home / "lake" / "service_calls").glob("day=20*"))
    shutil.rmtree(days[0])
    broken = next(days[1].glob("*.parquet"))
    broken.write_bytes(broken.read_bytes()[:-9])
    process = start(home, inbox)
    told = process.communicate()[0]
    assert process.returncode == 0, told
    assert "to be mended: lake/service_calls/day=" in told
    assert differing(whole, home) == []
    assert (home / "feedback").exists()
    assert "Nothing changed" in start(home, inbox).communicate()[0]


def test_a_lost_warehouse_costs_no_file_of_the_lake(tmp_path: Path, inbox: Path, whole: Path) -> None:
    """The logs are read again from the inbox; what no ledger knows is kept beside the lake."""
    home = tmp_path / "home"
    shutil.copytree(whole, home)
    lake = sorted(path.name for path in (home / "lake").rglob("*.parquet"))
    shutil.rmtree(home / "published")
    (home / "warehouse.duckdb").unlink()
    run_whole(home, inbox)
    kept = sorted({path.name for path in (home / "lake").rglob("*.parquet")})
    assert set(lake) <= set(kept)
    assert differing(whole, home) == []


def test_a_home_of_an_earlier_version_is_built_anew(tmp_path: Path, inbox: Path, whole: Path) -> None:
    """Its tables that are kept by day have other columns, and its notes name other models."""
    home = tmp_path / "home"
    shutil.copytree(whole, home)
    config: dict[str, Any] = {"storage_compatibility_version": "v1.2.0"}
    with duckdb.connect(str(home / "warehouse.duckdb"), config=config) as con:
        for table in ("int_calls__counted_daily", "int_calls__classified", "int_calls__totalled"):
            con.execute(f"alter table intermediate.{table} drop column day_version")
        con.execute("update intake.state set value = 'other' where name <> 'pseudonym_key'")
    run_whole(home, inbox)
    assert differing(whole, home) == []


def differing(home: Path, other: Path) -> list[str]:
    """Names of the published tables that are not equal."""
    expected, found = published(home), published(other)
    assert expected.keys() == found.keys()
    assert len(expected["fct_calls_daily"]) > 1000
    return [table for table in expected if expected[table] != found[table]]

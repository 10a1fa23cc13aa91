"""A run that is killed, or a home that an earlier version made, is mended by running again."""

import os
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest
from killed_homes import differing, run_killed, run_whole, start

# A word that the run says when a link begins, and seconds after it.
KILLS = [("service calls", 0.4), ("index", 6.0)]
MORE_KILLS = [
    *[("preparing", seconds) for seconds in (0.5, 2.0)],
    *[("reading", seconds) for seconds in (0.2, 1.0, 2.0, 4.0)],
    *[("service calls", seconds) for seconds in (0.1, 0.7, 1.5)],
    *[("index", seconds) for seconds in (0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 7.0, 8.0, 9.0, 10.0, 12.0)],
]


def test_a_killed_run_is_mended_by_running_again(tmp_path: Path, calls_inbox: Path, calls_home: Path) -> None:
    killed = tmp_path / "killed"
    shutil.copytree(calls_home / "keys", killed / "keys")
    for word, seconds in MORE_KILLS if os.environ.get("TEST_LONG") == "1" else KILLS:
        run_killed(killed, calls_inbox, word, seconds)
    run_whole(killed, calls_inbox)
    assert differing(calls_home, killed) == []
    assert not list((killed / "lake").glob(".aside-*"))


def test_what_was_damaged_is_mended_or_named(tmp_path: Path, calls_inbox: Path, calls_home: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(calls_home, home)
    (home / "published" / "spbe.duckdb").write_bytes(b"cut")
    shutil.rmtree(home / "feedback")
    (home / "published" / "report" / "index.html").unlink()
    days = sorted((home / "lake" / "service_calls").glob("day=20*"))
    shutil.rmtree(days[0])
    broken = next(days[1].glob("*.parquet"))
    broken.write_bytes(broken.read_bytes()[:-9])
    process = start(home, calls_inbox)
    told = process.communicate()[0]
    assert process.returncode == 0, told
    assert "to be mended: lake/service_calls/day=" in told
    assert differing(calls_home, home) == []
    assert (home / "feedback").exists()
    assert "Nothing changed" in start(home, calls_inbox).communicate()[0]


@pytest.mark.long
def test_a_lost_warehouse_costs_no_file_of_the_lake(
    tmp_path: Path, calls_inbox: Path, calls_home: Path
) -> None:
    """The logs are read again from the inbox; what no ledger knows is kept beside the lake."""
    home = tmp_path / "home"
    shutil.copytree(calls_home, home)
    lake = sorted(path.name for path in (home / "lake").rglob("*.parquet"))
    shutil.rmtree(home / "published")
    (home / "warehouse.duckdb").unlink()
    run_whole(home, calls_inbox)
    kept = sorted({path.name for path in (home / "lake").rglob("*.parquet")})
    assert set(lake) <= set(kept)
    assert differing(calls_home, home) == []


@pytest.mark.long
def test_a_home_of_an_earlier_version_is_built_anew(
    tmp_path: Path, calls_inbox: Path, calls_home: Path
) -> None:
    """Its tables that are kept by day have other columns, and its notes name other models."""
    home = tmp_path / "home"
    shutil.copytree(calls_home, home)
    config: dict[str, Any] = {"storage_compatibility_version": "v1.2.0"}
    with duckdb.connect(str(home / "warehouse.duckdb"), config=config) as con:
        for table in ("int_calls__counted_daily", "int_calls__classified", "int_calls__totalled"):
            con.execute(f"alter table intermediate.{table} drop column day_version")
        con.execute("update intake.state set value = 'other' where name <> 'pseudonym_key'")
    run_whole(home, calls_inbox)
    assert differing(calls_home, home) == []

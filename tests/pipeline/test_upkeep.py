"""A home over years: looked over by `spbe doctor`, cleared by each night and by `spbe prune`."""

import datetime as dt
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from orchestration import intake, upkeep
from orchestration.settings import Settings
from orchestration.warehouse import CONFIG, open_warehouse
from sources.archive import find_archived, is_intact
from sources.receipts import read_receipt, receipt_paths

Spbe = Callable[..., subprocess.CompletedProcess[str]]
# As the shared home was made.
SAME = {"SPBE_INSTANSI": "99.98", "SPBE_AS_OF": "2026-10-31"}


@pytest.fixture
def home(tmp_path: Path, calls_home: Path) -> Path:
    return Path(shutil.copytree(calls_home, tmp_path / "home"))


def test_the_doctor_finds_nothing_in_a_sound_home(home: Path, spbe: Spbe) -> None:
    done = spbe(home, "doctor", **SAME)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WRONG" not in done.stdout


def test_the_doctor_names_what_is_wrong_and_what_mends_it(home: Path, spbe: Spbe) -> None:
    paths = sorted(receipt_paths(home / "archive"))
    records = {path: read_receipt(path).record for path in paths}
    lost, changed, gone, torn = paths[:4]
    lost.unlink()
    kept = find_archived(home / "archive", records[changed].file_sha256)
    assert kept is not None
    kept.chmod(0o600)
    kept.write_bytes(kept.read_bytes()[:-1] + b"#")
    torn.write_text("{")
    parquet = next((home / "lake" / "service_calls").glob(f"day=*/{records[gone].file_id}*"))
    parquet.unlink()
    (home / "published" / "report" / "index.html").write_text("changed")
    (home / "dagster" / "history" / "runs.db").write_bytes(b"no database at all" * 999)
    (home / "keys" / "pseudonym.key").write_text("00" * 32)
    (home / "archive").chmod(0o755)

    done = spbe(home, "doctor", **SAME)
    # A wrong key is met before anything is looked at.
    assert done.returncode == 1
    assert "pseudonym.key" in done.stderr

    shutil.copyfile(calls_key(home), home / "keys" / "pseudonym.key")
    done = spbe(home, "doctor", **SAME)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    for word in (
        f"receipts: {records[lost].file_name} has no receipt",
        f"{torn.name}: no receipt",
        f"{kept.name}: not what its name says",
        f"{parquet.name}: gone",
        "report/index.html: ",
        "runs.db: ",
        "others can enter or read",
    ):
        assert word in done.stdout, (word, done.stdout)
    assert done.stdout.count("WRONG") == done.stdout.count("►")


def calls_key(home: Path) -> Path:
    """The key of the home that this one was copied from."""
    return home.parent / "pseudonym.key"


@pytest.fixture(autouse=True)
def _keep_key(tmp_path: Path, calls_home: Path) -> None:
    shutil.copyfile(calls_home / "keys" / "pseudonym.key", tmp_path / "pseudonym.key")


def test_a_night_leaves_a_copy_of_the_warehouse(home: Path, calls_home: Path) -> None:
    (copy,) = (home / "copies").iterdir()
    found = []
    for path in (copy, home / "warehouse.duckdb"):
        with duckdb.connect(str(path), read_only=True, config=CONFIG) as con:
            found.append(con.execute("select * from intake.files order by all").fetchall())
    assert found[0] == found[1]


def test_what_the_archive_lost_is_put_back_from_the_inbox_or_named(
    home: Path, calls_inbox: Path, spbe: Spbe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = Path(shutil.copytree(calls_inbox, tmp_path / "inbox"))
    records = [read_receipt(path).record for path in sorted(receipt_paths(home / "archive"))][:3]
    gone, changed, both_gone = (find_archived(home / "archive", record.file_sha256) for record in records)
    assert gone and changed and both_gone
    gone.unlink()
    both_gone.unlink()
    (inbox / records[2].file_name).unlink()
    changed.chmod(0o600)
    changed.write_bytes(changed.read_bytes()[:-5])
    for name, value in {**SAME, "SPBE_HOME": str(home)}.items():
        monkeypatch.setenv(name, value)
    settings = Settings()  # type: ignore[call-arg]
    with open_warehouse(settings.warehouse) as con:
        # In a month each content is read once.
        days = [dt.date(2026, 12, 1) + dt.timedelta(days=number) for number in range(30)]
        found = [intake.watch_archive(con, settings, inbox, day) for day in days]
    assert found == [[f"{records[2].file_name}: gone"]] * 30
    assert all(is_intact(path, path.name.removesuffix(".gz")) for path in (gone, changed))
    assert f"archive: {records[2].file_name}: gone" in spbe(home, "status", **SAME).stdout


def test_prune_clears_what_the_settings_let_go_and_tells_it_before(home: Path, spbe: Spbe) -> None:
    today = dt.datetime.now(dt.UTC).date()
    for version in (1, 2, 10):
        (home / "outbox" / f"spbe-99.98-2026-v{version}").mkdir()
    for day in ("2026-01-01", "2026-01-02"):
        (home / "copies" / f"warehouse-{day}.duckdb").write_bytes(b"old")
    with duckdb.connect(str(home / "warehouse.duckdb"), config=CONFIG) as con:
        con.execute("delete from intake.clock")
        con.execute(
            "insert into intake.clock values (?, 0), (?, 200)", [today - dt.timedelta(days=200), today]
        )
    runs = home / "dagster" / "history" / "runs.db"
    with sqlite3.connect(runs) as notes:
        (run_id,) = notes.execute("select run_id from runs order by id limit 1").fetchone()
        notes.execute("update runs set create_timestamp = '2026-01-01 00:00:00' where run_id = ?", [run_id])
    settings = {**SAME, "SPBE_OUTBOX_VERSIONS": "1", "SPBE_WAREHOUSE_COPIES": "1", "SPBE_HISTORY_DAYS": "90"}
    told = spbe(home, "prune", "--dry-run", **settings)
    assert told.returncode == 0, told.stderr
    expected = ("v1 ", "v2 ", "warehouse-2026-01-01", "warehouse-2026-01-02", run_id)
    assert all(word in told.stdout for word in expected), told.stdout
    assert "v10" not in told.stdout
    assert (home / "outbox" / "spbe-99.98-2026-v1").exists()

    done = spbe(home, "prune", **settings)
    assert done.stdout.splitlines()[:-1] == told.stdout.splitlines()[:-1]
    assert [path.name for path in (home / "outbox").glob("*-v*")] == ["spbe-99.98-2026-v10"]
    assert len(list((home / "copies").iterdir())) == 1
    assert not (home / "dagster" / "history" / "runs" / f"{run_id}.db").exists()
    assert "0 things" in spbe(home, "prune", **settings).stdout


def test_a_clock_that_jumped_lets_nothing_go(home: Path, spbe: Spbe) -> None:
    with sqlite3.connect(home / "dagster" / "history" / "runs.db") as notes:
        notes.execute("update runs set create_timestamp = '2020-01-01 00:00:00'")
    told = spbe(home, "prune", "--dry-run", SPBE_HISTORY_DAYS="30", SPBE_ARCHIVE_LOG_DAYS="30", **SAME)
    assert "0 things" in told.stdout


def test_a_warehouse_written_anew_is_the_same(
    home: Path, calls_home: Path, calls_inbox: Path, spbe: Spbe, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**SAME, "SPBE_HOME": str(home)}.items():
        monkeypatch.setenv(name, value)
    upkeep.write_anew(Settings())  # type: ignore[call-arg]
    found = []
    for path in (home, calls_home):
        with duckdb.connect(str(path / "warehouse.duckdb"), read_only=True, config=CONFIG) as con:
            objects = con.execute(
                "select schema_name, table_name, sql, comment from duckdb_tables() union all "
                "select schema_name, view_name, null, comment from duckdb_views() where not internal "
                "order by all"
            ).fetchall()
            tables = [(schema, name) for schema, name, sql, _ in objects if sql]
            rows = [
                con.execute(f'select count(*), bit_xor(hash(t)) from "{schema}"."{name}" as t').fetchone()
                for schema, name in tables
            ]
        found.append((objects, rows))
    assert found[0] == found[1]
    assert "Nothing changed" in spbe(home, "run", "--inbox", str(calls_inbox), **SAME).stdout

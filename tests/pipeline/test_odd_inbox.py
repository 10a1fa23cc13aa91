"""A night over an inbox of hundreds of odd and hostile entries beside good files.

The real command runs once, as people run it; every good file loads as if it were alone, every odd entry meets
its own verdict and stops nobody.
"""

import hashlib
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from home_texts import texts
from odd_fates import check_fate
from odd_files import LIMITS, NIKS, PROGRAM, TABLES, Case, lay, touched
from odd_logs import EVERY_LOG, LOGS

from orchestration import intake
from orchestration.settings import Settings
from orchestration.warehouse import CONFIG, open_warehouse
from sources.kinds import LOG_KIND
from sources.tables import TableLimits, read_table
from sources.tables.process import end_child

# Each is an entry of its own kind; the short night takes every third, and twins together.
CASES = [*TABLES, *EVERY_LOG]
if os.environ.get("TEST_LONG") != "1":
    CASES = [case for n, case in enumerate(TABLES) if n % 3 == 0 or case.name.startswith("kembar")]
    CASES += LOGS[::3]
Spbe = Callable[..., subprocess.CompletedProcess[str]]
EXAMPLE = Path(__file__).parents[2] / "sources" / "example_inbox"
INSTANSI = "99.99"
ENVIRONMENT = {
    "SPBE_INSTANSI": INSTANSI,
    "SPBE_READER_MAX_SECONDS": "8",
    **{f"SPBE_{name.upper()}": str(value) for name, value in LIMITS.items()},
}
_STATES = "file_name, status, rows_received, rows_loaded, rows_quarantined"


@dataclass
class Night:
    """A home after its first night; `con` is its work database."""

    home: Path
    told: str
    exit_code: int
    con: duckdb.DuckDBPyConnection


def good_files() -> Iterator[Path]:
    """Files of the example of its own instansi, below the inbox: every kind, all four gateways."""
    for path in sorted(EXAMPLE.rglob("*")):
        name = path.relative_to(EXAMPLE)
        if path.is_file() and INSTANSI in name.parts:
            yield name


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory, spbe: Spbe) -> Iterator[Night]:
    home = tmp_path_factory.mktemp("odd") / "home"
    inbox = home / "inbox"
    for name in good_files():
        (inbox / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(EXAMPLE / name, inbox / name)
    for number, case in enumerate(CASES):
        lay(case, number, inbox)
    done = spbe(home, "run", **ENVIRONMENT)
    (home / "told.txt").write_text(done.stdout + done.stderr, encoding="utf-8")
    # What the assertions read is a copy: the second night writes the other.
    copy = home.parent / "warehouse.duckdb"
    shutil.copyfile(home / "warehouse.duckdb", copy)
    with open_warehouse(copy) as con:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SPBE_HOME", str(home))
            intake.open_ledger(con, Settings(home=home))  # type: ignore[call-arg]
        yield Night(home, done.stdout + done.stderr, done.returncode, con)


def test_the_night_ends_well_and_every_entry_is_accounted_for(night: Night) -> None:
    assert night.exit_code == 0, night.told[-4000:]
    assert len(CASES) >= 100
    assert (
        night.con.execute(
            "select file_name, reason from raw.intake_files where reason like 'internal%'"
        ).fetchall()
        == []
    )
    expected = len([name for name in good_files() if not name.name.endswith(".meta.toml")])
    expected += len([case for case in CASES if case.status != "ignored"])
    assert night.con.execute("select count(*) from raw.intake_files").fetchone() == (expected,)
    with duckdb.connect(str(night.home / "published" / "spbe.duckdb"), read_only=True, config=CONFIG) as con:
        states = con.execute(f"select {_STATES} from fct_intake_files order by all").fetchall()
    assert states == night.con.execute(f"select {_STATES} from raw.intake_files order by all").fetchall()


@pytest.mark.parametrize(("number", "case"), list(enumerate(CASES)), ids=[c.label for c in CASES])
def test_the_fate_of_an_odd_entry(night: Night, number: int, case: Case) -> None:
    check_fate(night.con, number, case)


def test_no_personal_value_is_found_again(night: Night) -> None:
    """In no database, page, workbook or log under the home; dots and invisible marks hide nothing."""
    pattern = re.compile("|".join(NIKS))
    found = []
    for path in sorted(p for p in night.home.rglob("*") if p.is_file() and not p.is_symlink()):
        if path.relative_to(night.home).parts[0] in ("inbox", "archive"):
            continue
        for place, text in texts(path):
            plain = re.sub(r"(?<=\d)[^\d\n]{1,2}(?=\d)", "", text) if place != "bytes" else text
            found += [
                (str(path.relative_to(night.home)), place, hit)
                for hit in {*pattern.findall(text), *pattern.findall(plain)}
            ]
    assert found == []


def test_the_archive_holds_what_its_names_say(night: Night) -> None:
    kept = [
        p
        for p in (night.home / "archive").rglob("*")
        if p.is_file() and re.fullmatch(r"[0-9a-f]{64}", p.name)
    ]
    assert len(kept) > 100
    assert [p.name for p in kept if hashlib.sha256(p.read_bytes()).hexdigest() != p.name] == []


def test_a_second_night_changes_nothing(night: Night, spbe: Spbe) -> None:
    before = published_rows(night.home)
    done = spbe(night.home, "run", **ENVIRONMENT)
    assert done.returncode == 0, done.stdout + done.stderr
    after = published_rows(night.home)
    assert {name for name in before if before[name] != after.get(name)} == set()
    assert before.keys() == after.keys()


def published_rows(home: Path) -> dict[str, str]:
    """A hash over the rows of every published table."""
    with duckdb.connect(str(home / "published" / "spbe.duckdb"), read_only=True, config=CONFIG) as con:
        names = [
            row[0]
            for row in con.execute("select table_name from duckdb_tables() where not internal").fetchall()
        ]
        return {
            name: con.execute(
                "select md5(string_agg(row, chr(10) order by row)) "
                f'from (select t::varchar as row from "{name}" as t)'
            ).fetchone()[0]  # type: ignore[index]
            for name in names
        }


def test_good_files_are_as_if_they_were_alone(night: Night, example_home: Path) -> None:
    """The same files without odd ones beside them give the same verdicts and the same numbers."""
    told = []
    for home in (night.home, example_home):
        with duckdb.connect(str(home / "published" / "spbe.duckdb"), read_only=True, config=CONFIG) as con:
            told.append(
                (
                    con.execute(
                        f"select {_STATES}, reason from fct_intake_files where list_contains(?, file_name) "
                        "order by all",
                        [[str(name) for name in good_files()]],
                    ).fetchall(),
                    con.execute(
                        "select unit_kind, unit_code, period, rulebook_id, stage, node_id, score, coverage "
                        "from fct_scores where instansi_code = ? order by all",
                        [INSTANSI],
                    ).fetchall(),
                )
            )
    (files, scores), (files_alone, scores_alone) = told
    assert files == files_alone
    assert scores == scores_alone
    assert scores


# What only happens between two looks, or to a plain user, on a small home of its own.


def _home(folder: Path) -> Settings:
    folder.mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPBE_HOME", str(folder))
        settings = Settings(home=folder)  # type: ignore[call-arg]
        settings.prepare_home()
    return settings


@contextmanager
def _warehouse(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_warehouse(settings.warehouse) as con:
        intake.prepare_warehouse(con, settings)
        yield con


def _receive(con: duckdb.DuckDBPyConnection, settings: Settings) -> dict[str, tuple[str, str]]:
    """Receive everything; the last part of each name with its status and reason."""
    for kind in [None, *intake.table_kinds(), LOG_KIND]:
        list(intake.receive(con, settings, settings.inbox, kind))
    return {
        name.rsplit("/", 1)[-1]: (status, reason or "")
        for name, status, reason in con.execute(
            "select file_name, status, reason from raw.intake_files order by file_order"
        ).fetchall()
    }


@contextmanager
def as_nobody() -> Iterator[None]:
    """Root may read everything; people who run the product may not."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)


def test_what_a_plain_user_may_not_read_is_refused_alone(tmp_path: Path) -> None:
    # Above the home, pytest's folders are for their owner alone.
    for folder in [tmp_path, *(p for p in tmp_path.parents if "pytest" in str(p))]:
        folder.chmod(0o755)
    (tmp_path / "home").mkdir()
    if os.geteuid() == 0:
        os.chown(tmp_path / "home", 65534, 65534)
    (tmp_path / "awal.csv").write_text(PROGRAM + "awal,2,1,1\n")
    # The reader's process is started by whoever may run the interpreter; nobody may read what it writes, too.
    end_child()
    mask = os.umask(0o022)
    read_table(tmp_path / "awal.csv", "program_realization", TableLimits(), tmp_path / "awal")
    os.umask(mask)
    # What Python loads when it is first asked for may lie where nobody else may read: ask for it once before.
    settings = _home(tmp_path / "before")
    before = settings.inbox / "program_realization" / "12.07" / "2026"
    before.mkdir(parents=True)
    (before / "baik.csv").write_text(PROGRAM + "baik,2,1,1\n")
    (before / "asing.csv").write_text("kolom asing\n1\n")
    with _warehouse(settings) as con:
        assert {status for status, _ in _receive(con, settings).values()} == {"loaded", "rejected"}
    with as_nobody():
        settings = _home(tmp_path / "home")
        at = settings.inbox / "program_realization" / "12.07" / "2026"
        (at / "folder").mkdir(parents=True)
        for name in ("baik.csv", "tertutup.csv", "meta.csv", "meta.csv.meta.toml", "folder/a.csv"):
            (at / name).write_text(
                PROGRAM + f"{name},2,1,1\n" if name.endswith(".csv") else "period = 2025\n"
            )
        for name in ("tertutup.csv", "meta.csv.meta.toml", "folder"):
            (at / name).chmod(0)
        try:
            with _warehouse(settings) as con:
                found = _receive(con, settings)
        finally:
            (at / "folder").chmod(0o755)
    assert {
        name: (status, reason.split(":")[0]) for name, (status, reason) in found.items() if status != "loaded"
    } == {
        "tertutup.csv": ("rejected", "unreadable"),
        "meta.csv": ("rejected", "unreadable"),
        "folder": ("rejected", "unreadable"),
    }
    assert found["baik.csv"][0] == "loaded"


def test_a_file_that_grows_waits_or_is_loaded_as_it_was(tmp_path: Path) -> None:
    settings = _home(tmp_path / "home")
    path = settings.inbox / "program_realization" / "12.07" / "2026" / "tumbuh.csv"
    path.parent.mkdir(parents=True)
    path.write_text(PROGRAM + "".join(f"Dimensi {n},2,1,1\n" for n in range(20_000)))
    ended = threading.Event()

    def grow() -> None:
        with path.open("a") as file:
            number = 20_000
            while not ended.is_set():
                file.write(f"Dimensi {number},2,1,1\n")
                file.flush()
                number += 1

    writer = threading.Thread(target=grow)
    with _warehouse(settings) as con:
        writer.start()
        try:
            while_growing = _receive(con, settings)["tumbuh.csv"]
        finally:
            ended.set()
            writer.join()
        assert while_growing[0] in ("waiting", "loaded", "partly"), while_growing
        assert _receive(con, settings)["tumbuh.csv"][0] == "loaded"
        kept = [p for p in settings.archive.rglob("*") if p.is_file() and len(p.name) == 64]
        assert kept
        assert all(hashlib.sha256(p.read_bytes()).hexdigest() == p.name for p in kept)
        assert con.execute("select count(*) from raw.program_realization").fetchone() == (
            len(path.read_text().splitlines()) - 1,
        )


def test_a_correction_by_a_stranger_mends_nothing(tmp_path: Path) -> None:
    """Who hands in a correction must own the row: another OPD of the regency does not."""
    settings = _home(tmp_path / "home")
    at = settings.inbox / "self_assessment" / "12.07" / "2026"
    at.mkdir(parents=True)
    head = "rulebook_id,node_id,stage,level,evidence_ref\n"
    touched(
        head + "permenpanrb-59-2020,p59.i01,self,9,a\npermenpanrb-59-2020,p59.i02,self,3,a\n", 1_700_000_000
    )(at / "nilai.csv")
    (at / "nilai.csv.meta.toml").write_text('opd_code = "12.07-DINSOS"\n')
    touched("_perbaikan_dari," + head + "nilai.csv#2,permenpanrb-59-2020,p59.i01,self,5,a\n", 1_700_000_001)(
        at / "asing.csv"
    )
    (at / "asing.csv.meta.toml").write_text('opd_code = "12.07-DISHUB"\n')
    with _warehouse(settings) as con:
        found = _receive(con, settings)
        assert found["nilai.csv"][0] == "partly"
        assert found["asing.csv"][0] == "rejected", found
        assert con.execute("select node_id from raw.self_assessment").fetchall() == [("p59.i02",)]
        assert con.execute(
            "select count(*) from raw.quarantine where is_open and file_name like '%/nilai.csv'"
        ).fetchone() == (1,)

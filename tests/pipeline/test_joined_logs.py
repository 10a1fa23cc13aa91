"""Small logs that share a file of the lake: whatever happens to one of them, every line is there once."""

import os
import random
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest
from test_logs_incremental import ask, home, lines

from orchestration import intake
from orchestration.rebuild import rebuild
from orchestration.settings import Settings
from orchestration.warehouse import open_warehouse
from sources import joined, lake, ledger
from sources.archive import drop_archived

LONG = os.environ.get("TEST_LONG") == "1"
RECORDS = (
    "select file_name, lake.* exclude (file_id) from lake.service_calls as lake"
    " inner join intake.files using (file_id) where status in ('loaded', 'partly') order by all"
)


def log(settings: Settings, number: int) -> Path:
    path = settings.inbox / "service_log" / "combined" / f"{number}.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def write(path: Path, count: int) -> None:
    """Lines on a day or several, beside those of other logs."""
    first = 30 * int(path.stem) % 400
    path.write_text("\n".join(lines(first, first + count)) + "\n", encoding="utf-8")


def joined_files(settings: Settings) -> list[Path]:
    return sorted((settings.lake / "service_calls").glob(f"day=2026*/*{joined.ENDING}"))


def begun(folder: Path, monkeypatch: pytest.MonkeyPatch, logs: int) -> Settings:
    """A home that has received so many small logs."""
    settings = home(folder, monkeypatch)
    for number in range(logs):
        write(log(settings, number), 40)
    night(settings)
    return settings


class Night(NamedTuple):
    """Names of what was lost, status of what came, joined files as they were before it came."""

    lost: list[str]
    came: list[str]
    files: dict[Path, bytes]


def night(settings: Settings) -> Night:
    """Mend the lake and receive what is new."""
    con = open_warehouse(settings.warehouse)
    try:
        intake.prepare_warehouse(con, settings)
        intake.sweep_lake(con, settings)
        lost = intake.mend_lake(con, settings)
        files = {path: path.read_bytes() for path in joined_files(settings)}
        came = list(intake.receive(con, settings, settings.inbox, "service_log"))
        return Night(lost, [record.status for record in came], files)
    finally:
        con.close()


def hold(settings: Settings) -> None:
    """Lake, footers and ledger tell the same."""
    con = open_warehouse(settings.warehouse)
    try:
        intake.sweep_lake(con, settings)
        assert intake.damaged_lake(con, settings, whole=True) == {}
        noted = {file.place for file in ledger.noted_lake(con)}
        assert {file.place for _, file in lake.lake_files(settings.lake)} == noted
        counted = con.execute(
            "select file_id, day, count(*) from lake.service_calls group by all order by all"
        ).fetchall()
        assert con.execute("from lake.service_call_files order by all").fetchall() == counted
        assert con.execute("select distinct file_id, day from intake.lake_files order by all").fetchall() == [
            row[:2] for row in counted
        ]
    finally:
        con.close()


@pytest.mark.parametrize("seed", range(9 if LONG else 1))
def test_after_random_nights_the_lake_is_that_of_one_night(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Logs come, grow, lie twice, are read again; files are lost, cut and left behind by crashes."""
    draw = random.Random(seed)
    settings = home(tmp_path / "nights", monkeypatch)
    sizes = {number: draw.randrange(20, 200) for number in range(8)}
    for number, size in sizes.items():
        write(log(settings, number), size)
    night(settings)
    assert joined_files(settings)
    for _ in range(8 if LONG else 4):
        for number in draw.sample(range(12), 3):
            sizes[number] = sizes.get(number, 20) + draw.randrange(1, 100)
            write(log(settings, number), sizes[number])
        copy = log(settings, 100)
        shutil.copy(log(settings, draw.choice(list(sizes))), copy)
        there = joined_files(settings)
        for path in draw.sample(there, min(3, len(there))):
            how = draw.choice(["cut", "gone", "left behind"])
            if how == "cut":
                path.write_bytes(path.read_bytes()[:-100])
            elif how == "gone":
                path.unlink()
            else:
                shutil.copy(path, path.with_name(joined.name_without_some(path.name)))
        if draw.random() < 0.5:
            # They are read again.
            ask(settings, "update intake.files set format_fingerprint = '' where hash(file_id) % 2 = 0")
        done = night(settings)
        assert done.lost == []
        copy.unlink()
        for path, content in done.files.items():
            # As if the run had ended before it removed the file.
            if not path.exists() and draw.random() < 0.5:
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(content)
        hold(settings)
    once = home(tmp_path / "once", monkeypatch)
    for folder in ("inbox", "keys"):
        shutil.copytree(getattr(settings, folder), getattr(once, folder), dirs_exist_ok=True)
    night(once)
    hold(once)
    found = ask(settings, RECORDS)
    assert found == ask(once, RECORDS)
    assert len(found) == sum(sizes.values())


def test_what_is_lost_of_one_log_harms_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Joined files are cut, and one of their logs is not in the archive any more."""
    settings = begun(tmp_path, monkeypatch, 3)
    [(sha256, name)] = ask(
        settings, "select file_sha256, file_name from intake.files where file_name like '%1.log'"
    )
    drop_archived(settings.archive, sha256)
    files = joined_files(settings)
    for path in files:
        path.write_bytes(path.read_bytes()[:-100])
    assert night(settings).lost == [name]
    hold(settings)
    assert ask(settings, "select count(*) from lake.service_calls") == [(80,)]
    kept = sorted(path.name for path in (settings.lake / lake.SET_ASIDE).rglob("*.parquet"))
    assert kept == sorted(path.name for path in files)


def test_a_home_made_anew_takes_from_the_old_lake_what_the_archive_has_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = begun(tmp_path, monkeypatch, 3)
    before = ask(settings, RECORDS)
    for (sha256,) in ask(settings, "select file_sha256 from intake.files where file_name not like '%1.log'"):
        drop_archived(settings.archive, sha256)
    assert rebuild(settings).lost == []
    hold(settings)
    assert ask(settings, RECORDS) == before


def test_a_log_that_comes_again_by_another_name_stays_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = begun(tmp_path, monkeypatch, 2)
    ask(settings, "delete from intake.pending_days")
    shutil.copy(log(settings, 0), log(settings, 9))
    assert night(settings).came == ["duplicate"]
    hold(settings)
    assert ask(settings, "from intake.pending_days") == []


def test_a_ledger_that_knew_no_joined_file_is_taken_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = begun(tmp_path, monkeypatch, 1)
    con = open_warehouse(settings.warehouse)
    con.execute("create table intake.other as from intake.lake_files")
    con.execute("drop table intake.lake_files")
    con.execute(
        "create table intake.lake_files (file_id varchar, day date, file_name varchar, size_bytes bigint,"
        " modified_ns bigint, sha256 varchar, primary key (day, file_name))"
    )
    con.execute("insert into intake.lake_files from intake.other")
    con.execute("drop table intake.other")
    con.close()
    (settings.lake / "service_calls" / "day=1970-01-01" / f"empty{joined.ENDING}").unlink()
    for number in (1, 2):
        write(log(settings, number), 40)
    night(settings)
    hold(settings)
    assert ask(settings, "select count(*) from lake.service_calls") == [(120,)]

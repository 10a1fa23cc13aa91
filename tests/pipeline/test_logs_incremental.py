"""Logs that are cut, that grow, that come again, and a machine that stops: every line is in the lake once."""

import datetime as dt
import gzip
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from generate_logs import FIRST_DAY, generate

from orchestration import intake
from orchestration.settings import PROJECT, Settings
from orchestration.warehouse import open_warehouse

READ = """
import sys
from pathlib import Path
from orchestration import intake
from orchestration.warehouse import open_warehouse
from orchestration.settings import Settings
settings = Settings()
settings.prepare_home()
con = open_warehouse(settings.warehouse)
intake.prepare_warehouse(con, settings)
intake.sweep_lake(con, settings)
print("begin", flush=True)
for record in intake.receive(con, settings, Path(sys.argv[1]), "service_log"):
    assert record.status in ("loaded", "partly"), record
"""


def home(folder: Path, monkeypatch: pytest.MonkeyPatch, **changed: Any) -> Settings:
    for name in [name for name in os.environ if name.startswith("SPBE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SPBE_HOME", str(folder))
    settings = Settings(as_of=dt.date(2026, 10, 31), **changed)
    settings.prepare_home()
    return settings


def read(settings: Settings) -> list[tuple[str, str | None]]:
    """Receive what is new; status and code of the reason of each file."""
    con = open_warehouse(settings.warehouse)
    try:
        intake.prepare_warehouse(con, settings)
        intake.sweep_lake(con, settings)
        return [
            (record.status, (record.reason or "").partition(":")[0] or None)
            for record in intake.receive(con, settings, settings.inbox, "service_log")
        ]
    finally:
        con.close()


def ask(settings: Settings, sql: str) -> list[tuple[Any, ...]]:
    con = open_warehouse(settings.warehouse)
    try:
        return con.execute(sql).fetchall()
    finally:
        con.close()


def lines(first: int, last: int) -> list[str]:
    return [
        f'10.0.0.1 - svc [{1 + n // 50:02}/Oct/2026:09:00:{n % 50:02} +0700] "GET /a HTTP/1" 200 {n} "-" "x"'
        for n in range(first, last)
    ]


def test_a_cut_gzip_waits_and_is_read_when_it_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = home(tmp_path, monkeypatch)
    file = settings.inbox / "service_log" / "combined" / "a.log.gz"
    file.parent.mkdir(parents=True)
    whole = gzip.compress("\n".join(lines(0, 500)).encode())
    file.write_bytes(whole[:-300])
    assert read(settings) == [("waiting", "truncated")]
    assert ask(settings, "select count(*) from lake.service_calls") == [(0,)]
    file.write_bytes(whole)
    assert read(settings) == [("loaded", None)]
    assert ask(settings, "select count(*) from lake.service_calls") == [(500,)]


def test_a_growing_log_counts_no_line_twice_and_touches_only_its_new_days(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its last line was half written when it was first read."""
    settings = home(tmp_path, monkeypatch)
    file = settings.inbox / "service_log" / "combined" / "a.log"
    file.parent.mkdir(parents=True)
    every = lines(0, 200)
    file.write_text("\n".join(every[:100]) + "\n" + every[100][:40])
    assert read(settings) == [("partly", None)]
    before = ask(settings, "select record_id from lake.service_calls order by line_number")
    file.write_text("\n".join(every) + "\n")
    assert read(settings) == [("loaded", None)]
    rows = ask(settings, "select line_number, response_bytes, record_id from lake.service_calls order by 1")
    assert [row[:2] for row in rows] == [(n + 1, n) for n in range(200)]
    assert [row[2:] for row in rows[:100]] == before
    statuses = ask(
        settings, "select status, lines, records, bad_lines, blank_lines from raw.intake_files order by 2"
    )
    assert statuses == [("replaced", 101, 100, 1, 0), ("loaded", 200, 200, 0, 0)]
    assert ask(settings, "select count(*) from raw.quarantine where is_current") == [(0,)]


def test_the_same_bytes_under_two_names_are_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = home(tmp_path, monkeypatch)
    folder = settings.inbox / "service_log" / "combined"
    folder.mkdir(parents=True)
    text = "\n".join(lines(0, 50)).encode()
    (folder / "a.log").write_bytes(text)
    (folder / "b.log.gz").write_bytes(gzip.compress(text))
    assert sorted(read(settings)) == [("duplicate", "duplicate"), ("loaded", None)]
    assert read(settings) == []
    assert ask(settings, "select count(*) from lake.service_calls") == [(50,)]


def contents(settings: Settings) -> int:
    """How many received contents the archive holds; their receipts stay."""
    return sum(p.is_file() and p.suffix != ".json" for p in settings.archive.rglob("*"))


@pytest.mark.parametrize(("kept", "days", "left"), [(True, 1, 1), (False, 90, 0)])
def test_archived_logs_go_when_the_settings_say_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: bool, days: int, left: int
) -> None:
    settings = home(tmp_path, monkeypatch, archive_logs=kept, archive_log_days=days)
    file = settings.inbox / "service_log" / "combined" / "a.log"
    file.parent.mkdir(parents=True)
    file.write_text("\n".join(lines(0, 50)))
    read(settings)
    con = open_warehouse(settings.warehouse)
    intake.drop_old_logs(con, settings)
    assert contents(settings) == left
    # Two days that the home lived through.
    con.execute("update intake.files set received_at = received_at - interval 2 day")
    con.execute("update intake.clock set day = day - interval 2 day")
    intake.drop_old_logs(con, settings)
    con.close()
    assert contents(settings) == 0
    assert read(settings) == []
    assert ask(settings, "select count(*) from lake.service_calls") == [(50,)]


def test_killed_anywhere_a_second_run_reads_every_line_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generate(tmp_path / "inbox", 40_000, days=2)
    columns = "file_id, line_number, day, started_at, provider_identity, user_pseudo is null"
    expected: list[tuple[Any, ...]] | None = None
    for number, delay in enumerate((None, 0.05, 0.3, 0.7, 1.2)):
        settings = home(tmp_path / f"home-{number}", monkeypatch)
        command = [sys.executable, "-c", READ, str(tmp_path / "inbox")]
        if delay is not None:
            process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, env={**os.environ})
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(delay)
            process.send_signal(signal.SIGKILL)
            process.wait()
        subprocess.run(command, cwd=PROJECT, check=True, stdout=subprocess.DEVNULL)
        found = ask(settings, f"select {columns} from lake.service_calls order by all")
        expected = expected or found
        assert found == expected
        days = {FIRST_DAY, FIRST_DAY + dt.timedelta(days=1)}
        assert days == {day for (day,) in ask(settings, "select day from intake.pending_days")}
        assert not list(settings.lake.glob(".aside-*"))


def test_a_path_that_is_used_again_keeps_what_was_read_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Logs are rotated by renaming, by emptying in place, or by writing over; none of it is a grown log."""
    settings = home(tmp_path, monkeypatch)
    folder = settings.inbox / "service_log" / "combined"
    folder.mkdir(parents=True)
    file = folder / "a.log"

    def write(first: int, last: int) -> None:
        file.write_text("".join(line + "\n" for line in lines(first, last)))

    write(0, 50)
    read(settings)
    file.rename(folder / "a.log.1")
    write(50, 80)
    assert sorted(read(settings)) == [("duplicate", "duplicate"), ("loaded", None)]
    assert ask(settings, "select count(*) from lake.service_calls") == [(80,)]
    write(50, 90)
    read(settings)
    assert ask(settings, "select count(*) from lake.service_calls") == [(90,)]
    file.write_text("")
    read(settings)
    assert ask(settings, "select count(*) from lake.service_calls") == [(90,)]
    write(90, 95)
    read(settings)
    assert ask(settings, "select sum(response_bytes) from lake.service_calls") == [(sum(range(95)),)]
    assert read(settings) == []


def test_a_json_document_that_grew_replaces_its_old_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = home(tmp_path, monkeypatch)
    folder = settings.inbox / "service_log" / "xroad"
    folder.mkdir(parents=True)
    sample = Path(PROJECT / "sources" / "example_inbox" / "service_log" / "xroad" / "@sample-xroad")
    records = json.loads(next(iter(sorted(sample.glob("*.json")))).read_text())["records"][:6]
    for count in (4, 6):
        (folder / "a.json").write_text(json.dumps({"records": records[:count]}) + "\n")
        assert read(settings) == [("loaded", None)]
    assert ask(settings, "select count(*) from lake.service_calls") == [(6,)]
    assert ask(settings, "select status from raw.intake_files order by lines") == [("replaced",), ("loaded",)]

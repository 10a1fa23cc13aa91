"""A home that published today, killed at any moment of a night that brings something new."""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path

from generate_logs import generate
from killed_homes import differing, run_whole, start

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


def add_log_days(inbox: Path) -> None:
    """Logs of two more days."""
    generate(inbox, 8000, days=4)


def add_file_and_log_days(inbox: Path) -> None:
    """Both in one night."""
    add_file(inbox)
    add_log_days(inbox)


def test_what_was_killed_is_finished(tmp_path: Path, calls_inbox: Path, calls_home: Path) -> None:
    """Runs are killed at any moment; a whole run then leaves what an undisturbed one does."""
    chance = random.Random(5)
    is_long = os.environ.get("TEST_LONG") == "1"
    kills = 33 if is_long else 1
    changes = [add_file, add_version, add_log_days] if is_long else [add_file_and_log_days]
    calm, killed = tmp_path / "calm", tmp_path / "killed"
    for home in (calm, killed):
        shutil.copytree(calls_home, home / "home")
        shutil.copytree(calls_inbox, home / "inbox", copy_function=shutil.copy2)
    for change in changes:
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

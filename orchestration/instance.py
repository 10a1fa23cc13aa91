"""Dagster's instance of a home: opened, its records begun anew where they can not be read.

Belongs here: what must be so before `dagster.DagsterInstance.get()`. Stays out: how records are stored
(`events.py`, `stores.py`). What results rest on stands in the warehouse: records tell of runs, no more.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from orchestration.settings import Settings

_RECORDS = ("history", "schedules")
_FILES = ("history/runs.db", "history/runs/index.db", "schedules/schedules.db")
# A file that is none of SQLite's, or is damaged; a full disk or one that is being written says otherwise.
_BROKEN = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_log = logging.getLogger(__name__)


def set_broken_aside(settings: Settings) -> str | None:
    """Move Dagster's records out of the way if a file of them can not be read; Dagster then begins new ones.

    Args:
        settings: a prepared home.

    Returns:
        What was found and where it lies now (`dagster-broken-<time>` in the home), in one line, which is in
        the log, too; None where all can be read.
    """
    with _alone(settings.dagster_home):
        paths = [settings.dagster_home / name for name in _FILES]
        found = next((f"{path.name}: {fault}" for path in paths if (fault := fault_of(path))), None)
        if found is None:
            return None
        aside = settings.home / f"dagster-broken-{time.strftime('%Y%m%dT%H%M%S')}"
        aside.mkdir(mode=0o700)
        for name in _RECORDS:
            with contextlib.suppress(FileNotFoundError):
                (settings.dagster_home / name).rename(aside / name)
    told = f"Dagster's records of runs can not be read ({found}): moved to {aside}, and new ones begun"
    _log.warning(told)
    return told


def fault_of(path: Path) -> str | None:
    """What is wrong with a file of SQLite, in one line; None where nothing is, or where it is not there."""
    if not path.exists():
        return None
    try:
        with contextlib.closing(sqlite3.connect(path)) as con:
            [found] = con.execute("pragma quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        is_short = error.sqlite_errorcode == sqlite3.SQLITE_IOERR_SHORT_READ
        if not is_short and error.sqlite_errorcode & 0xFF not in _BROKEN:
            return None
        found = str(error)
    return None if found == "ok" else " ".join(str(found).split())


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process at a time: a night and the web interface may start together."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)

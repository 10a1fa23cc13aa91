"""The work database's file: opening it and the home's lock.

Belongs here: what must not cost an import of Dagster, for most calls find that nothing is to be done. Stays
out: the resource that runs take (`resources.py`), what is written.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

CONFIG: dict[str, str | bool | int | float | list[str]] = {"storage_compatibility_version": "v1.2.0"}
# In a home whose warehouse is a part: the name of the folder that the old one was moved to.
REBUILD_MARK = "rebuild.begun"
_LOOK_AGAIN_SECONDS = 1.0


class WarehouseBusy(Exception):
    """Another process is writing the warehouse."""


class WarehouseDamaged(Exception):
    """The file of the warehouse is none that DuckDB can read."""


def open_warehouse(path: Path, *, patience_seconds: float = 20) -> duckdb.DuckDBPyConnection:
    """Open the warehouse for writing, in UTC.

    A dbt process that outlived its killed parent may hold the file for some seconds; wait that long.

    Raises:
        WarehouseBusy: the file is still held after `patience_seconds`.
    """
    import duckdb

    give_up = time.monotonic() + patience_seconds
    while True:
        try:
            con = duckdb.connect(str(path), config=CONFIG)
            break
        except duckdb.IOException as error:
            if "could not set lock" not in str(error).lower():
                raise _damaged(path, error) from error
            if time.monotonic() > give_up:
                raise WarehouseBusy(
                    f"{path} is held by another process, which is not a run of this home"
                ) from error
            time.sleep(0.25)
        except (duckdb.SerializationException, duckdb.InternalException, duckdb.FatalException) as error:
            raise _damaged(path, error) from error
    con.execute("set TimeZone = 'UTC'")
    return con


def _damaged(path: Path, error: Exception) -> WarehouseDamaged:
    what = str(error).splitlines()[0][:200]
    return WarehouseDamaged(
        f"{path} can not be opened ({what}); `spbe rebuild` makes it anew from the archive"
    )


_held: set[Path] = set()


def is_held(path: Path) -> bool:
    """Whether this process holds the home's lock."""
    return path.resolve() in _held


@contextmanager
def run_lock(
    path: Path, who: str, patience_seconds: float = 0, say: Callable[[str], None] = lambda _: None
) -> Iterator[None]:
    """Hold the home's lock, from planning to the last output; a killed holder frees it at once.

    A process that holds it already goes on: a night of the command holds it over the runs that it is made of.

    Args:
        path: the lock file; it holds who has it, since when.
        who: said to others that want it.
        patience_seconds: how long to wait for another holder; 0: not at all.
        say: told once whom it waits for.

    Raises:
        WarehouseBusy: another process holds it; the message says which.
    """
    path = path.resolve()
    if path in _held:
        yield
        return
    give_up = time.monotonic() + patience_seconds
    is_told = False
    with path.open("a+") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                file.seek(0)
                holder = file.read().strip() or "a process that is just starting"
                if not is_told:
                    is_told = True
                    say(f"waits for {holder}")
                if time.monotonic() >= give_up:
                    raise WarehouseBusy(
                        f"another run is writing this home: {holder}; wait for it, or end it, and try again"
                    ) from error
                time.sleep(_LOOK_AGAIN_SECONDS)
        file.truncate(0)
        now = time.strftime("%Y-%m-%d %H:%M:%S")
        file.write(f"{who} (process {os.getpid()}, since {now})\n")
        file.flush()
        _held.add(path)
        try:
            yield
        finally:
            _held.remove(path)
            file.truncate(0)

"""The work database's file: opening it and the home's lock.

Belongs here: what must not cost an import of Dagster, for most calls find that nothing is to be done. Stays
out: the resource that runs take (`resources.py`), what is written.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

CONFIG: dict[str, str | bool | int | float | list[str]] = {"storage_compatibility_version": "v1.2.0"}


class WarehouseBusy(Exception):
    """Another process is writing the warehouse."""


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
            if "lock" not in str(error).lower() or time.monotonic() > give_up:
                raise WarehouseBusy(f"{path.name} is held by another process: {error}") from error
            time.sleep(0.25)
    con.execute("set TimeZone = 'UTC'")
    return con


@contextmanager
def run_lock(path: Path, who: str) -> Iterator[None]:
    """Hold the home's lock file; a killed holder frees it at once.

    Raises:
        WarehouseBusy: another process holds it; the message says which.
    """
    with path.open("a+") as f:
        try:
            fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            f.seek(0)
            raise WarehouseBusy(f"another run is writing this home: {f.read().strip()}") from error
        f.truncate(0)
        f.write(f"process {os.getpid()}, {who}\n")
        f.flush()
        try:
            yield
        finally:
            f.truncate(0)

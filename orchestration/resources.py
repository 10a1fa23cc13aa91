"""Dagster resources: the warehouse with its lock, and dbt.

Belongs here: opening, locking and closing what runs write to. Stays out: what is written.
"""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import PrivateAttr

if TYPE_CHECKING:
    import duckdb

CONFIG: dict[str, str | bool | int | float | list[str]] = {"storage_compatibility_version": "v1.2.0"}


class WarehouseBusy(Exception):
    """Another process is writing the warehouse."""


def open_warehouse(path: Path, *, patience_seconds: float = 20) -> "duckdb.DuckDBPyConnection":
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


class Warehouse(dg.ConfigurableResource):
    """The work database; whoever writes it takes this resource, and with it the home's lock."""

    path: str
    lock_path: str
    _con: Any = PrivateAttr(default=None)
    _is_ready: bool = PrivateAttr(default=False)

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["Warehouse"]:
        """Hold the lock for the run; runs that a dead process left behind are closed."""
        try:
            with run_lock(Path(self.lock_path), f"run {context.run_id}"):
                _close_dead_runs(context)
                try:
                    yield self
                finally:
                    self.release()
        except WarehouseBusy as error:
            raise dg.Failure(str(error), allow_retries=False) from error

    @contextmanager
    def connect(
        self, prepare: "Callable[[duckdb.DuckDBPyConnection], None] | None" = None
    ) -> Iterator["duckdb.DuckDBPyConnection"]:
        """The connection of the run: steps share it, because opening the file costs more than most do.

        Args:
            prepare: gives the connection what a step needs beyond the tables; done once a connection.
        """
        if self._con is None:
            self._con, self._is_ready = open_warehouse(Path(self.path)), False
        try:
            if prepare and not self._is_ready:
                prepare(self._con)
                self._is_ready = True
            yield self._con
        except BaseException:
            self.release()
            raise

    def release(self) -> Path:
        """Close the file, so that another (dbt, Great Expectations, the publisher) may open it; its path."""
        con, self._con = self._con, None
        if con is not None:
            con.close()
        return Path(self.path)


def _close_dead_runs(context: dg.InitResourceContext) -> None:
    """The free lock proves that no other started run lives; left open it would block the queue."""
    instance = context.instance
    if instance is None:
        return
    started = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])
    for run in instance.get_runs(filters=started):
        if run.run_id != context.run_id:
            instance.report_run_failed(run, "the process of this run ended without a word")

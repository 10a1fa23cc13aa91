"""The Dagster resource that reading takes: who does the tasks of a run, by the settings."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
from pydantic import Field

from orchestration.settings import WORKER_BYTES, Settings
from orchestration.workers.pools import Call, OwnProcess, Pool, Tally
from orchestration.workers.process import program_mark
from sources import nights
from sources.privacy import key_id_of

if TYPE_CHECKING:
    import duckdb

# Fewer bytes of logs, as they came, are read before other processes have started.
_WORTH_BYTES = 1 << 25


class Workers(dg.ConfigurableResource):
    """Where tasks run: in the run's own process, in processes of this machine, or on a Dask scheduler."""

    key: str = Field(description="File of the key of the pseudonyms.")
    scratch: str = Field(description="Folder of the home for what does not fit into memory.")
    certificates: str = Field(description="Folder with the certificates of the cluster.")
    scheduler: str = Field("", description="Address of a Dask scheduler; empty: this machine.")
    processes: int = Field(0, description="Processes of this machine; 0: one a core.")
    memory: int = Field(3_000_000_000, description="Bytes of all these processes.")
    tries: int = Field(3, description="Workers that may die of one task.")
    seconds: float = Field(3600, description="Seconds that a task may take.")
    worth_bytes: int = _WORTH_BYTES

    @contextmanager
    def reading(self, con: duckdb.DuckDBPyConnection, size: int) -> Iterator[Pool]:
        """Who reads logs of so many bytes; what ran where is noted with the night.

        Args:
            con: the warehouse, prepared.
            size: bytes of the logs, as they came.

        Raises:
            WorkersLost: the scheduler can not be reached, or its workers must not be used.
        """
        processes = self.count()
        if size < self.worth_bytes or (not self.scheduler and processes == 1):
            yield OwnProcess(con)
            return
        call = partial(Call, key=Path(self.key), key_id=key_id_of(con), program=program_mark())
        if self.scheduler:
            from orchestration.workers.cluster import connected

            with connected(self.scheduler, Path(self.certificates), call, self.seconds) as pool:
                try:
                    yield pool
                finally:
                    pool.count_lost()
                    _note(con, pool.tally)
            return
        from orchestration.workers.local import Processes

        own = Processes(
            call,
            size=processes,
            memory_bytes=self.memory // processes,
            tries=self.tries,
            seconds=self.seconds,
            scratch=Path(self.scratch),
        )
        try:
            yield own
        finally:
            own.close()
            _note(con, own.tally)

    def count(self) -> int:
        """How many processes of this machine read."""
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        return max(min(self.processes or cores, self.memory // WORKER_BYTES), 1)


def workers_of(settings: Settings) -> Workers:
    """The workers that the settings name."""
    return Workers(
        key=str(settings.keys / "pseudonym.key"),
        scratch=str(settings.home / "scratch" / "workers"),
        certificates=str(settings.keys / "cluster"),
        scheduler=settings.scheduler,
        processes=settings.processes,
        memory=settings.workers_memory,
        tries=settings.task_tries,
        seconds=settings.task_max_seconds,
    )


def _note(con: duckdb.DuckDBPyConnection, tally: Tally) -> None:
    import duckdb

    # Where the database is what failed, that is to be told, not this.
    with suppress(duckdb.Error):
        for host, (processes, ran) in tally.by_host().items():
            nights.note_workers(con, host, processes, ran.tasks, ran.seconds, 0)
        if tally.deaths:
            nights.note_workers(con, "", 0, 0, 0.0, tally.deaths)

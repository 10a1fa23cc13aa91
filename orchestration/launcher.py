"""Starting a run and knowing whether it still lives.

Belongs here: what Dagster's daemon asks about the process of a run. Stays out: what a run does (`jobs.py`),
the home's lock (`warehouse.py`).
"""

import fcntl
import os
import signal

import dagster as dg
from dagster._core.launcher.base import CheckRunHealthResult, WorkerStatus
from dagster._core.launcher.default_run_launcher import DefaultRunLauncher

from orchestration.processes import started_at
from orchestration.settings import Settings

# Clocks of the event and of the process differ by less.
_TOLERANCE_SECONDS = 2.0


class Launcher(DefaultRunLauncher):
    """Dagster's own launcher, which also tells of a run whose process was killed.

    Such a run would stay "started" and hold up the queue, and with it every night, for hours. `spbe run` is
    one run after the other in its own process, so what is said here holds for those, too.
    """

    @property
    def supports_check_run_worker_health(self) -> bool:
        """The daemon may ask."""
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Whether the process of a started run lives, or, not to be seen from here, writes the home."""
        pid = self._process(run.run_id)
        if pid is not None or _is_written():
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(WorkerStatus.FAILED, "the process of this run ended without a word")

    def terminate(self, run_id: str) -> bool:
        """End a run, also one that another code server has started or `spbe run` is at."""
        if super().terminate(run_id):
            return True
        run = self._instance.get_run_by_id(run_id)
        # `spbe run` may have gone on to the next run by now.
        pid = None if run is None or run.is_finished else self._process(run_id)
        if pid is None:
            return False
        os.kill(pid, signal.SIGTERM)
        return True

    def _process(self, run_id: str) -> int | None:
        """The living process that the run started in."""
        records = self._instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.RUN_START).records
        if not records or records[-1].event_log_entry.dagster_event is None:
            return None
        entry = records[-1].event_log_entry
        pid = entry.get_dagster_event().pid
        began = started_at(pid) if pid else None
        # A process that is younger than the run has only its number.
        is_older = began is not None and began <= entry.timestamp + _TOLERANCE_SECONDS
        return pid if is_older else None


def _is_written() -> bool:
    """Whether anybody holds the home's lock."""
    with Settings().lock.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False

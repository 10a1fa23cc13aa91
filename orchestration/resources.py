"""Dagster resources: the warehouse with its lock.

Belongs here: what runs hold while they write. Stays out: opening and locking (`warehouse.py`), what is made.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import Field, PrivateAttr

from orchestration import alerts
from orchestration.settings import Settings
from orchestration.warehouse import WarehouseBusy, is_held, open_warehouse, run_lock
from sources import ledger, nights

NIGHT_TAG = "spbe/night"

if TYPE_CHECKING:
    import duckdb


# A run of the daemon waits for a night of the command, which may read a year of logs.
_PATIENCE_SECONDS = 6 * 3600
# Of what a failed step says so much is shown; all of it is in the log.
_LONGEST_SAID = 600
_log = logging.getLogger(__name__)


class Warehouse(dg.ConfigurableResource):
    """The work database; whoever writes it takes this resource, and with it the home's lock."""

    path: str = Field(description="The file of the warehouse.")
    lock_path: str = Field(description="The file that locks the home.")
    _con: Any = PrivateAttr(default=None)
    _is_ready: bool = PrivateAttr(default=False)

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["Warehouse"]:
        """Hold the lock for the run, waiting for whoever has it; runs that a dead process left are closed.

        What is wrong at the end is told by the run, or by the night of the command that it is part of.
        """
        who, say = f"run {context.run_id}", context.log.info if context.log else print
        is_within = is_held(Path(self.lock_path))
        try:
            with (
                run_lock(Path(self.lock_path), who, _PATIENCE_SECONDS, say),
                _nobody() if is_within else alerts.watched(self._settings()) as failures,
            ):
                _close_dead_runs(context)
                self._begin_link(context)
                try:
                    yield self
                finally:
                    self._end_link(context)
                    if not is_within:
                        failures.extend(_failures(context))
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

    def _begin_link(self, context: dg.InitResourceContext) -> None:
        run = context.dagster_run
        if run is None:
            return
        with self.connect() as con:
            ledger.create_ledger(con)
            night_id = nights.begin_link(con, run.run_id, run.job_name, nights.now_utc())
            killed = nights.killed_before(con, night_id)
        if killed:
            # Told at once: what killed that night may kill this one, too.
            alerts.tell(self._settings(), [f"the night {killed} ended without a word; {night_id} begins"])
        if context.instance:
            context.instance.add_run_tags(run.run_id, {NIGHT_TAG: night_id})

    def _end_link(self, context: dg.InitResourceContext) -> None:
        run = context.dagster_run
        if run is None:
            return
        failed = context.instance.get_run_stats(run.run_id).steps_failed if context.instance else 0
        with self.connect() as con:
            nights.end_link(con, run.run_id, "failed" if failed else "done", nights.now_utc())

    def _settings(self) -> Settings:
        return Settings(home=Path(self.path).parent)

    def release(self) -> Path:
        """Close the file, so that another (dbt, Great Expectations, the publisher) may open it; its path."""
        con, self._con = self._con, None
        if con is not None:
            con.close()
        return Path(self.path)


@contextmanager
def _nobody() -> Iterator[list[str]]:
    """Stands for `alerts.watched` where the night of the command watches."""
    yield []


def _failures(context: dg.InitResourceContext) -> list[str]:
    """Why the run failed; empty where it did not."""
    run = context.dagster_run
    if run is None or context.instance is None:
        return []
    logged = context.instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
    events = [entry.dagster_event for entry in logged if entry.dagster_event]
    return [why_failed(run.job_name, events)] if events else []


def why_failed(job: str, events: Iterable[dg.DagsterEvent]) -> str:
    """In one text what the failed steps of a run say; all of it goes to the log."""
    told = []
    for event in events:
        if event.is_step_failure:
            error = event.step_failure_data.error
            if error:
                _log.error("%s: %s", event.step_key, error.to_string())
            while error and error.cause:
                error = error.cause
            said = error.message.strip() if error else "failed"
            told.append(f"{event.step_key}: {said[:_LONGEST_SAID]}{'…' if len(said) > _LONGEST_SAID else ''}")
    return f"{job} failed. " + "; ".join(told or ["a blocking check did not pass"])


def _close_dead_runs(context: dg.InitResourceContext) -> None:
    """The free lock proves that no other started run lives; left open it would block the queue."""
    instance = context.instance
    if instance is None:
        return
    started = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])
    for run in instance.get_runs(filters=started):
        if run.run_id != context.run_id:
            instance.report_run_failed(run, "the process of this run ended without a word")

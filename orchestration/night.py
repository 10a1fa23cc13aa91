"""The chain of a night in one process: intake ► touched days ► index, database, pages, bundle.

Belongs here: deciding which links are needed and running them one after another. Stays out: what a link does
(`assets/`) and how the result is told (`cli/run.py`).
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration import intake
from orchestration.manifest import damaged_outputs
from orchestration.program import STATE, count_days_again, wanted_state
from orchestration.settings import Settings
from orchestration.warehouse import open_warehouse, run_lock
from sources import ledger
from sources.kinds import LOG_KIND

if TYPE_CHECKING:
    from collections.abc import Iterator

    import dagster as dg
    import duckdb

# Part of `program.wanted_state` to what a changed one means.
_CHANGED = {
    "as_of": "a day has passed",
    "models": "the models changed",
    "received": "files were received",
    "settings": "settings changed",
}
_SHOWN = 3


class NightFailed(Exception):
    """A link of the chain failed; the message names the step and its error."""


@dataclass
class Plan:
    """What a night has to do, and why.

    Attributes:
        new_files: files of the inbox to read.
        days: ranges of local days to count, both ends included.
        reasons: why results are to be made again; empty where they hold.
        damaged_logs, damaged_outputs: files that are gone, cut or changed.
    """

    new_files: int = 0
    days: list[tuple[dt.date, dt.date]] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    damaged_logs: list[str] = field(default_factory=list)
    damaged_outputs: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether a run would change nothing."""
        return not (self.new_files or self.days or self.reasons or self.damaged)

    @property
    def damaged(self) -> list[str]:
        """All of them."""
        return [*self.damaged_logs, *self.damaged_outputs]


@dataclass
class Night:
    """What a night did: the links that were run, in order; none where nothing had changed."""

    links: list[str] = field(default_factory=list)


def plan_night(settings: Settings, inbox: Path) -> Plan:
    """Look at inbox, waiting days, what the results rest on and what is there of them.

    Raises:
        WarehouseBusy: another run is writing this home.
        WarehouseDamaged: the warehouse can not be opened.
    """
    with _warehouse(settings, "planning") as con:
        intake.prepare_warehouse(con, settings)
        intake.sweep_lake(con, settings)
        count_days_again(con)
        kinds: Sequence[str | None] = [None, *intake.table_kinds(), LOG_KIND]
        fresh = sum(len(intake.new_files(con, inbox, kind)) for kind in kinds)
        logs = list(intake.damaged_logs(con, settings).values())
        outputs = damaged_outputs(con, settings)
        return Plan(fresh, ledger.pending_ranges(con), why_again(con, settings), logs, outputs)


def why_again(con: duckdb.DuckDBPyConnection, settings: Settings) -> list[str]:
    """Why results are to be made again; empty where they rest on what is there now."""
    began = ledger.read_state(con, ledger.UNFINISHED)
    reasons = [f"the night that received {began} was not finished"] if began else []
    made = json.loads(ledger.read_state(con, STATE) or "{}")
    wanted = json.loads(wanted_state(con, settings))
    return reasons + [_CHANGED[part] for part in wanted if made.get(part) != wanted[part]]


def run_night(
    settings: Settings,
    inbox: Path,
    *,
    days: Sequence[dt.date] = (),
    say: Callable[[str], None] = lambda _: None,
) -> Night:
    """Run the links that are needed, the home locked from planning to the last output.

    Args:
        settings: a prepared home.
        inbox: the folder to read.
        days: local days to recompute whether touched or not.
        say: told what is about to be done, in a few words.

    Raises:
        NightFailed: dbt refuses its project, or a link failed; running again mends what a crash left.
        WarehouseBusy: another run is writing this home.
    """
    with run_lock(settings.lock, "spbe run"):
        return _run_locked(settings, inbox, days, say)


def _run_locked(
    settings: Settings, inbox: Path, days: Sequence[dt.date], say: Callable[[str], None]
) -> Night:
    plan = plan_night(settings, inbox)
    night = Night()
    if plan.is_empty and not days:
        return night
    import dagster as dg

    from orchestration.build import build_definitions
    from orchestration.dbt import DbtNotReady
    from orchestration.jobs import DAYS, NIGHT, PUBLISH
    from orchestration.partitions import range_tags

    for what in plan.damaged[:_SHOWN]:
        say(f"to be mended: {what}")
    if len(plan.damaged) > _SHOWN:
        say(f"to be mended: {len(plan.damaged) - _SHOWN} more files")
    say("preparing")
    try:
        definitions = build_definitions(settings, inbox)
    except DbtNotReady as error:
        raise NightFailed(str(error)) from error
    with dg.DagsterInstance.get() as instance:

        def link(job: str, told: str, tags: dict[str, str] | None = None) -> None:
            say(told)
            _execute(definitions, instance, job, tags)
            night.links.append(job)

        if plan.new_files or plan.damaged_logs:
            link(NIGHT, f"reading {plan.new_files} files")
        with _warehouse(settings, "planning") as con:
            ledger.queue_days(con, days)
            intake.queue_first_day(con, settings)
            waiting = ledger.pending_ranges(con)
            is_again = bool(waiting or plan.damaged_outputs or why_again(con, settings))
        for first, last in waiting:
            link(DAYS, f"service calls of {first} to {last}", range_tags(first, last))
        if is_again:
            link(PUBLISH, "index, measures and exports")
    return night


def _execute(
    definitions: dg.Definitions, instance: dg.DagsterInstance, job: str, tags: dict[str, str] | None
) -> None:
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    result = definitions.resolve_job_def(job).execute_in_process(
        instance=instance, tags=tags, run_config=quiet, raise_on_error=False
    )
    if result.success:
        return
    told = []
    for event in result.all_events:
        if event.is_step_failure:
            error = event.step_failure_data.error
            while error and error.cause:
                error = error.cause
            told.append(f"{event.step_key}: {error.message.strip() if error else 'failed'}")
    raise NightFailed(f"{job} failed. " + "; ".join(told or ["a blocking check did not pass"]))


@contextmanager
def _warehouse(settings: Settings, who: str) -> Iterator[duckdb.DuckDBPyConnection]:
    with run_lock(settings.lock, who):
        con = open_warehouse(settings.warehouse)
        try:
            yield con
        finally:
            con.close()

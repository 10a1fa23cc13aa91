"""The chain of a night in one process: intake ► touched days ► index, database, pages, bundle.

Belongs here: deciding which links are needed and running them one after another. Stays out: what a link does
(`assets/`) and how the result is told (`cli/run.py`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration import alerts
from orchestration.plan import locked_warehouse, plan_night, why_again
from orchestration.settings import Settings
from orchestration.warehouse import run_lock
from sources import ledger

if TYPE_CHECKING:
    import dagster as dg

_SHOWN = 3


class NightFailed(Exception):
    """A link of the chain failed; the message names the step and its error."""


@dataclass
class Night:
    """What a night did: the links that were run, in order; none where nothing had changed."""

    links: list[str] = field(default_factory=list)


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

    What is wrong at its end is told over the channels of the home (`alerts.py`).

    Raises:
        NightFailed: dbt refuses its project, or a link failed; running again mends what a crash left.
        WarehouseBusy: another run is writing this home.
    """
    with run_lock(settings.lock, "spbe run"), alerts.watched(settings):
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
    from orchestration.instance import set_broken_aside
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
    if told := set_broken_aside(settings):
        say(told)
    with dg.DagsterInstance.get() as instance:

        def link(job: str, told: str, tags: dict[str, str] | None = None) -> None:
            say(told)
            _execute(definitions, instance, job, tags)
            night.links.append(job)

        if plan.new_files or plan.damaged_logs:
            link(NIGHT, f"reading {plan.new_files} files")
        with locked_warehouse(settings, "planning") as con:
            ledger.queue_days(con, days)
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
    from orchestration.resources import why_failed

    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    result = definitions.resolve_job_def(job).execute_in_process(
        instance=instance, tags=tags, run_config=quiet, raise_on_error=False
    )
    if result.success:
        return
    raise NightFailed(why_failed(job, result.all_events))

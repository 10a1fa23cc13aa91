"""A night in one process: the links of the chain, one after another.

Belongs here: running them under one lock. Stays out: which they are and in what order (`chain.py`), what one
does (`assets/`) and how the result is told (`cli/run.py`).
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration import alerts
from orchestration.chain import Link, links
from orchestration.delivery import deliver_last, has_undelivered
from orchestration.plan import Plan
from orchestration.settings import Settings
from orchestration.warehouse import run_lock

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
    night = Night()
    chain = links(settings, inbox, days)
    first = next(chain, None)
    if first is None:
        if has_undelivered(settings):
            deliver_last(settings, say)
        return night
    import dagster as dg

    from orchestration.build import build_definitions
    from orchestration.dbt import DbtNotReady
    from orchestration.instance import set_broken_aside

    _tell_damaged(first[1], say)
    say("preparing")
    try:
        definitions = build_definitions(settings, inbox)
    except DbtNotReady as error:
        raise NightFailed(str(error)) from error
    if told := set_broken_aside(settings):
        say(told)
    with dg.DagsterInstance.get() as instance:
        for link, _ in itertools.chain([first], chain):
            say(link.told)
            _execute(definitions, instance, link)
            night.links.append(link.job)
    return night


def _tell_damaged(plan: Plan, say: Callable[[str], None]) -> None:
    for what in plan.damaged[:_SHOWN]:
        say(f"to be mended: {what}")
    if len(plan.damaged) > _SHOWN:
        say(f"to be mended: {len(plan.damaged) - _SHOWN} more files")


def _execute(definitions: dg.Definitions, instance: dg.DagsterInstance, link: Link) -> None:
    from orchestration.partitions import run_tags
    from orchestration.resources import why_failed

    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    result = definitions.resolve_job_def(link.job).execute_in_process(
        instance=instance, tags=run_tags(instance, link.days), run_config=quiet, raise_on_error=False
    )
    if result.success:
        return
    raise NightFailed(why_failed(link.job, result.all_events))

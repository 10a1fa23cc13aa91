"""The chain of a night, as one definition: its links, and what follows what.

Belongs here: the names of the jobs and the order of the links; command, schedule and sensor only start them.
Stays out: looking at what there is to do (`plan.py`), what a job makes (`jobs.py`). A night is a chain of
runs, because a day must be chosen before intake knows which days a file touches.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestration.plan import A_DAY_PASSED, Plan, plan_night, plan_rest, ranges
from orchestration.settings import Settings

# Local time at which a day that has passed is made up.
NIGHT_TIME = dt.time(1, 30)
RECEIVE, COUNT, PUBLISH = "receive_files", "count_days", "publish_index"


@dataclass(frozen=True)
class Link:
    """One run of a night.

    Attributes:
        job: what is run.
        told: what it is about to do, in a few words.
        days: the first range of local days that it counts, both ends included.
    """

    job: str
    told: str
    days: tuple[dt.date, dt.date] | None = None


def next_link(plan: Plan, *, is_night: bool = True) -> Link | None:
    """The first link that is undone; None where nothing is.

    Args:
        plan: what there is to do.
        is_night: whether a day that has passed is reason enough to make results again.
    """
    if plan.new_files or plan.damaged_lake:
        return Link(RECEIVE, f"reading {plan.new_files} files")
    if plan.days:
        # One run counts whatever waits; Dagster wants a range of partitions to begin it.
        return Link(COUNT, f"service calls of {len(plan.days)} days", ranges(plan.days)[0])
    reasons = [reason for reason in plan.reasons if is_night or reason != A_DAY_PASSED]
    return Link(PUBLISH, "index, measures and exports") if reasons or plan.damaged_outputs else None


def links(settings: Settings, inbox: Path, days: Sequence[dt.date] = ()) -> Iterator[tuple[Link, Plan]]:
    """The links of a whole night, each with the plan that asked for it; whoever takes one runs it.

    The inbox is looked at once: a file that comes meanwhile is the next night's.

    Args:
        settings: a prepared home, which is locked as long.
        inbox: the folder to read.
        days: local days to count whether touched or not.

    Raises:
        WarehouseBusy, WarehouseDamaged: as `plan_night`.
    """
    plan = plan_night(settings, inbox, days)
    while link := next_link(plan):
        yield link, plan
        if link.job == PUBLISH:
            return
        plan = plan_rest(settings)

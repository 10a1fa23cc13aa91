"""Partition definitions: the local days of service calls.

Belongs here: what a day is. One partition is one civil day in the warehouse's time zone, the same DATE as the
lake's folder and the facts' column `day`; there is one for each day that was ever to be counted, and it comes
with the first file that touches it. Stays out: which days wait (`sources/ledger.py`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import dagster as dg

_NAME = "call_days"
CALL_DAYS = dg.DynamicPartitionsDefinition(name=_NAME)


def add_days(instance: dg.DagsterInstance, days: Iterable[dt.date]) -> None:
    """Make a partition of each day that is none yet; `EventLog` keeps them in order."""
    wanted = {day.isoformat() for day in days} - set(instance.get_dynamic_partitions(_NAME))
    if wanted:
        instance.add_dynamic_partitions(_NAME, sorted(wanted))


def run_tags(instance: dg.DagsterInstance, days: tuple[dt.date, dt.date] | None) -> dict[str, str]:
    """Tags that make one run of a range of days, both ends included; none for a run of no day."""
    if days is None:
        return {}
    first, last = days
    add_days(instance, days_between(first, last))
    return {
        "dagster/asset_partition_range_start": first.isoformat(),
        "dagster/asset_partition_range_end": last.isoformat(),
    }


def days_between(first: dt.date, last: dt.date) -> list[dt.date]:
    """Every day of a range, both ends included."""
    return [first + dt.timedelta(days=number) for number in range((last - first).days + 1)]

"""Partition definitions: the local days of service calls.

Belongs here: what a day is. One partition is one civil day in the warehouse's time zone, the same DATE as the
lake's folder and the facts' column `day`. Stays out: which days wait (`sources/ledger.py`).
"""

import datetime as dt

import dagster as dg

from orchestration.settings import Settings


def call_days(settings: Settings) -> dg.DailyPartitionsDefinition:
    """Every day from `first_day` to tomorrow: a clock that runs ahead makes calls of tomorrow."""
    return dg.DailyPartitionsDefinition(
        start_date=settings.first_day.isoformat(), timezone=settings.time_zone, end_offset=2
    )


def range_tags(first: dt.date, last: dt.date) -> dict[str, str]:
    """Tags that make one run of a range of partitions, both ends included."""
    return {
        "dagster/asset_partition_range_start": first.isoformat(),
        "dagster/asset_partition_range_end": last.isoformat(),
    }

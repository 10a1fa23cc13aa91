"""What was told of each cause over each channel, in the ledger.

Belongs here: table `intake.alerts`. Stays out: what a cause is and how it is told
(`orchestration/alerts.py`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import duckdb


class Alert(NamedTuple):
    """A cause that is not well, as one channel knows it; times are UTC.

    `told_at` is None where no word of it has got through; `problem` says why the last one did not.
    """

    cause: str
    channel: str
    since: dt.datetime
    told_at: dt.datetime | None
    problem: str | None


def read_alerts(con: duckdb.DuckDBPyConnection) -> list[Alert]:
    """What was told and is not well yet."""
    rows = con.execute("select cause, channel, since, told_at, problem from intake.alerts").fetchall()
    return [Alert(*row) for row in rows]


def write_alerts(con: duckdb.DuckDBPyConnection, alerts: Sequence[Alert]) -> None:
    """Put these in the place of all that were there."""
    con.execute("begin")
    con.execute("delete from intake.alerts")
    for alert in alerts:
        con.execute("insert into intake.alerts values (?, ?, ?, ?, ?)", list(alert))
    con.execute("commit")

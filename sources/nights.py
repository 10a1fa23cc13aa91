"""The history of nights in the ledger: which there were, of which runs, and how they ended.

Belongs here: `intake.nights`, `intake.night_links`, `intake.night_workers`. Stays out: running a night
(`orchestration`).
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import duckdb

Result = Literal["done", "failed", "killed"]


def now_utc() -> dt.datetime:
    """The moment, UTC, as the ledger writes moments."""
    return dt.datetime.now(dt.UTC).replace(tzinfo=None, microsecond=0)


def begin_link(con: duckdb.DuckDBPyConnection, run_id: str, job: str, now: dt.datetime) -> str:
    """Note that a run begins, as a link of the night that goes on, or of a new one; the night's id.

    Args:
        con: the warehouse; who calls holds the home, so that no other link is running.
        run_id: of the run.
        job: its name.
        now: UTC.
    """
    con.execute(
        "update intake.nights set ended_at = ?, result = 'killed' where ended_at is null "
        "and night_id in (select night_id from intake.night_links where ended_at is null)",
        [now],
    )
    con.execute(
        "update intake.night_links set ended_at = ?, result = 'killed' "
        "where ended_at is null and run_id <> ?",
        [now, run_id],
    )
    row = con.execute("select night_id from intake.nights where ended_at is null").fetchone()
    if row is None:
        row = con.execute(
            "insert into intake.nights by name select ? || '-' || lpad((number + 1)::varchar, 4, '0') as "
            "night_id, number + 1 as night_number, ? as began_at "
            "from (select coalesce(max(night_number), 0) as number from intake.nights) returning night_id",
            [now.date().isoformat(), now],
        ).fetchone()
    assert row is not None
    con.execute(
        "insert or replace into intake.night_links by name "
        "select ? as night_id, ? as run_id, ? as job, ? as began_at",
        [row[0], run_id, job, now],
    )
    return str(row[0])


def end_link(con: duckdb.DuckDBPyConnection, run_id: str, result: Result, now: dt.datetime) -> None:
    """Note how a run ended; a night ends with a link that failed."""
    con.execute(
        "update intake.night_links set ended_at = ?, result = ? where run_id = ?", [now, result, run_id]
    )
    if result != "done":
        con.execute("update intake.nights set ended_at = ?, result = ? where ended_at is null", [now, result])


def end_night(con: duckdb.DuckDBPyConnection, now: dt.datetime) -> None:
    """Note that all outputs of the night are written."""
    con.execute("update intake.nights set ended_at = ?, result = 'done' where ended_at is null", [now])


def note_workers(
    con: duckdb.DuckDBPyConnection, host: str, processes: int, tasks: int, cpu_seconds: float, lost: int
) -> None:
    """Add to what the processes of a host did in the night that goes on; outside of a night nothing is noted.

    Args:
        con: the warehouse.
        host: its name; empty: it is not known which.
        processes: that did the tasks.
        tasks: how many.
        cpu_seconds: of all.
        lost: processes that ended at a task.
    """
    con.execute(
        "insert into intake.night_workers select night_id, ?, ?, ?, ?, ? from intake.nights "
        "where ended_at is null "
        "on conflict do update set processes = greatest(processes, excluded.processes), "
        "tasks = tasks + excluded.tasks, cpu_seconds = cpu_seconds + excluded.cpu_seconds, "
        "lost = lost + excluded.lost",
        [host, processes, tasks, cpu_seconds, lost],
    )


def last_result(con: duckdb.DuckDBPyConnection) -> Result | None:
    """How the last night ended; None where it goes on, or there was none."""
    row = con.execute("select result from intake.nights order by night_number desc limit 1").fetchone()
    return row[0] if row else None


def killed_before(con: duckdb.DuckDBPyConnection, night_id: str) -> str | None:
    """The night before this one, if it was killed and this one has only its first link."""
    row = con.execute(
        "select before.night_id from intake.nights as night inner join intake.nights as before "
        "on night.night_number = before.night_number + 1 where night.night_id = $night_id "
        "and before.result = 'killed' "
        "and (select count(*) from intake.night_links where night_id = $night_id) = 1",
        {"night_id": night_id},
    ).fetchone()
    return str(row[0]) if row else None

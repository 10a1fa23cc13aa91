"""What a night puts away and clears, so that a home is as large as what it holds.

Belongs here: copies of the warehouse, what is kept for how long, giving space back. Stays out: what the night
makes; damage (`doctor.py`). Nothing here goes by a ledger that is empty or a clock that jumped.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from expectations.quoting import literal
from exports.delivery.run import undelivered
from orchestration import intake
from orchestration.plan import locked_warehouse
from orchestration.settings import Settings
from orchestration.warehouse import CONFIG
from sources import ledger
from sources.archive import drop_archived, find_archived

if TYPE_CHECKING:
    import dagster as dg
    import duckdb

_COPY = "warehouse-{}.duckdb"
_ASIDE = ".new"
_VERSION = re.compile(r"^(spbe-.+)-v(\d+)$")
# A warehouse is written anew when so much of it is empty, and it is worth it.
_EMPTY_SHARE, _WORTH_BYTES = 0.5, 1 << 28


@dataclass(frozen=True)
class Surplus:
    """Something that a home keeps no longer: its path in the home, its bytes, why, and how to clear it."""

    name: str
    size_bytes: int
    why: str
    clear: Callable[[], object]


def find_surplus(settings: Settings, instance: dg.DagsterInstance) -> list[Surplus]:
    """Everything that `spbe.toml` lets go by now.

    Args:
        settings: the home.
        instance: Dagster's, of this home.

    Raises:
        WarehouseBusy: another run is writing this home.
    """
    with locked_warehouse(settings, "clearing") as con:
        return [
            *_logs(con, settings),
            *_runs(con, settings, instance),
            *_versions(settings),
            *_copies(settings),
            *_space(con, settings),
        ]


def copy_warehouse(settings: Settings) -> Path | None:
    """Copy the closed warehouse aside as that of today; None where the settings want no copies."""
    if not settings.warehouse_copies:
        return None
    target = settings.copies / _COPY.format(settings.today())
    settings.copies.mkdir(mode=0o700, exist_ok=True)
    aside = target.with_name(target.name + _ASIDE)
    shutil.copyfile(settings.warehouse, aside)
    with aside.open("rb") as copied:
        os.fsync(copied.fileno())
    aside.replace(target)
    return target


def _logs(con: duckdb.DuckDBPyConnection, settings: Settings) -> Iterator[Surplus]:
    why = f"log received more than {settings.archive_log_days} days ago (archive_log_days)"
    if not settings.archive_logs:
        why = "bytes of logs are not kept (archive_logs)"
    for sha256 in intake.old_logs(con, settings):
        kept = find_archived(settings.archive, sha256)
        if kept:
            yield _surplus(settings, kept, why, partial(drop_archived, settings.archive, sha256))


def _runs(
    con: duckdb.DuckDBPyConnection, settings: Settings, instance: dg.DagsterInstance
) -> Iterator[Surplus]:
    import dagster as dg

    lived = ledger.lived_days(con, dt.datetime.now(dt.UTC).date())
    if lived < settings.history_days:
        return
    before = dt.datetime.now(dt.UTC) - dt.timedelta(days=settings.history_days)
    for record in instance.get_run_records(dg.RunsFilter(created_before=before)):
        run_id = record.dagster_run.run_id
        events = settings.dagster_home / "history" / "runs" / f"{run_id}.db"
        output = settings.dagster_home / "storage" / run_id

        def clear(run_id: str = run_id, events: Path = events, output: Path = output) -> None:
            instance.delete_run(run_id)
            for path in events.parent.glob(f"{run_id}.db*"):
                path.unlink(missing_ok=True)
            shutil.rmtree(output, ignore_errors=True)

        yield _surplus(settings, events, f"run older than {settings.history_days} days (history_days)", clear)


def _versions(settings: Settings) -> Iterator[Surplus]:
    if not settings.outbox_versions:
        return
    found: dict[str, list[tuple[int, Path]]] = defaultdict(list)
    for path in settings.outbox.iterdir():
        if match := _VERSION.match(path.name):
            found[match.group(1)].append((int(match.group(2)), path))
    why = f"bundle with {settings.outbox_versions} newer versions or more (outbox_versions)"
    kept = set(undelivered(settings.outbox)) if settings.deliver_to else set()
    for versions in found.values():
        for _, path in sorted(versions)[: -settings.outbox_versions]:
            # What the receiver still lacks is nowhere else.
            if path in kept:
                continue
            yield _surplus(settings, path, why, partial(shutil.rmtree, path))


def _copies(settings: Settings) -> Iterator[Surplus]:
    there = sorted(settings.copies.glob(_COPY.format("*")))
    why = f"copy of the warehouse with {settings.warehouse_copies} newer ones (warehouse_copies)"
    surplus = there[: -settings.warehouse_copies] if settings.warehouse_copies else there
    for path in [*surplus, *settings.copies.glob(f"*{_ASIDE}")]:
        yield _surplus(settings, path, why, path.unlink)


def _space(con: duckdb.DuckDBPyConnection, settings: Settings) -> Iterator[Surplus]:
    row = con.execute("select total_blocks, free_blocks, block_size from pragma_database_size()").fetchone()
    assert row is not None
    total, free, size = row
    if free * size > _WORTH_BYTES and free > total * _EMPTY_SHARE:
        name = settings.warehouse.name
        yield Surplus(name, free * size, "empty space in the warehouse", partial(write_anew, settings))


def write_anew(settings: Settings) -> None:
    """Copy the warehouse into a file without empty space, which takes its place once it is whole.

    Raises:
        WarehouseBusy: another run is writing this home.
    """
    import duckdb

    aside = settings.warehouse.with_name(settings.warehouse.name + _ASIDE)
    aside.unlink(missing_ok=True)
    version = CONFIG["storage_compatibility_version"]
    with locked_warehouse(settings, "clearing") as con:
        con.execute("checkpoint")
    with duckdb.connect() as con:
        con.execute("set TimeZone = 'UTC'")
        con.execute(f"attach {literal(str(settings.warehouse))} as old (read_only)")
        con.execute(f"attach {literal(str(aside))} as new (storage_version '{version}')")
        con.execute("copy from database old to new")
    aside.chmod(0o600)
    aside.replace(settings.warehouse)


def _surplus(settings: Settings, path: Path, why: str, clear: Callable[[], object]) -> Surplus:
    files = [path, *path.rglob("*")] if path.is_dir() else [path]
    size = sum(file.lstat().st_size for file in files if file.exists())
    return Surplus(str(path.relative_to(settings.home)), size, why, clear)

"""Looking a home over: what is wrong with it, and how it is mended.

Belongs here: one function a subject, each of which only looks. Stays out: mending (a run, `rebuild.py`, a
person).
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration import delivery, intake
from orchestration.home import OUTPUTS
from orchestration.instance import fault_of
from orchestration.manifest import damaged_outputs
from orchestration.settings import Settings
from orchestration.warehouse import REBUILD_MARK, WarehouseDamaged, open_warehouse
from sources import ledger
from sources.archive import find_archived, is_intact
from sources.errors import KeyLost
from sources.kinds import LOG_KIND
from sources.nights import now_utc
from sources.privacy import known_key
from sources.receipts import ReceiptDamaged, read_receipt, receipt_name, receipt_paths

if TYPE_CHECKING:
    import duckdb

_PACKAGE = "spbe-index"
# Room for a copy of the warehouse, and for what a night writes beside it.
_FREE_BYTES = 1 << 30
_CLOCK_HOURS = 1
_REBUILD = "`spbe rebuild` makes it anew from the archive"


@dataclass(frozen=True)
class Fault:
    """Something that is wrong, or only to be known, and what mends it."""

    what: str
    mend: str
    is_wrong: bool = True


Look = Callable[[], Iterator[Fault]]


def subjects(
    settings: Settings, con: duckdb.DuckDBPyConnection | None, *, quick: bool, cluster: bool = False
) -> dict[str, Look]:
    """What there is to look at, in order: name to a function that yields the faults.

    Args:
        settings: the home, which the caller has locked.
        con: its warehouse; None where it can not be opened.
        quick: leave out what reads every byte of archive, lake and outputs.
        cluster: try the workers of the scheduler, too.
    """
    looks: dict[str, Look] = {
        "installation": _installation,
        "rights": lambda: _rights(settings),
        "disk": lambda: _disk(settings),
        "Dagster's storage": lambda: _dagster(settings),
        "leftovers": lambda: _leftovers(settings),
        "delivery": lambda: _delivery(settings),
    }
    if con is not None:
        looks |= {
            "keys": lambda: _keys(con, settings),
            "clock": lambda: _clock(con),
            "receipts": lambda: _receipts(con, settings),
            "archive": lambda: _archive(con, settings, quick),
            "lake": lambda: _lake(con, settings, quick),
            "results": lambda: _results(con, settings, quick),
        }
        if cluster:
            looks["cluster"] = lambda: _cluster(con, settings)
    return looks


def open_for_looking(settings: Settings) -> tuple[duckdb.DuckDBPyConnection | None, list[Fault]]:
    """The warehouse, or why it can not be looked into."""
    if (settings.home / REBUILD_MARK).exists():
        return None, [Fault("a rebuild was begun and not finished", "`spbe rebuild` again finishes it")]
    if not settings.warehouse.exists():
        return None, [
            Fault(f"{settings.warehouse.name} is not there", f"before the first run none is; {_REBUILD}")
        ]
    try:
        return open_warehouse(settings.warehouse), []
    except WarehouseDamaged as error:
        return None, [Fault(str(error).partition(";")[0], _REBUILD)]


def _installation() -> Iterator[Fault]:
    from packaging.requirements import Requirement

    mend = "install the wheel again into an empty environment"
    for text in metadata.requires(_PACKAGE) or []:
        wanted = Requirement(text)
        if wanted.marker and not wanted.marker.evaluate({"extra": ""}):
            continue
        try:
            found = metadata.version(wanted.name)
        except metadata.PackageNotFoundError:
            yield Fault(f"{wanted.name} is not installed", mend)
            continue
        if not wanted.specifier.contains(found, prereleases=True):
            yield Fault(f"{wanted.name} {found} is installed, {wanted.specifier} is needed", mend)


def _rights(settings: Settings) -> Iterator[Fault]:
    for path in sorted(settings.home.iterdir()):
        found = path.lstat()
        if found.st_uid != os.geteuid():
            yield Fault(f"{path} belongs to user {found.st_uid}, not to {os.geteuid()}", f"chown it: {path}")
        elif path.name not in (*OUTPUTS, "inbox") and stat.S_IMODE(found.st_mode) & 0o077:
            yield Fault(f"others can enter or read {path}", "the next run takes the rights away")


def _disk(settings: Settings) -> Iterator[Fault]:
    size = settings.warehouse.stat().st_size if settings.warehouse.exists() else 0
    free, wanted = shutil.disk_usage(settings.home).free, max(_FREE_BYTES, 2 * size)
    if free < wanted:
        yield Fault(
            f"{free / 1e9:.1f} GB are free, {wanted / 1e9:.1f} GB are wanted",
            "make room; `spbe prune --dry-run` tells what spbe.toml would let go",
        )


def _dagster(settings: Settings) -> Iterator[Fault]:
    for path in sorted(settings.dagster_home.rglob("*.db")):
        if said := fault_of(path):
            of_one_run = path.parent.name == "runs" and path.stem != "index"
            mend = "delete it, it tells of one run alone" if of_one_run else "the next run begins a new one"
            yield Fault(f"{path}: {said}", f"{mend}; no result rests on it")


def _leftovers(settings: Settings) -> Iterator[Fault]:
    for pattern in ("before-rebuild-*", "dagster-broken-*", "lake/set-aside"):
        for path in sorted(settings.home.glob(pattern)):
            yield Fault(f"{path} was set aside", "delete it once you are content with the results", False)


def _delivery(settings: Settings) -> Iterator[Fault]:
    """What would stop a delivery before it begins, and receipts that prove nothing."""
    from exports.delivery.receipts import is_signed, receipts_of
    from exports.signature import KeyFileError, public_key_path

    for problem in delivery.faults(settings):
        yield Fault(problem, "`spbe export --deliver` tries it then")
    public = public_key_path(settings.keys / "signing.key")
    for path in receipts_of(settings.outbox):
        try:
            is_sound = is_signed(path, public)
        except KeyFileError as error:
            yield Fault(str(error), "put it back from the backup of the keys")
            return
        if not is_sound:
            mend = "put it back from the backup; one of an earlier signing key is checked with that key"
            yield Fault(f"{path}: not as {public.name} would have signed it", mend)


def _keys(con: duckdb.DuckDBPyConnection, settings: Settings) -> Iterator[Fault]:
    from exports.signature import KeyFileError, ensure_signing_key

    path = settings.keys / "pseudonym.key"
    made_with = intake.pseudonym_key_id(con)
    try:
        if path.exists() or made_with:
            known_key(path, made_with or None)
    except (KeyLost, ValueError) as error:
        yield Fault(str(error), "put it back from the backup of the keys")
    signing = settings.keys / "signing.key"
    if signing.exists() or any(settings.outbox.glob("spbe-*-v*")):
        try:
            ensure_signing_key(signing, is_first=False)
        except KeyFileError as error:
            yield Fault(str(error), "put it back from the backup of the keys")


def _clock(con: duckdb.DuckDBPyConnection) -> Iterator[Fault]:
    row = con.execute(
        "select max(moment) from (select max(received_at) as moment from intake.files "
        "union all select max(began_at) from intake.nights)"
    ).fetchone()
    last = row[0] if row else None
    if last and last > now_utc() + dt.timedelta(hours=_CLOCK_HOURS):
        yield Fault(
            f"the clock says {now_utc()} UTC, but files came at {last}", "set the clock (`timedatectl`)"
        )


def _receipts(con: duckdb.DuckDBPyConnection, settings: Settings) -> Iterator[Fault]:
    there = set()
    for path in receipt_paths(settings.archive):
        try:
            read_receipt(path)
            there.add(path.name)
        except ReceiptDamaged as error:
            yield Fault(
                str(error), f"delete it, then `spbe run`; without it {settings.archive.name} is no backup"
            )
    for record, _ in ledger.records(con):
        if Path(receipt_name(record.file_name, record.file_sha256)).name not in there:
            yield Fault(f"{record.file_name} has no receipt in the archive", "`spbe doctor --mend` writes it")


def _archive(con: duckdb.DuckDBPyConnection, settings: Settings, quick: bool) -> Iterator[Fault]:
    for record, _ in ledger.records(con):
        if record.status not in ("loaded", "partly", "replaced"):
            continue
        kept = find_archived(settings.archive, record.file_sha256)
        mend = f"put {record.file_sha256} back from a backup, or let {record.file_name} be sent again"
        if kept is None:
            # Bytes of logs are let go by in time; their records are in the lake.
            if record.kind != LOG_KIND:
                yield Fault(f"{record.file_name}: its bytes are gone from the archive", mend)
        elif not quick and not is_intact(kept, record.file_sha256):
            yield Fault(f"{kept}: not what its name says (of {record.file_name})", mend)


def _lake(con: duckdb.DuckDBPyConnection, settings: Settings, quick: bool) -> Iterator[Fault]:
    for what in intake.damaged_lake(con, settings, whole=not quick).values():
        yield Fault(what, "`spbe run` reads the log again from the archive")


def _cluster(con: duckdb.DuckDBPyConnection, settings: Settings) -> Iterator[Fault]:
    from orchestration.workers.cluster import look

    if not settings.scheduler:
        yield Fault("the setting scheduler is empty", "name the scheduler in spbe.toml")
        return
    key, key_id = settings.keys / "pseudonym.key", intake.pseudonym_key_id(con)
    for what, mend in look(
        settings.scheduler,
        settings.keys / "cluster",
        settings.lake,
        (settings.inbox, settings.archive),
        key,
        key_id,
    ):
        yield Fault(what, mend)


def _results(con: duckdb.DuckDBPyConnection, settings: Settings, quick: bool) -> Iterator[Fault]:
    for what in damaged_outputs(con, settings, whole=not quick):
        yield Fault(what, "`spbe run` makes it again")

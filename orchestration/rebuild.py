"""Warehouse and lake made anew from the archive and its receipts.

Belongs here: walking the receipts in the order in which files came; what was there before is set aside, never
deleted. Stays out: how one file is judged and kept (`intake/`), the outputs (`night.py` makes them then).
"""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from expectations import contract as contracts
from orchestration import intake
from orchestration.settings import Settings
from orchestration.warehouse import CONFIG, REBUILD_MARK, open_warehouse, run_lock
from sources import joined, lake
from sources.archive import Archived, find_archived, is_intact
from sources.kinds import InboxFile
from sources.ledger import FileRecord, LakeFile
from sources.privacy import known_key
from sources.receipts import Receipt, ReceiptDamaged, read_receipt, receipt_paths
from sources.received import ReceivedFile, Verdict

if TYPE_CHECKING:
    import duckdb

# What no file tells: it is taken over from the old warehouse, where that can be read.
_HISTORY = ("nights", "night_links", "night_workers", "clock")
_COUNTED = ("status", "rows_received", "rows_loaded", "rows_quarantined", "warnings", "reason")
_log = logging.getLogger(__name__)


class NothingToRebuild(Exception):
    """The archive holds no receipt."""


@dataclass
class Rebuilt:
    """What came of it.

    Attributes:
        files: how many receipts were followed.
        aside: where warehouse and lake lie that were there before.
        lost: names of files whose bytes are not in the archive as they were; a log that the old lake still
            held is none of them.
        other: names of files that came out otherwise than their receipt says.
        old_lake: by id, what the old lake holds of a log.
    """

    files: int
    aside: Path
    old_lake: Mapping[str, Sequence[LakeFile]] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    other: list[str] = field(default_factory=list)


def rebuild(settings: Settings, say: Callable[[str], None] = lambda _: None) -> Rebuilt:
    """Make warehouse and lake of a home anew; killed, it is begun again by running it again.

    Args:
        settings: a prepared home.
        say: told what is done, in a few words.

    Raises:
        NothingToRebuild: the archive holds no receipt.
        KeyLost: the key is not the one that the receipts name.
        WarehouseBusy: another run is writing this home.
    """
    with run_lock(settings.lock, "spbe rebuild"):
        receipts = _receipts(settings)
        if not receipts:
            raise NothingToRebuild(f"{settings.archive} holds no receipt to make anything from")
        known_key(settings.keys / "pseudonym.key", receipts[-1].key_id or None)
        aside = _set_aside(settings)
        con = open_warehouse(settings.warehouse)
        try:
            done = Rebuilt(len(receipts), aside, lake.files_by_log(con, aside / "lake"))
            intake.prepare_warehouse(con, settings)
            for number, receipt in enumerate(receipts, 1):
                if number % 100 == 1:
                    say(f"file {number:,} of {len(receipts):,}")
                _follow(con, settings, receipt, done)
            _follow_again(con, settings, receipts, done)
            _take_over_history(con, aside / "warehouse.duckdb")
        finally:
            con.close()
        (settings.home / REBUILD_MARK).unlink()
        return done


def _receipts(settings: Settings) -> list[Receipt]:
    found = []
    for path in receipt_paths(settings.archive):
        try:
            found.append(read_receipt(path))
        except ReceiptDamaged as error:
            _log.error("%s", error)
    return sorted(found, key=lambda r: (r.file_order, r.record.received_at, r.record.file_name))


def _set_aside(settings: Settings) -> Path:
    """Move warehouse and lake away; those of a rebuild that was killed are parts, and are deleted."""
    mark = settings.home / REBUILD_MARK
    if mark.exists():
        aside = settings.home / mark.read_text(encoding="utf-8").strip()
    else:
        aside = settings.home / f"before-rebuild-{time.strftime('%Y%m%d-%H%M%S')}"
        aside.mkdir(mode=0o700)
        mark.write_text(aside.name, encoding="utf-8")
    wal = settings.warehouse.with_name(settings.warehouse.name + ".wal")
    for path in (settings.warehouse, wal, settings.lake):
        kept = aside / path.name
        if not path.exists():
            continue
        if not kept.exists() and not (aside / "moved").exists():
            path.replace(kept)
        elif path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    (aside / "moved").touch()
    settings.lake.mkdir(mode=0o700)
    return aside


def _follow(con: duckdb.DuckDBPyConnection, settings: Settings, receipt: Receipt, done: Rebuilt) -> None:
    file, record = _as_it_came(settings, receipt), receipt.record
    if file.content is not None:
        intake.receive_again(con, settings, file, _contract(record))
        return
    files = list(_old_lake_files(con, settings, record, done)) if file.is_log else []
    if record.rows_received and not files:
        done.lost.append(record.file_name)
        said = "bita berkas ini tidak ada lagi di arsip; kirim lagi"
        # Of another fingerprint, so that it is read where the inbox still has it.
        unread = replace(record, rows_received=0, warnings=0, format_fingerprint=None)
        record = unread.rejected("rejected", "lost", said)
    days = frozenset(kept.day for kept in files)
    intake.keep_again(con, settings, file, Verdict(record, days=days, lake_files=files))


def _follow_again(
    con: duckdb.DuckDBPyConnection, settings: Settings, receipts: list[Receipt], done: Rebuilt
) -> None:
    """What came out otherwise was judged by something that came later: now all of that is there."""
    for once in (True, False):
        found_now = con.execute(
            f"select file_name, file_sha256, {', '.join(_COUNTED)} from raw.intake_files"
        ).fetchall()
        kept = {(name, sha256): tuple(counts) for name, sha256, *counts in found_now}
        for receipt in receipts:
            record = receipt.record
            expected = tuple(getattr(record, name) for name in _COUNTED)
            found = kept[record.file_name, record.file_sha256]
            is_same = found == expected or (found[0] == "replaced" and found[1:] == expected[1:])
            if is_same or record.file_name in done.lost:
                continue
            if once and find_archived(settings.archive, record.file_sha256):
                _follow(con, settings, receipt, done)
            elif not once:
                done.other.append(record.file_name)


def _as_it_came(settings: Settings, receipt: Receipt) -> ReceivedFile:
    record = receipt.record
    kept = find_archived(settings.archive, record.file_sha256)
    content = None
    if kept is not None and is_intact(kept, record.file_sha256):
        content = Archived(record.file_sha256, kept, kept.suffix == ".gz")
    entry = InboxFile(
        path=kept or settings.archive,
        name=record.file_name,
        kind=record.kind,
        log_format=record.log_format,
        instansi_code=receipt.folder_instansi,
        period=receipt.folder_period,
        size=record.size_bytes,
        modified_ns=record.modified_ns,
        meta_stamp=record.meta_stamp,
    )
    return ReceivedFile(
        entry=entry,
        name=record.file_name,
        kind=record.kind,
        instansi_code=record.instansi_code,
        sender_code=record.opd_code,
        period=record.period,
        is_dated=receipt.is_dated,
        received_at=record.received_at,
        format_fingerprint=record.format_fingerprint or "",
        meta=receipt.meta,
        content=content,
        notes=receipt.notes,
    )


def _contract(record: FileRecord) -> contracts.Contract | None:
    """The version that the rows were judged by; None where this program does not know it any more."""
    if record.contract_version is None:
        return None
    try:
        return contracts.load_contract(record.kind, record.contract_version)
    except FileNotFoundError:
        return None


def _old_lake_files(
    con: duckdb.DuckDBPyConnection, settings: Settings, record: FileRecord, done: Rebuilt
) -> Iterator[LakeFile]:
    """Put back what the old lake holds of a log whose bytes are not kept any more."""
    old = done.aside / "lake"
    for file in done.old_lake.get(record.file_id, ()):
        if joined.is_joined(file.name):
            yield lake.take_from_joined(con, old, file, record.file_id, settings.lake)
            continue
        source, target = (lake.lake_path(at, file) for at in (old, settings.lake))
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)
        yield lake.read_lake_file(settings.lake, file)


def _take_over_history(con: duckdb.DuckDBPyConnection, old: Path) -> None:
    import duckdb

    with suppress(duckdb.Error), duckdb.connect(str(old), read_only=True, config=CONFIG) as before:
        for table in _HISTORY:
            found = before.execute(f"select * from intake.{table}")
            names = ", ".join(column[0] for column in found.description)
            rows = found.fetchall()
            if rows:
                marks = ", ".join("?" for _ in rows[0])
                con.executemany(f"insert or ignore into intake.{table} ({names}) values ({marks})", rows)

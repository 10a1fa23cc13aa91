"""What a killed run, a disk or a hand did to lake and archive, and what can be made good of it.

Belongs here: sweeping half-done work, finding what of lake and archive is not as it was written, reading it
again, receipts that are missing. Stays out: outputs (`orchestration/manifest.py`), a lost
warehouse (`orchestration/rebuild.py`).
"""

from __future__ import annotations

import datetime as dt
import logging
import shutil
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.intake.keep import leave_joined, old_logs
from orchestration.intake.prepare import pseudonym_key_id, scratch_folder
from orchestration.settings import Settings
from sources import joined, lake, ledger
from sources.archive import ByteLimits, archive_file, find_archived, is_intact, sweep_archive
from sources.errors import FileProblem
from sources.kinds import said_by_folders
from sources.lake import LakeFile
from sources.ledger import FileRecord
from sources.opener import open_entry
from sources.receipts import Receipt, receipt_name, receipt_paths, write_receipt

if TYPE_CHECKING:
    import duckdb

_NOTED, _RECEIPTS = "lake_noted", "receipts_written"
# Of the archive so large a part is read each night, by the first digits of its contents' names.
_SHARES = 30
_log = logging.getLogger(__name__)


def sweep_lake(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Remove what killed runs left: files of logs that were begun and never kept, or replaced, whose days
    then wait for counting; half copies; scratch files.

    Files that the ledger has never heard of are set aside, not deleted: a lost warehouse knew them.
    """
    lake.sweep_scratch(settings.lake)
    sweep_archive(settings.archive)
    shutil.rmtree(scratch_folder(settings), ignore_errors=True)
    strays, unknown = _not_noted(con, settings)
    if strays:
        ledger.queue_days(con, lake.with_neighbours(settings.lake, {file.day for file in strays}))
        lake.remove_files(settings.lake, strays)
    if unknown:
        lake.set_aside(settings.lake, unknown)
        _log.warning(
            "%s files of the lake are in no ledger; they lie in %s now",
            len(unknown),
            settings.lake / lake.SET_ASIDE,
        )
    con.execute("delete from intake.lake_begun")
    if ledger.read_state(con, _RECEIPTS) is None:
        # A home of a version that wrote none.
        write_missing_receipts(con, settings)
        ledger.write_state(con, _RECEIPTS, "yes")
    if ledger.read_state(con, _NOTED) is None:
        # A home of an earlier version: what is there is taken as it is.
        con.execute("begin")
        for file_id, files in _by_log(lake.lake_files(settings.lake)).items():
            ledger.note_lakes(con, {file_id: [lake.read_lake_file(settings.lake, file) for file in files]})
        ledger.write_state(con, _NOTED, "yes")
        con.execute("commit")


def _not_noted(con: duckdb.DuckDBPyConnection, settings: Settings) -> tuple[list[LakeFile], list[LakeFile]]:
    """Files of the lake that count for no log: those of logs that were begun or replaced, and those that the
    ledger has never heard of.
    """
    counted, known = ledger.lake_ids(con)
    noted = {file.place for file in ledger.noted_lake(con)}
    known |= {lake.file_id_of(name) for _, name in noted}
    strays, unknown = list[LakeFile](), list[LakeFile]()
    for file_id, file in lake.lake_files(settings.lake):
        counts = file.place in noted if joined.is_joined(file.name) else file_id in counted
        if not counts:
            (strays if file_id in known else unknown).append(file)
    return strays, unknown


def damaged_lake(
    con: duckdb.DuckDBPyConnection, settings: Settings, *, whole: bool = False
) -> dict[LakeFile, str]:
    """File of the lake, as it was written, to what is wrong with it: `<path in the home>: gone | changed`.

    Args:
        con: the warehouse.
        settings: the home.
        whole: read every file; otherwise only those whose time changed.
    """
    there = {file.place: file for _, file in lake.lake_files(settings.lake)}
    found = {}
    for file in ledger.noted_lake(con):
        if what := _damage(settings, file, there.get(file.place), whole=whole):
            found[file] = f"lake/service_calls/day={file.day}/{file.name}: {what}"
    return found


def _damage(settings: Settings, file: LakeFile, now: LakeFile | None, *, whole: bool) -> str | None:
    """What is wrong with a file of the lake, as it was written and as it stands there."""
    if now is None:
        return "gone"
    if now.size_bytes == file.size_bytes and (whole or now.modified_ns != file.modified_ns):
        now = lake.read_lake_file(settings.lake, now)._replace(modified_ns=file.modified_ns)
    else:
        now = now._replace(sha256=file.sha256)
    return None if now == file else "changed"


def mend_lake(con: duckdb.DuckDBPyConnection, settings: Settings) -> list[str]:
    """Read logs again whose files in the lake are damaged.

    Returns:
        File names of those that can not be: their bytes are not in the archive any more. What can still be
        read of them stays.
    """
    left, lost = list[LakeFile](), list[tuple[str, str, str]]()
    damaged: dict[str, str] = {}
    for file, what in damaged_lake(con, settings).items():
        damaged |= dict.fromkeys(ledger.logs_in(con, file), what)
    if not damaged:
        return []
    noted = ledger.files_of_logs(con, damaged)
    for file_id, what in damaged.items():
        row = con.execute(
            "select file_name, file_sha256, log_format, instansi_code, received_at from intake.files "
            "where file_id = ? and status in ('loaded', 'partly') order by file_order limit 1",
            [file_id],
        ).fetchone()
        if row is None:
            continue
        name, sha256, log_format, instansi_code, received_at = row
        _log.warning("%s (of %s) is read again", what, name)
        kept = find_archived(settings.archive, sha256)
        if kept is None or not is_intact(kept, sha256):
            lost.append((file_id, name, instansi_code))
            continue
        result = lake.write_log(
            con,
            kept,
            log_format=log_format,
            instansi_code=instansi_code,
            file_id=file_id,
            file_name=name,
            lake_dir=settings.lake,
            time_zone=settings.time_zone,
            first_day=settings.first_day,
            received_at=received_at,
            max_bytes=settings.log_max_bytes,
        )
        days = result.days | {file.day for file in noted[file_id]}
        con.execute("begin")
        # While a joined file stays damaged for those that are in it still, a crash forgets none of them.
        left += ledger.note_lakes(con, {file_id: result.files})
        _wait_again(con, settings, name, instansi_code, days)
        con.execute("commit")
    theirs = {file.place for file_id, _, _ in lost for file in noted[file_id]}
    found = [file for _, file in lake.lake_files(settings.lake) if file.place in theirs]
    broken = [file for file in found if not lake.is_readable(con, settings.lake, file)]
    lake.set_aside(settings.lake, broken)
    there = {file.place: lake.read_lake_file(settings.lake, file) for file in found if file not in broken}
    con.execute("begin")
    for file_id, name, instansi_code in lost:
        ledger.note_lakes(con, {file_id: [there[f.place] for f in noted[file_id] if f.place in there]})
        _wait_again(con, settings, name, instansi_code, {file.day for file in noted[file_id]})
    leave_joined(con, settings, left)
    con.execute("commit")
    lake.remove_files(settings.lake, left)
    return [name for _, name, _ in lost]


def _wait_again(
    con: duckdb.DuckDBPyConnection, settings: Settings, name: str, instansi_code: str, days: set[dt.date]
) -> None:
    ledger.queue_days(con, lake.with_neighbours(settings.lake, days), instansi_code)
    ledger.mark_unfinished(con, name)


def watch_archive(con: duckdb.DuckDBPyConnection, settings: Settings, inbox: Path, day: dt.date) -> list[str]:
    """Look whether each content that is to be kept is there, and read a share of them, all within a month.

    What is gone or changed is taken from the inbox again, where it still lies there as it was. The others are
    noted in the ledger.

    Args:
        con: the warehouse.
        settings: the home.
        inbox: the folder that files come from.
        day: its number says which share is read.

    Returns:
        `<file name>: gone | changed` of each that can not be put back.
    """
    let_go = set(old_logs(con, settings))
    lost = []
    for record, _ in ledger.records(con):
        if record.status not in ("loaded", "partly", "replaced") or record.file_sha256 in let_go:
            continue
        kept = find_archived(settings.archive, record.file_sha256)
        is_read = int(record.file_sha256[:2], 16) % _SHARES == day.toordinal() % _SHARES
        if kept and not (is_read and not is_intact(kept, record.file_sha256)):
            continue
        if not _put_back(settings, inbox, record):
            lost.append(f"{record.file_name}: {'changed' if kept else 'gone'}")
    ledger.note_lost(con, lost)
    return lost


def _put_back(settings: Settings, inbox: Path, record: FileRecord) -> bool:
    try:
        with open_entry(inbox / record.file_name, inbox) as source:
            limits = ByteLimits(settings.log_max_bytes, settings.inflate_max_ratio)
            content = archive_file(source, settings.archive, limits)
    except FileProblem:
        return False
    return content.sha256 == record.file_sha256


def write_missing_receipts(con: duckdb.DuckDBPyConnection, settings: Settings) -> int:
    """Give each row of the ledger that has no receipt one of what the ledger knows; how many.

    What the `.meta.toml` beside it gave to columns is not known any more.
    """
    there = {path.name for path in receipt_paths(settings.archive)}
    missing = 0
    for record, file_order in ledger.records(con):
        if Path(receipt_name(record.file_name, record.file_sha256)).name not in there:
            instansi, period = said_by_folders(record.file_name, record.kind)
            write_receipt(
                settings.archive,
                Receipt(record, file_order, pseudonym_key_id(con), instansi, period, period is not None),
            )
            missing += 1
    return missing


def _by_log(files: list[tuple[str, LakeFile]]) -> dict[str, list[LakeFile]]:
    found: dict[str, list[LakeFile]] = defaultdict(list)
    for file_id, file in files:
        found[file_id].append(file)
    return found

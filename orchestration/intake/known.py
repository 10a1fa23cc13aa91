"""What is known of a file before it is read, and what is said of one that an error keeps out.

Belongs here: name, folder, meta and earlier receipts as one value; whose fault an error is. Stays out: the
order of steps (`receive.py`, `receive_logs.py`).
"""

from __future__ import annotations

import datetime as dt
import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from expectations import contract as contracts
from orchestration.intake.prepare import format_fingerprint
from orchestration.settings import Settings
from orchestration.workers.pools import WorkersLost
from sources.archive import ByteLimits
from sources.documents import DOCUMENT_KIND
from sources.errors import FileProblem, FileRejected, FileWaiting
from sources.kinds import LOG_KIND, InboxFile
from sources.ledger import Status
from sources.meta import read_meta
from sources.nights import now_utc
from sources.personal_forms import masked
from sources.received import ReceivedFile, Verdict

if TYPE_CHECKING:
    import duckdb

_LONGEST_DETAILS = 4000
# What a system says of a disk, a quota or a limit that takes no more.
_FULL = ("space", "quota", "too large")
_INTERNAL = (
    "berkas ini tidak dapat diolah; simpan ulang dari aplikasi asalnya lalu kirim lagi, "
    "bila tetap gagal hubungi pengelola"
)


def first_known(settings: Settings, entry: InboxFile) -> ReceivedFile:
    """What is known of a file by its name and folder alone."""
    instansi = masked(entry.instansi_code or settings.instansi)
    kind = entry.kind if entry.kind in (*contracts.kinds(), LOG_KIND) else masked(entry.kind)
    return ReceivedFile(
        entry=entry,
        name=entry.name,
        kind=kind or "unknown",
        instansi_code=instansi,
        sender_code=instansi,
        period=entry.period or str(settings.today().year),
        is_dated=entry.period is not None,
        received_at=now_utc(),
        format_fingerprint=format_fingerprint(entry.kind if entry.kind in contracts.kinds() else ""),
    )


def with_meta(
    file: ReceivedFile, inbox: Path, believed_by: Callable[[str, str], tuple[str, str | None]]
) -> ReceivedFile:
    """The file with what the `.meta.toml` beside it says; a sender that the register does not know is not
    believed.

    Args:
        file: as its name and folder tell it.
        inbox: the folder that nothing may lead out of.
        believed_by: `believed_sender` on a connection.
    """
    meta = read_meta(file.entry.path, inbox)
    notes = []
    sender = file.sender_code
    if meta.opd_code:
        believed, note = believed_by(file.instansi_code, meta.opd_code)
        sender = masked(believed)
        notes += [note] if note else []
    folder = file.entry.period
    if meta.period and folder and not (meta.period.startswith(folder) or folder.startswith(meta.period)):
        notes.append(f"periode pada .meta.toml {meta.period}, pada folder {folder}; dipakai {meta.period}")
    return replace(
        file,
        meta=meta,
        sender_code=sender,
        period=meta.period or file.period,
        is_dated=file.is_dated or meta.period is not None,
        notes=notes,
    )


def as_received(file: ReceivedFile, earlier: tuple[str, dt.datetime] | None) -> ReceivedFile:
    """The file with period and time of an earlier receipt: looked at again, by whatever reason, it is still
    the file that came then.
    """
    if earlier is None:
        return file
    period, received_at = earlier
    return replace(file, period=file.period if file.is_dated else period, received_at=received_at)


def as_before(
    file: ReceivedFile, receipts: Mapping[tuple[str, str], tuple[str, dt.datetime]]
) -> ReceivedFile:
    """The same by what `ledger.receipts_of` tells of many."""
    return as_received(file, receipts.get((file.name, file.record().file_sha256)))


def duplicate_of(file: ReceivedFile, twin: str) -> Verdict:
    """The verdict on a file whose content is loaded under the name of another."""
    return Verdict(file.record().rejected("duplicate", "duplicate", f"isi sama dengan {twin}"))


def limits_of(settings: Settings, file: ReceivedFile) -> ByteLimits:
    """How large the file may be."""
    largest = settings.document_max_bytes if file.kind == DOCUMENT_KIND else settings.table_max_bytes
    return ByteLimits(settings.log_max_bytes if file.is_log else largest, settings.inflate_max_ratio)


def refused(con: duckdb.DuckDBPyConnection, file: ReceivedFile, error: Exception) -> Verdict:
    """The verdict on a file that an error keeps from being loaded; an error of the home is raised."""
    record = file.record()
    if isinstance(error, FileWaiting):
        # A log grows; a table that ends before its end is sent again.
        is_cut = error.code == "truncated" and not file.is_log
        status: Status = "rejected" if is_cut else "waiting"
        return Verdict(record.rejected(status, error.code, error.message), error.left_out)
    if isinstance(error, FileProblem):
        refused = record.rejected("rejected", error.code, error.message)
        return Verdict(refused, error.left_out, details=details_of(error))
    if is_of_the_home(con, error):
        raise error
    return Verdict(record.rejected("rejected", "internal", _INTERNAL), details=details_of(error))


def is_of_the_home(con: duckdb.DuckDBPyConnection, error: Exception) -> bool:
    """Whether an error says that the home can not be worked in, so that the next file would meet it, too."""
    import duckdb

    # What is wrong with a file's own bytes or name has become a `FileProblem` where it was opened.
    if isinstance(error, WorkersLost | OSError | duckdb.InterruptException | duckdb.FatalException):
        return True
    if isinstance(error, duckdb.IOException) and any(word in str(error).lower() for word in _FULL):
        return True
    try:
        con.execute("select 1")
    except duckdb.Error:
        return True
    return False


def details_of(error: Exception) -> str | None:
    """What the log keeps of a fault of ours: where it came up; its message masked."""
    if isinstance(error, FileRejected) and error.code != "internal":
        return None
    told = (error.details if isinstance(error, FileProblem) else None) or "".join(
        traceback.format_exception(error)
    )
    return masked(told[-_LONGEST_DETAILS:])

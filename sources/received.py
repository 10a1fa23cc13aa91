"""One file on its way in.

Belongs here: what is known of a file before its rows are read, decided once: name, kind, hand, period, meta,
where its bytes are kept. Stays out: what becomes of it (`ledger.FileRecord`).
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sources.archive import Archived
from sources.kinds import LOG_KIND, InboxFile
from sources.ledger import FileRecord, LakeFile
from sources.left_out import LeftOut
from sources.meta import FileMeta


@dataclass(frozen=True)
class ReceivedFile:
    """A file of the inbox as intake hands it on.

    Attributes:
        entry: the file as the inbox holds it; its path is for opening alone.
        name: its path in the inbox, personal data masked, unique.
        kind: of the file; masked where no contract knows it.
        instansi_code: whose file it is: folder, else settings.
        sender_code: the OPD that hands it in: `.meta.toml`, else the instansi.
        period: meta, else folder, else that of an earlier receipt, else the year of receipt.
        is_dated: whether meta or folder told the period.
        meta: the `.meta.toml` beside it.
        content: its bytes in the archive; None until they are there.
        received_at: UTC.
        format_fingerprint: changes when the program or the format reads such a file differently.
        notes: what the sender should know of the above, as sentences.
    """

    entry: InboxFile
    name: str
    kind: str
    instansi_code: str
    sender_code: str
    period: str
    is_dated: bool
    received_at: dt.datetime
    format_fingerprint: str
    meta: FileMeta = field(default_factory=FileMeta)
    content: Archived | None = None
    notes: Sequence[str] = ()

    @property
    def is_log(self) -> bool:
        """Whether its rows go to the lake."""
        return self.entry.kind == LOG_KIND

    @property
    def path(self) -> Path:
        """The archived bytes."""
        assert self.content is not None
        return self.content.path

    def record(self) -> FileRecord:
        """The row of the ledger that says: loaded, nothing counted yet."""
        entry = self.entry
        # A file that is refused before its bytes are read is known by its name, size and time alone.
        known_by = f"{entry.name}\0{entry.size}\0{entry.modified_ns}\0{entry.meta_stamp}"
        unread = hashlib.sha256(known_by.encode(errors="replace")).hexdigest()
        return FileRecord(
            file_name=self.name,
            file_sha256=self.content.sha256 if self.content else unread,
            kind=self.kind,
            log_format=entry.log_format if self.is_log else None,
            instansi_code=self.instansi_code,
            opd_code=self.sender_code,
            period=self.period,
            size_bytes=entry.size,
            modified_ns=entry.modified_ns,
            meta_stamp=entry.meta_stamp,
            received_at=self.received_at,
            format_fingerprint=self.format_fingerprint,
            reason_text="; ".join(self.notes) or None,
        )


@dataclass(frozen=True)
class Verdict:
    """What is to be kept of a file.

    Attributes:
        record: its row of the ledger.
        left_out: what of it was not read as rows, in order.
        unknown: headings of a table that nobody knows, masked or not as they came.
        days: local days of calls that it touches.
        details: for the log: what a fault of ours was, masked.
        lake_files: what a log has in the lake.
        media_type: of a document, which has no rows.
    """

    record: FileRecord
    left_out: Sequence[LeftOut] = ()
    unknown: Sequence[str] = ()
    days: frozenset[dt.date] = frozenset()
    details: str | None = None
    lake_files: Sequence[LakeFile] = ()
    media_type: str | None = None

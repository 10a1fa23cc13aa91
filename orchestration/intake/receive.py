"""From an entry of the inbox to a verdict: found, opened, archived, read and judged.

Belongs here: which files are new, the order of steps for one file, and the barrier: whatever goes wrong with
one file is that file's. Stays out: judging (`judge.py`) and the transaction (`keep.py`).
"""

from __future__ import annotations

import datetime as dt
import logging
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from expectations import contract as contracts
from expectations.reference_tables import believed_sender
from expectations.relations import dropping_relations
from orchestration.intake.judge import (
    judge_file,
    judge_logs,
    judge_tables,
    may_correct,
    read_small,
    stands_alone,
)
from orchestration.intake.keep import keep_file, keep_logs, keep_tables
from orchestration.intake.prepare import format_fingerprint, table_kinds
from orchestration.settings import Settings
from sources import lake, ledger
from sources.archive import ByteLimits, archive_file
from sources.documents import DOCUMENT_KIND
from sources.errors import FileProblem, FileRejected, FileWaiting
from sources.kinds import LOG_KIND, InboxFile, scan_inbox
from sources.ledger import FileRecord, Status
from sources.meta import read_meta
from sources.nights import now_utc
from sources.opener import open_entry
from sources.personal_forms import masked
from sources.received import ReceivedFile, Verdict
from sources.tables import TableFile

if TYPE_CHECKING:
    import duckdb

    from expectations.contract import Contract

_log = logging.getLogger(__name__)
_LONGEST_DETAILS = 4000
# A table of at most so many bytes in the inbox is judged with others; together they have at most so many,
# inflated, are at most so many, and are judged once so many rows are read.
_SMALL_TABLE = 1 << 20
_BYTES_TOGETHER = 1 << 24
_TABLES_TOGETHER = 100
_ROWS_READ = 20_000
_INTERNAL = (
    "berkas ini tidak dapat diolah; simpan ulang dari aplikasi asalnya lalu kirim lagi, "
    "bila tetap gagal hubungi pengelola"
)


def new_files(con: duckdb.DuckDBPyConnection, inbox: Path, kind: str | None = None) -> list[InboxFile]:
    """Files of the inbox that are new, changed, waiting or judged too early, in the order of reading.

    Args:
        con: a connection to the prepared warehouse.
        inbox: the folder.
        kind: only files of this kind; None: files of no known kind.
    """
    kinds = table_kinds()
    known = (*kinds, LOG_KIND)
    mine = scan_inbox(
        inbox, kinds, lake.LOG_FORMATS, lambda name: name == kind if kind else name not in known
    )
    safe = _safe_names(con, mine)
    mine = [replace(file, name=name) for file, name in zip(mine, safe, strict=True)]
    seen = ledger.seen_files(con)
    fingerprint = format_fingerprint(kind or "")
    again = _judged_too_early(con) if kind == "scores" else set()
    fresh = [f for f in mine if f.name in again or not _is_settled(f, seen.get(f.name), fingerprint)]
    return sorted(fresh, key=lambda f: (f.modified_ns, f.name))


def _judged_too_early(con: duckdb.DuckDBPyConnection) -> set[str]:
    """Files of scores with rows refused for a node that a rulebook received since then has."""
    rows = con.execute(
        "select distinct file.file_name from received.scores as this "
        "inner join intake.files as file on this._file_id = file.file_id "
        "inner join reference.score_nodes as node "
        "on this.rulebook_id = node.rulebook_id and this.node_id = node.node_id "
        "where file.status in ('partly', 'rejected') "
        "and len(list_filter(this._broken, lambda b: b.rule = 'scores.row.node_of_rulebook')) > 0"
    ).fetchall()
    return {name for (name,) in rows}


def _safe_names(con: duckdb.DuckDBPyConnection, files: Sequence[InboxFile]) -> list[str]:
    """File names as they may be kept: people put NIK and e-mail into them; a keyed hash tells two apart."""
    rows = con.execute(
        "select case when mask_text(shown) = shown and not is_odd then shown "
        "else mask_text(shown) || '#' || left(hmac256(bytes), 8) end "
        "from (select unnest(?::varchar[]) as shown, unnest(?::varchar[]) as bytes, "
        "unnest(?::boolean[]) as is_odd)",
        [
            [file.name for file in files],
            [str(file.path).encode(errors="surrogateescape").hex() for file in files],
            ["\ufffd" in file.name for file in files],
        ],
    ).fetchall()
    return [name for (name,) in rows]


def _is_settled(file: InboxFile, seen: ledger.Seen | None, fingerprint: str) -> bool:
    if seen is None or seen.status == "waiting":
        return False
    if (file.size, file.modified_ns, file.meta_stamp) != (seen.size_bytes, seen.modified_ns, seen.meta_stamp):
        return False
    return seen.status != "rejected" or seen.format_fingerprint == fingerprint


def receive(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    inbox: Path,
    kind: str | None,
    tell: Callable[[Verdict], None] = lambda _: None,
) -> Iterator[FileRecord]:
    """Receive every new file of a kind (None: reject those of no known kind); small ones are kept together.

    Args:
        con: a prepared connection.
        settings: the home.
        inbox: the folder to read.
        kind: of the files.
        tell: handed each file's verdict, for the log.
    """
    entries = new_files(con, inbox, kind)
    if kind == LOG_KIND:
        verdicts = _receive_logs(con, settings, inbox, entries)
    elif kind and stands_alone(contracts.load_contract(kind)):
        verdicts = _receive_tables(con, settings, inbox, kind, entries)
    else:
        verdicts = (receive_file(con, settings, inbox, entry) for entry in entries)
    for verdict in verdicts:
        tell(verdict)
        yield verdict.record


@dataclass
class _Batch:
    """Logs received at one time and small enough to be read together, as they follow each other, each with
    why it could not be opened, if so.
    """

    files: list[tuple[ReceivedFile, FileProblem | None]] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    contents: set[str] = field(default_factory=set)
    size: int = 0

    def takes(self, file: ReceivedFile, size: int) -> bool:
        """Whether a log of so many bytes can be read with these, of which none has its name or content."""
        return not self.files or (
            len(self.files) < lake.MANY_FILES
            and self.size + size <= lake.MANY_BYTES
            and file.received_at == self.files[0][0].received_at
            and file.name not in self.names
            and file.record().file_id not in self.contents
        )

    def add(self, file: ReceivedFile, problem: FileProblem | None, size: int) -> None:
        """Take one more log."""
        self.files.append((file, problem))
        self.names.add(file.name)
        self.contents.add(file.record().file_id)
        self.size += size


def _receive_logs(
    con: duckdb.DuckDBPyConnection, settings: Settings, inbox: Path, entries: Sequence[InboxFile]
) -> Iterator[Verdict]:
    """As `receive_file` each, in their order; small logs that follow each other are read and kept together.

    A crash loses no more than the logs of one batch, which are new the next time, too.
    """
    receipts = ledger.receipts_of(con, [entry.name for entry in entries], LOG_KIND)
    batch, now = _Batch(), now_utc()
    for entry in entries:
        if entry.problem or entry.meta_stamp is not None or entry.size > lake.SMALL_BYTES:
            yield from _received_together(con, settings, batch.files)
            batch, now = _Batch(), now_utc()
            yield receive_file(con, settings, inbox, entry)
            continue
        file = _as_received(replace(first_known(settings, entry), received_at=now), receipts)
        problem, size = None, 0
        try:
            file = _as_received(_archived(con, settings, inbox, file), receipts)
            size = file.content.size if file.content else 0
        except FileProblem as error:
            problem = error
        if not batch.takes(file, size):
            yield from _received_together(con, settings, batch.files)
            batch, now = _Batch(), now_utc()
        if size > lake.SMALL_BYTES:
            yield from _received_together(con, settings, batch.files)
            batch, now = _Batch(), now_utc()
            with dropping_relations(con):
                verdict = _received(con, settings, file, partial(_given, file, None))
            yield verdict
        else:
            batch.add(file, problem, size)
    yield from _received_together(con, settings, batch.files)


def _received_together(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    files: Sequence[tuple[ReceivedFile, FileProblem | None]],
) -> list[Verdict]:
    """Judge and keep logs together, or each by itself where that fails."""
    with dropping_relations(con):
        try:
            if len(files) > 1:
                return keep_logs(con, settings, [file for file, _ in files], _judged(con, settings, files))
        except Exception as error:
            if _is_of_the_home(con, error):
                raise
            _log.warning("%s logs are read one by one: %s", len(files), _details(error))
        return [_received(con, settings, file, partial(_given, file, problem)) for file, problem in files]


def _receive_tables(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    inbox: Path,
    kind: str,
    entries: Sequence[InboxFile],
) -> Iterator[Verdict]:
    """As `receive_file` each, in their order; small tables in a row are judged and kept together.

    A crash loses no more than the tables of one batch, which are new the next time, too.
    """
    receipts = ledger.receipts_of(con, [entry.name for entry in entries], kind)
    believed = cache(partial(_believed, con))
    batch: list[tuple[ReceivedFile, Exception | None]] = []
    taken: set[str] = set()
    size = 0
    for entry in entries:
        if entry.problem or entry.size > _SMALL_TABLE:
            yield from _tables_together(con, settings, batch)
            batch, taken, size = [], set(), 0
            yield receive_file(con, settings, inbox, entry)
            continue
        file = _as_received(first_known(settings, entry), receipts)
        problem = None
        try:
            file = _as_received(_archived(con, settings, inbox, file, believed), receipts)
        except Exception as error:
            if _is_of_the_home(con, error):
                raise
            problem = error
        known_by = {file.name, file.record().file_id}
        more = file.content.size if file.content else 0
        if len(batch) == _TABLES_TOGETHER or size + more > _BYTES_TOGETHER or known_by & taken:
            yield from _tables_together(con, settings, batch)
            batch, taken, size = [], set(), 0
        batch.append((file, problem))
        taken |= known_by
        size += more
    yield from _tables_together(con, settings, batch)


def _believed(con: duckdb.DuckDBPyConnection, instansi_code: str, sender: str) -> tuple[str, str | None]:
    with dropping_relations(con):
        return believed_sender(con, instansi_code, sender)


def _tables_together(
    con: duckdb.DuckDBPyConnection, settings: Settings, files: Sequence[tuple[ReceivedFile, Exception | None]]
) -> Iterator[Verdict]:
    """Read, judge and keep tables of one kind together, in their order.

    By itself, after those before it are kept, comes what is judged by what they leave: a correction, and a
    content that counts or not by what another of the files replaces.
    """

    def alone(file: ReceivedFile, problem: Exception | None) -> Verdict:
        with dropping_relations(con):
            return _received(con, settings, file, partial(_given, file, problem))

    if len(files) < 2:
        yield from (alone(*one) for one in files)
        return
    names = [file.name for file, _ in files]
    twins = ledger.same_files(con, [file.record() for file, problem in files if not problem])
    apart = ledger.lie_twice(con, names) | {name for name, twin in twins.items() if twin in names}
    read: list[tuple[ReceivedFile, TableFile | Verdict]] = []
    for file, problem in files:
        found = None if file.name in apart else _found(con, settings, file, problem, twins.get(file.name))
        if found is None or (isinstance(found, TableFile) and may_correct(found)):
            if isinstance(found, TableFile):
                found.drop()
            yield from _kept_together(con, settings, read, alone)
            read = []
            yield alone(file, problem)
            continue
        read.append((file, found))
        if sum(table.rows for _, table in read if isinstance(table, TableFile)) > _ROWS_READ:
            yield from _kept_together(con, settings, read, alone)
            read = []
    yield from _kept_together(con, settings, read, alone)


def _found(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    file: ReceivedFile,
    problem: Exception | None,
    twin: str | None,
) -> TableFile | Verdict:
    """The read table of a file, or the verdict on one that has none."""
    if twin:
        said = f"isi sama dengan {twin}"
        return Verdict(file.record().rejected("duplicate", "duplicate", said))
    try:
        return read_small(settings, _given(file, problem))
    except Exception as error:
        return _refused(con, file, error)


def _kept_together(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    read: Sequence[tuple[ReceivedFile, TableFile | Verdict]],
    alone: Callable[[ReceivedFile, None], Verdict],
) -> list[Verdict]:
    """Judge and keep what was read, or each file by itself, from its archived bytes, where that fails."""
    files = [file for file, _ in read]
    tables = [(file, table) for file, table in read if isinstance(table, TableFile)]
    if not read:
        return []
    try:
        with dropping_relations(con):
            judged = iter(judge_tables(con, tables)) if tables else iter(())
            verdicts = [found if isinstance(found, Verdict) else next(judged) for _, found in read]
            return keep_tables(con, settings, files, verdicts)
    except Exception as error:
        if _is_of_the_home(con, error):
            raise
        _log.warning("%s tables are judged one by one: %s", len(files), _details(error))
    finally:
        for _, table in tables:
            table.drop()
    return [
        alone(file, None) if isinstance(found, TableFile) else keep_file(con, settings, file, found)
        for file, found in read
    ]


def _given(file: ReceivedFile, problem: Exception | None) -> ReceivedFile:
    if problem:
        raise problem
    return file


def _judged(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    files: Sequence[tuple[ReceivedFile, FileProblem | None]],
) -> list[Verdict]:
    """The verdict on each of several logs; `judge_file` says it of one."""
    twins = ledger.same_files(con, [file.record() for file, problem in files if not problem])
    asked = [file for file, problem in files if not problem and file.name not in twins]
    found = dict(zip((file.name for file in asked), judge_logs(con, settings, asked), strict=True))
    verdicts = []
    for file, problem in files:
        judged = problem or found.get(file.name)
        if judged is None:
            said = f"isi sama dengan {twins[file.name]}"
            judged = Verdict(file.record().rejected("duplicate", "duplicate", said))
        verdicts.append(judged if isinstance(judged, Verdict) else _refused(con, file, judged))
    return verdicts


def _as_received(
    file: ReceivedFile, receipts: Mapping[tuple[str, str], tuple[str, dt.datetime]]
) -> ReceivedFile:
    """`_as_before` by what `ledger.receipts_of` tells."""
    return _again(file, receipts.get((file.name, file.record().file_sha256)))


def receive_file(
    con: duckdb.DuckDBPyConnection, settings: Settings, inbox: Path, entry: InboxFile
) -> Verdict:
    """Archive, judge and keep one file, or record why it is not loaded.

    Raises:
        Exception: only what is wrong with the home itself: a full disk, a database that does not answer.
    """
    with dropping_relations(con):
        file = _as_before(con, first_known(settings, entry))
        return _received(con, settings, file, lambda: _opened(con, settings, inbox, file))


def receive_again(
    con: duckdb.DuckDBPyConnection, settings: Settings, file: ReceivedFile, contract: Contract | None
) -> Verdict:
    """Judge and keep a content of the archive as it came then; raises as `receive_file` does.

    Args:
        con: a prepared connection.
        settings: the home.
        file: with its content, meta and time of receipt.
        contract: the one that it was judged by; None: the one that it declares, else the one in force.
    """
    with dropping_relations(con):
        return _received(con, settings, file, lambda: file, contract)


def keep_again(
    con: duckdb.DuckDBPyConnection, settings: Settings, file: ReceivedFile, verdict: Verdict
) -> Verdict:
    """Keep a verdict whose content is not there any more to be judged: no row of a table, no bad line."""
    with dropping_relations(con):
        lake.create_bad_lines(con)
        return keep_file(con, settings, file, verdict)


def _received(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    file: ReceivedFile,
    opened: Callable[[], ReceivedFile],
    contract: Contract | None = None,
) -> Verdict:
    try:
        file = opened()
        return keep_file(con, settings, file, judge_file(con, settings, file, contract))
    except Exception as error:
        verdict = _refused(con, file, error)
    return keep_file(con, settings, file, verdict)


def _refused(con: duckdb.DuckDBPyConnection, file: ReceivedFile, error: Exception) -> Verdict:
    """The verdict on a file that an error keeps from being loaded; an error of the home is raised."""
    record = file.record()
    if isinstance(error, FileWaiting):
        # A log grows; a table that ends before its end is sent again.
        is_cut = error.code == "truncated" and not file.is_log
        status: Status = "rejected" if is_cut else "waiting"
        return Verdict(record.rejected(status, error.code, error.message), error.left_out)
    if isinstance(error, FileProblem):
        refused = record.rejected("rejected", error.code, error.message)
        return Verdict(refused, error.left_out, details=_details(error))
    if _is_of_the_home(con, error):
        raise error
    return Verdict(record.rejected("rejected", "internal", _INTERNAL), details=_details(error))


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


def _opened(
    con: duckdb.DuckDBPyConnection, settings: Settings, inbox: Path, file: ReceivedFile
) -> ReceivedFile:
    return _as_before(con, _archived(con, settings, inbox, file))


def _archived(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    inbox: Path,
    file: ReceivedFile,
    believed: Callable[[str, str], tuple[str, str | None]] | None = None,
) -> ReceivedFile:
    """The file with its meta read and its bytes in the archive."""
    if file.entry.problem:
        raise file.entry.problem
    file = with_meta(file, inbox, believed or partial(believed_sender, con))
    limit = _max_bytes(settings, file)
    with open_entry(file.entry.path, inbox) as source:
        content = archive_file(source, settings.archive, ByteLimits(limit, settings.inflate_max_ratio))
    return replace(file, content=content)


def _max_bytes(settings: Settings, file: ReceivedFile) -> int:
    if file.is_log:
        return settings.log_max_bytes
    return settings.document_max_bytes if file.kind == DOCUMENT_KIND else settings.table_max_bytes


def _as_before(con: duckdb.DuckDBPyConnection, file: ReceivedFile) -> ReceivedFile:
    """Looked at again, by whatever reason, it is still the file that came then."""
    return _again(file, ledger.earlier_receipt(con, file.record()))


def _again(file: ReceivedFile, earlier: tuple[str, dt.datetime] | None) -> ReceivedFile:
    if earlier is None:
        return file
    period, received_at = earlier
    return replace(file, period=file.period if file.is_dated else period, received_at=received_at)


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


def _is_of_the_home(con: duckdb.DuckDBPyConnection, error: Exception) -> bool:
    """Whether an error says that the home can not be worked in, so that the next file would meet it, too."""
    import duckdb

    # What is wrong with a file's own bytes or name has become a `FileProblem` where it was opened.
    if isinstance(error, OSError | duckdb.InterruptException | duckdb.FatalException):
        return True
    if isinstance(error, duckdb.IOException) and "space" in str(error).lower():
        return True
    try:
        con.execute("select 1")
    except duckdb.Error:
        return True
    return False


def _details(error: Exception) -> str | None:
    """What the log keeps of a fault of ours: where it came up; its message masked."""
    if isinstance(error, FileRejected) and error.code != "internal":
        return None
    told = (error.details if isinstance(error, FileProblem) else None) or "".join(
        traceback.format_exception(error)
    )
    return masked(told[-_LONGEST_DETAILS:])

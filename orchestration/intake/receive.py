"""From an entry of the inbox to a verdict: found, opened, archived, read and judged.

Belongs here: which files are new, the order of steps for one file, and the barrier: whatever goes wrong with
one file is that file's. Stays out: logs, of which many are read at one time (`receive_logs.py`); judging
(`judge.py`) and the transaction (`keep.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from expectations.relations import dropping_relations
from orchestration.intake.judge import judge_file
from orchestration.intake.keep import keep_file
from orchestration.intake.known import as_received, first_known, limits_of, refused, with_meta
from orchestration.intake.prepare import format_fingerprint, table_kinds
from orchestration.intake.receive_logs import receive_logs
from orchestration.settings import Settings
from orchestration.workers.pools import OwnProcess, Pool
from sources import lake, ledger
from sources.archive import archive_file
from sources.kinds import LOG_KIND, InboxFile, scan_inbox
from sources.ledger import FileRecord
from sources.opener import open_entry
from sources.received import ReceivedFile, Verdict

if TYPE_CHECKING:
    import duckdb

    from expectations.contract import Contract


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
    workers: Callable[[duckdb.DuckDBPyConnection, int], AbstractContextManager[Pool]] | None = None,
) -> Iterator[FileRecord]:
    """Receive every new file of a kind (None: reject those of no known kind); one transaction a file.

    Args:
        con: a prepared connection.
        settings: the home.
        inbox: the folder to read.
        kind: of the files.
        tell: handed each file's verdict, for the log.
        workers: who reads logs, given the connection and how many bytes there are; None: this process.
    """
    entries = new_files(con, inbox, kind)
    if kind != LOG_KIND:
        for entry in entries:
            verdict = receive_file(con, settings, inbox, entry)
            tell(verdict)
            yield verdict.record
        return
    size = sum(entry.size for entry in entries)
    with workers(con, size) if workers else nullcontext(OwnProcess(con)) as pool:
        for verdict in receive_logs(con, settings, inbox, entries, pool):
            tell(verdict)
            yield verdict.record


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
        verdict = refused(con, file, error)
    return keep_file(con, settings, file, verdict)


def _opened(
    con: duckdb.DuckDBPyConnection, settings: Settings, inbox: Path, file: ReceivedFile
) -> ReceivedFile:
    return _as_before(con, _archived(con, settings, inbox, file))


def _archived(
    con: duckdb.DuckDBPyConnection, settings: Settings, inbox: Path, file: ReceivedFile
) -> ReceivedFile:
    """The file with its meta read and its bytes in the archive."""
    if file.entry.problem:
        raise file.entry.problem
    file = with_meta(con, file, inbox)
    with open_entry(file.entry.path, inbox) as source:
        content = archive_file(source, settings.archive, limits_of(settings, file))
    return replace(file, content=content)


def _as_before(con: duckdb.DuckDBPyConnection, file: ReceivedFile) -> ReceivedFile:
    """Looked at again, by whatever reason, it is still the file that came then."""
    return as_received(file, ledger.earlier_receipt(con, file.record()))

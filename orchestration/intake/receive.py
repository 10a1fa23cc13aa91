"""Which files of the inbox are new, and who takes them: one by one, small tables together, logs.

Stays out: the steps of a file (`receive_one.py`, `receive_tables.py`, `receive_logs.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from expectations import contract as contracts
from orchestration.intake.judge import stands_alone
from orchestration.intake.prepare import format_fingerprint, table_kinds
from orchestration.intake.receive_logs import receive_logs
from orchestration.intake.receive_one import receive_file
from orchestration.intake.receive_tables import receive_tables
from orchestration.settings import Settings
from orchestration.workers.pools import OwnProcess, Pool
from sources import ledger
from sources.kinds import LOG_KIND, InboxFile, scan_inbox
from sources.ledger import FileRecord
from sources.logs import writing
from sources.received import Verdict

if TYPE_CHECKING:
    import duckdb


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
        inbox, kinds, writing.LOG_FORMATS, lambda name: name == kind if kind else name not in known
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
    """Receive every new file of a kind (None: reject those of no known kind); small ones are kept together.

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
        if kind and stands_alone(contracts.load_contract(kind)):
            verdicts = receive_tables(con, settings, inbox, kind, entries)
        else:
            verdicts = (receive_file(con, settings, inbox, entry) for entry in entries)
        for verdict in verdicts:
            tell(verdict)
            yield verdict.record
        return
    size = sum(entry.size for entry in entries)
    with workers(con, size) if workers else nullcontext(OwnProcess(con)) as pool:
        for verdict in receive_logs(con, settings, inbox, entries, pool):
            tell(verdict)
            yield verdict.record

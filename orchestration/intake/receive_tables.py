"""Small tables from the inbox to verdicts: many judged by one plan, each with its own verdict.

Belongs here: which tables are judged and kept together. Stays out: judging (`judge.py`), the transaction
(`keep.py`), tables that come alone (`receive_one.py`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from expectations.reference_tables import believed_sender
from expectations.relations import dropping_relations
from orchestration.intake.judge import judge_tables, may_correct, read_small
from orchestration.intake.keep import keep_file, keep_tables
from orchestration.intake.known import (
    as_before,
    details_of,
    duplicate_of,
    first_known,
    is_of_the_home,
    refused,
)
from orchestration.intake.receive_one import archived, receive_file, received
from orchestration.settings import Settings
from sources import ledger
from sources.kinds import InboxFile
from sources.received import ReceivedFile, Verdict
from sources.tables import TableFile

if TYPE_CHECKING:
    import duckdb

_log = logging.getLogger(__name__)
# A table of at most so many bytes in the inbox is judged with others; together they have at most so many,
# inflated, are at most so many, and are judged once so many rows are read.
_SMALL_TABLE = 1 << 20
_BYTES_TOGETHER = 1 << 24
_TABLES_TOGETHER = 100
_ROWS_READ = 20_000


def receive_tables(
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
        file = as_before(first_known(settings, entry), receipts)
        problem = None
        try:
            file = as_before(archived(settings, inbox, file, believed), receipts)
        except Exception as error:
            if is_of_the_home(con, error):
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
            return received(con, settings, file, partial(_given, file, problem))

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
        return duplicate_of(file, twin)
    try:
        return read_small(settings, _given(file, problem))
    except Exception as error:
        return refused(con, file, error)


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
        if is_of_the_home(con, error):
            raise
        _log.warning("%s tables are judged one by one: %s", len(files), details_of(error))
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

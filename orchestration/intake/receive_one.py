"""One file from an entry of the inbox to a verdict: opened, archived, read, judged, kept.

Belongs here: the order of steps, and the barrier: whatever goes wrong with a file is that file's. Stays out:
files that are read together (`receive_logs.py`, `receive_tables.py`), judging, the transaction.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from expectations.reference_tables import believed_sender
from expectations.relations import dropping_relations
from orchestration.intake.judge import judge_file
from orchestration.intake.keep import keep_file
from orchestration.intake.known import as_received, first_known, limits_of, refused, with_meta
from orchestration.settings import Settings
from sources import ledger
from sources.archive import archive_file
from sources.kinds import InboxFile
from sources.logs import writing
from sources.opener import open_entry
from sources.received import ReceivedFile, Verdict

if TYPE_CHECKING:
    import duckdb

    from expectations.contract import Contract


def receive_file(
    con: duckdb.DuckDBPyConnection, settings: Settings, inbox: Path, entry: InboxFile
) -> Verdict:
    """Archive, judge and keep one file, or record why it is not loaded.

    Raises:
        Exception: only what is wrong with the home itself: a full disk, a database that does not answer.
    """
    with dropping_relations(con):
        file = _as_before(con, first_known(settings, entry))
        return received(con, settings, file, lambda: _opened(con, settings, inbox, file))


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
        return received(con, settings, file, lambda: file, contract)


def keep_again(
    con: duckdb.DuckDBPyConnection, settings: Settings, file: ReceivedFile, verdict: Verdict
) -> Verdict:
    """Keep a verdict whose content is not there any more to be judged: no row of a table, no bad line."""
    with dropping_relations(con):
        writing.create_bad_lines(con)
        return keep_file(con, settings, file, verdict)


def received(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    file: ReceivedFile,
    opened: Callable[[], ReceivedFile],
    contract: Contract | None = None,
) -> Verdict:
    """Judge and keep a file that `opened` gives, or keep why it can not be loaded.

    Args:
        con: a prepared connection.
        settings: the home.
        file: as it is known before it is opened.
        opened: the same with its content; raises what stands against it.
        contract: as for `receive_again`.
    """
    try:
        file = opened()
        return keep_file(con, settings, file, judge_file(con, settings, file, contract))
    except Exception as error:
        verdict = refused(con, file, error)
    return keep_file(con, settings, file, verdict)


def _opened(
    con: duckdb.DuckDBPyConnection, settings: Settings, inbox: Path, file: ReceivedFile
) -> ReceivedFile:
    return _as_before(con, archived(settings, inbox, file, partial(believed_sender, con)))


def archived(
    settings: Settings,
    inbox: Path,
    file: ReceivedFile,
    believed_by: Callable[[str, str], tuple[str, str | None]],
) -> ReceivedFile:
    """The file with its meta read and its bytes in the archive.

    Args:
        settings: the home.
        inbox: the folder that nothing may lead out of.
        file: as its name and folder tell it.
        believed_by: as for `with_meta`.

    Raises:
        FileProblem: it can not be opened or kept.
    """
    if file.entry.problem:
        raise file.entry.problem
    file = with_meta(file, inbox, believed_by)
    with open_entry(file.entry.path, inbox) as source:
        content = archive_file(source, settings.archive, limits_of(settings, file))
    return replace(file, content=content)


def _as_before(con: duckdb.DuckDBPyConnection, file: ReceivedFile) -> ReceivedFile:
    """Looked at again, by whatever reason, it is still the file that came then."""
    return as_received(file, ledger.earlier_receipt(con, file.record()))

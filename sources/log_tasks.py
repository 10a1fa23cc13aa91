"""What of reading logs may be done in another process, or on another machine that sees the same home.

Belongs here: the tasks (values that travel), the functions that do them, what a process needs for it. Stays
out: where they run (`orchestration/workers/`); placing what they leave and noting it, which is done by the
one process that holds the home.

A task may be done twice, also at once, or end half done: each time it writes into a folder of its own, and
only what is returned counts.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from expectations.quoting import literal
from expectations.relations import BAD_LINES, dropping_relations
from sources import lake
from sources.archive import Archived, ByteLimits, Copied, copy_file, drop_copies, keep_copies
from sources.errors import FileProblem
from sources.logs import writing
from sources.logs.reading import Spool
from sources.opener import open_entry
from sources.privacy import install_masking, known_key


@dataclass(frozen=True)
class ArchiveTask:
    """Keep the bytes of some files of the inbox."""

    paths: tuple[Path, ...]
    inbox: Path
    archive: Path
    limits: ByteLimits


@dataclass(frozen=True)
class Unopened:
    """Why a file could not even be opened where the task was done."""

    problem: FileProblem


@dataclass(frozen=True)
class Reader:
    """What reading needs beside the log: the key of the pseudonyms by its path, so that no message holds it,
    its id, the lake, and the terms.
    """

    key: Path
    key_id: str
    lake_dir: Path
    terms: writing.LogTerms


@dataclass(frozen=True)
class ReadTask:
    """Read logs together if they are small, or one of any size."""

    reader: Reader
    sources: tuple[writing.LogSource, ...]
    are_small: bool


@dataclass(frozen=True)
class ChunkTask:
    """Read one chunk of a log."""

    reader: Reader
    source: writing.LogSource
    chunk: Spool


@dataclass(frozen=True)
class Reading:
    """What became of logs that were read: the logs, Parquet files of their lines that are no records
    (`file_id`, `row_number`, `broken`, `raw_row`), and the folders in which all of it lies.
    """

    logs: Sequence[writing.LogAside]
    bad_lines: Sequence[Path] = ()
    folders: Sequence[Path] = ()

    def drop(self) -> None:
        """Remove what lies aside still."""
        for folder in self.folders:
            shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class ChunkReading:
    """The same of one chunk, in one folder."""

    chunk: writing.ChunkAside
    bad_lines: Sequence[Path]
    aside: Path

    def drop(self) -> None:
        """Remove what lies aside still."""
        shutil.rmtree(self.aside, ignore_errors=True)


def archive(con: duckdb.DuckDBPyConnection, task: ArchiveTask) -> list[Archived | FileProblem | Unopened]:
    """The content of each in the archive, or why there is none."""
    found: list[Copied | FileProblem | Unopened] = []
    with ExitStack() as opened:
        opened.callback(lambda: drop_copies(one for one in found if isinstance(one, Copied)))
        for path in task.paths:
            try:
                source = opened.enter_context(open_entry(path, task.inbox))
            except FileProblem as problem:
                found.append(Unopened(problem))
                continue
            try:
                found.append(copy_file(source, task.archive, task.limits))
            except FileProblem as problem:
                found.append(problem)
        kept = iter(keep_copies(task.archive, [one for one in found if isinstance(one, Copied)]))
        return [next(kept) if isinstance(one, Copied) else one for one in found]


def read(con: duckdb.DuckDBPyConnection, task: ReadTask) -> Reading:
    """Read logs aside; one that can not be used as a whole has its problem as its result."""
    terms = task.reader.terms
    with _attempt(task.reader) as aside, dropping_relations(con):
        if task.are_small:
            writing.create_bad_lines_of_logs(con)
            logs = writing.read_logs(con, task.sources, terms, aside)
            return Reading(logs, _bad_lines(con, f"from {writing.BAD_LINES_OF_LOGS}", aside), [aside])
        [source] = task.sources
        writing.create_bad_lines(con)
        try:
            log = writing.read_log(con, source, terms, aside)
        except FileProblem as problem:
            log = writing.LogAside(source.file_id, problem, {})
        return Reading([log], _bad_lines(con, _of_one(source), aside), [aside])


def read_chunk(con: duckdb.DuckDBPyConnection, task: ChunkTask) -> ChunkReading:
    """Read one chunk aside."""
    with _attempt(task.reader) as aside, dropping_relations(con):
        chunk = writing.read_chunk(con, task.source, task.chunk, task.reader.terms, aside)
        return ChunkReading(chunk, _bad_lines(con, _of_one(task.source), aside), aside)


@contextmanager
def _attempt(reader: Reader) -> Iterator[Path]:
    """A folder that no other attempt has; it is gone where the attempt fails."""
    aside = Path(tempfile.mkdtemp(prefix=lake.ASIDE, dir=reader.lake_dir))
    try:
        yield aside
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise


def _of_one(source: writing.LogSource) -> str:
    return f"from (select {literal(source.file_id)} as file_id, * from {BAD_LINES})"


def _bad_lines(con: duckdb.DuckDBPyConnection, relation: str, aside: Path) -> list[Path]:
    if con.execute(f"select 1 {relation} limit 1").fetchone() is None:
        return []
    path = aside / "bad_lines.parquet"
    con.execute(f"copy (select * {relation}) to {literal(str(path))} (format parquet)")
    return [path]


def reading_connection(key: Path, key_id: str, memory_bytes: int, scratch: Path) -> duckdb.DuckDBPyConnection:
    """A connection of a process that does tasks, on one thread.

    Args:
        key: file of the key of the pseudonyms.
        key_id: of the key that it must hold.
        memory_bytes: that DuckDB may take.
        scratch: folder for what does not fit.

    Raises:
        KeyLost: it is another key, or none.
    """
    con = duckdb.connect(
        config={"threads": 1, "memory_limit": f"{memory_bytes}B", "temp_directory": str(scratch)}
    )
    # DuckDB takes a process that another started for a person's.
    con.execute("set enable_progress_bar = false")
    prepare_reading(con, known_key(key, key_id))
    return con


def prepare_reading(con: duckdb.DuckDBPyConnection, key: bytes) -> None:
    """Give a connection what reading needs."""
    con.execute("set TimeZone = 'UTC'")
    # The intake joins what is large to what is small as written; to look for another order costs more than
    # most files.
    con.execute("set disabled_optimizers = 'join_order'")
    install_masking(con, key)

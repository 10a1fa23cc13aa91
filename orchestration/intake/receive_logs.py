"""Logs from the inbox to verdicts: read by whoever does tasks, kept in their order by who holds the home.

Belongs here: which logs are read together or in chunks, how far reading is ahead of keeping. Stays out:
reading (`sources/log_tasks.py`), where it happens (`orchestration/workers/`), judging and keeping.

Reading is a guess until its turn comes: what the logs before it made of the ledger may forbid it, and then
what lies aside is dropped. So results do not depend on how much was read at one time, or by whom.
"""

from __future__ import annotations

import contextlib
import logging
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from expectations.reference_tables import believed_sender
from expectations.relations import dropping_relations
from orchestration.intake.judge import judge_logs
from orchestration.intake.keep import keep_file, keep_logs
from orchestration.intake.known import (
    as_before,
    details_of,
    duplicate_of,
    first_known,
    is_of_the_home,
    limits_of,
    refused,
    with_meta,
)
from orchestration.settings import Settings
from orchestration.workers.pools import Found, OwnProcess, Pending, Pool, Task, TooLarge, WorkersLost
from sources import lake, ledger
from sources.archive import Archived
from sources.errors import FileProblem
from sources.kinds import LOG_KIND, InboxFile
from sources.log_tasks import (
    ArchiveTask,
    ChunkReading,
    ChunkTask,
    Reader,
    Reading,
    ReadTask,
    Unopened,
    archive,
    read,
    read_chunk,
)
from sources.logs import writing
from sources.logs.reading import CHUNK_BYTES, Account
from sources.nights import now_utc
from sources.opener import open_entry
from sources.privacy import key_id_of
from sources.received import ReceivedFile, Verdict

if TYPE_CHECKING:
    import duckdb

# So many files, or bytes as they came, are archived by one task.
_ARCHIVED_FILES = 64
_ARCHIVED_BYTES = 1 << 25
# A log of so many chunks is worth being read by several workers.
_CHUNKS = 2
_log = logging.getLogger(__name__)

# A file with all that is known before its bytes are read, or with why they can not be.
_Named = tuple[ReceivedFile, Exception | None]


@dataclass
class _Batch:
    """Logs received at one time and small enough to be read together, as they follow each other, or one of
    any size; each with why it could not be opened, if so.
    """

    files: list[_Named] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    contents: set[str] = field(default_factory=set)
    size: int = 0
    is_alone: bool = False

    def takes(self, file: ReceivedFile, size: int) -> bool:
        """Whether a log of so many bytes can be read with these, of which none has its name or content."""
        return not self.files or (
            not self.is_alone
            and len(self.files) < lake.MANY_FILES
            and size <= lake.SMALL_BYTES
            and self.size + size <= lake.MANY_BYTES
            and file.received_at == self.files[0][0].received_at
            and file.name not in self.names
            and file.record().file_id not in self.contents
        )

    def add(self, file: ReceivedFile, problem: Exception | None, size: int) -> None:
        """Take one more log."""
        self.files.append((file, problem))
        self.names.add(file.name)
        self.contents.add(file.record().file_id)
        self.size += size
        self.is_alone |= size > lake.SMALL_BYTES


def receive_logs(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    inbox: Path,
    entries: Sequence[InboxFile],
    pool: Pool,
    chunk_bytes: int = CHUNK_BYTES,
) -> Iterator[Verdict]:
    """Receive logs as `receive_file` does each, in their order; small ones that follow each other are read
    and kept together.

    A crash loses no more than what was not kept yet, which is new the next time, too.

    Args:
        con: a prepared connection.
        settings: the home.
        inbox: the folder to read.
        entries: of logs, in the order of reading.
        pool: does the reading.
        chunk_bytes: a log of more than two chunks of so many is read by several workers.

    Raises:
        WorkersLost: there is nobody to read any more; what was kept before is kept.
        Exception: only what is wrong with the home itself.
    """
    logs = _Logs(con, settings, inbox, pool, chunk_bytes)
    ahead: deque[_Begun] = deque()
    for batch in logs.batches(entries):
        ahead.append(logs.begin(batch))
        if len(ahead) >= (1 if pool.size == 1 else 2 * pool.size):
            yield from logs.settle(ahead.popleft())
    while ahead:
        yield from logs.settle(ahead.popleft())


@dataclass
class _Begun:
    """A batch, which of its logs are being read, and the reading; None: it begins when its turn comes."""

    batch: _Batch
    asked: list[ReceivedFile]
    reading: Pending[Reading] | None


class _Logs:
    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        settings: Settings,
        inbox: Path,
        pool: Pool,
        chunk_bytes: int,
    ) -> None:
        self._con, self._settings, self._inbox, self._pool = con, settings, inbox, pool
        self._own = OwnProcess(con)
        self._chunk_bytes = chunk_bytes
        self._key_id = key_id_of(con)
        # Contents that are being read: a twin of one of them waits for what becomes of it.
        self._begun: set[str] = set()

    def batches(self, entries: Sequence[InboxFile]) -> Iterator[_Batch]:
        """The logs, archived, in the order and the groups in which they are read."""
        receipts = ledger.receipts_of(self._con, [entry.name for entry in entries], LOG_KIND)
        batch, now = _Batch(), now_utc()
        for file, problem in self._archived(entries):
            found = as_before(replace(file, received_at=now), receipts)
            size = found.content.size if found.content else 0
            if not batch.takes(found, size):
                yield batch
                batch, now = _Batch(), now_utc()
                # All of a batch were received at one time.
                found = as_before(replace(file, received_at=now), receipts)
            batch.add(found, problem, size)
        if batch.files:
            yield batch

    def _archived(self, entries: Sequence[InboxFile]) -> Iterator[_Named]:
        """Each log with its bytes in the archive, or why they are not."""
        ahead: deque[tuple[list[_Named], Pending[list[Archived | FileProblem | Unopened]]]] = deque()
        for group in self._groups(entries):
            ahead.append((group, self._pool.submit(archive, self._archiving(group))))
            if len(ahead) >= 2 * self._pool.size:
                yield from self._with_contents(*ahead.popleft())
        while ahead:
            yield from self._with_contents(*ahead.popleft())

    def _with_contents(
        self, group: Sequence[_Named], pending: Pending[list[Archived | FileProblem | Unopened]]
    ) -> Iterator[_Named]:
        """Each of a group with what archiving gave; archived alone where the group could not be."""
        try:
            found = iter(self._result(pending, archive, self._archiving(group)))
        except Exception as error:
            if is_of_the_home(self._con, error):
                raise
            if len(group) == 1:
                [(file, problem)] = group
                yield file, problem or error
                return
            for one in group:
                yield from self._with_contents([one], self._pool.submit(archive, self._archiving([one])))
            return
        for file, problem in group:
            content = problem or next(found)
            if isinstance(content, Archived):
                yield replace(file, content=content), None
            else:
                yield file, self._unopened(file, content) if isinstance(content, Unopened) else content

    def _unopened(self, file: ReceivedFile, found: Unopened) -> FileProblem:
        """Why a file can not be opened, also here; where it can, the workers see another inbox."""
        if self._pool.size > 1:
            with contextlib.suppress(FileProblem), open_entry(file.entry.path, self._inbox):
                raise WorkersLost(f"the workers do not see {self._inbox} as it is here")
        return found.problem

    def _archiving(self, group: Sequence[_Named]) -> ArchiveTask:
        return ArchiveTask(
            tuple(file.entry.path for file, problem in group if not problem),
            self._inbox,
            self._settings.archive,
            limits_of(self._settings, group[0][0]),
        )

    def _groups(self, entries: Sequence[InboxFile]) -> Iterator[list[_Named]]:
        group, size = list[_Named](), 0
        for entry in entries:
            if group and (len(group) >= _ARCHIVED_FILES or size + entry.size > _ARCHIVED_BYTES):
                yield group
                group, size = [], 0
            group.append(self._named(entry))
            size += entry.size
        if group:
            yield group

    def _named(self, entry: InboxFile) -> _Named:
        file = first_known(self._settings, entry)
        if entry.problem:
            return file, entry.problem
        try:
            return with_meta(file, self._inbox, partial(believed_sender, self._con)), None
        except Exception as problem:
            if is_of_the_home(self._con, problem):
                raise
            return file, problem

    def begin(self, batch: _Batch) -> _Begun:
        """Let the logs be read that, as far as is known now, are to be; what runs in this process begins when
        it is asked for, and guesses nothing.
        """
        if self._pool.size == 1:
            return _Begun(batch, [], None)
        asked = _asked(batch, self._twins(batch))
        ids = {file.record().file_id for file in asked}
        if not asked or self._is_large(asked) or ids & self._begun:
            return _Begun(batch, asked, None)
        self._begun |= ids
        return _Begun(batch, asked, self._read(asked))

    def settle(self, begun: _Begun) -> list[Verdict]:
        """Judge and keep a batch, or each log by itself where that fails."""
        batch = begun.batch
        try:
            return self._kept(begun)
        except Exception as error:
            if is_of_the_home(self._con, error):
                raise
            if len(batch.files) == 1:
                [(file, _)] = batch.files
                return [keep_file(self._con, self._settings, file, refused(self._con, file, error))]
            _log.warning("%s logs are read one by one: %s", len(batch.files), details_of(error))
        finally:
            self._begun -= {file.record().file_id for file in begun.asked}
        verdicts = []
        for file, problem in batch.files:
            alone = _Batch()
            alone.add(file, problem, lake.MANY_BYTES)
            verdicts += self.settle(_Begun(alone, [], None))
        return verdicts

    def _kept(self, begun: _Begun) -> list[Verdict]:
        con, settings, files = self._con, self._settings, begun.batch.files
        twins = self._twins(begun.batch)
        asked = _asked(begun.batch, twins)
        pending = begun.reading
        if pending and asked != begun.asked:
            pending.result().drop()
            pending = None
        with dropping_relations(con):
            readings = list[Reading]()
            if asked:
                readings = self._read_now(asked, pending)
            try:
                judged = judge_logs(con, settings, asked, readings)
                found = dict(zip((file.name for file in asked), judged, strict=True))
                verdicts = [self._verdict(named, found, twins) for named in files]
                return keep_logs(con, settings, [file for file, _ in files], verdicts)
            except Exception:
                # Each will be read by itself, into files of its own.
                joined = lake.joined_ids([log for reading in readings for log in reading.logs])
                lake.remove_logs(settings.lake, joined)
                raise
            finally:
                for reading in readings:
                    reading.drop()

    def _twins(self, batch: _Batch) -> dict[str, str]:
        return ledger.same_files(self._con, [file.record() for file, problem in batch.files if not problem])

    def _verdict(
        self, named: _Named, found: Mapping[str, Verdict | FileProblem], twins: Mapping[str, str]
    ) -> Verdict:
        """The verdict on one of several logs; `judge_file` says it of one."""
        file, problem = named
        if not problem and file.name in twins:
            return duplicate_of(file, twins[file.name])
        judged = problem or found[file.name]
        return judged if isinstance(judged, Verdict) else refused(self._con, file, judged)

    def _is_large(self, files: Sequence[ReceivedFile]) -> bool:
        size = sum(file.content.size for file in files if file.content)
        return self._pool.size > 1 and len(files) == 1 and size > _CHUNKS * self._chunk_bytes

    def _read_now(self, files: Sequence[ReceivedFile], pending: Pending[Reading] | None) -> list[Reading]:
        if pending or not self._is_large(files):
            return [self._result(pending or self._read(files), read, self._reading(files))]
        try:
            return self._read_in_chunks(files[0])
        except TooLarge:
            return [self._own.submit(read, self._reading(files)).result()]

    def _result(
        self,
        pending: Pending[Found],
        function: Callable[[duckdb.DuckDBPyConnection, Task], Found],
        task: Task,
    ) -> Found:
        """What a task gives; the run, which has more memory, does what was too large for a worker."""
        try:
            return pending.result()
        except TooLarge as error:
            _log.warning("done by the run itself: %s", error)
            return self._own.submit(function, task).result()

    def _read(self, files: Sequence[ReceivedFile]) -> Pending[Reading]:
        return self._pool.submit(read, self._reading(files))

    def _reading(self, files: Sequence[ReceivedFile]) -> ReadTask:
        sizes = [file.content.size for file in files if file.content]
        return ReadTask(
            self._reader(files[0]), tuple(map(_source, files)), are_small=max(sizes) <= lake.SMALL_BYTES
        )

    def _reader(self, file: ReceivedFile) -> Reader:
        settings = self._settings
        terms = writing.LogTerms(
            settings.time_zone, settings.first_day, file.received_at, settings.log_max_bytes
        )
        settings.lake.mkdir(parents=True, exist_ok=True)
        return Reader(settings.keys / "pseudonym.key", self._key_id, settings.lake, terms)

    def _read_in_chunks(self, file: ReceivedFile) -> list[Reading]:
        """One log by all workers; its text is parted here."""
        reader, source, account = self._reader(file), _source(file), Account()
        done: list[ChunkReading] = []
        ahead: deque[tuple[Path, Pending[ChunkReading]]] = deque()

        def take() -> None:
            path, pending = ahead.popleft()
            done.append(pending.result())
            path.unlink()

        try:
            with lake.aside(self._settings.lake) as folder:
                for chunk in writing.spool_log(source, reader.terms, folder, account, self._chunk_bytes):
                    task = ChunkTask(reader, source, chunk)
                    ahead.append((chunk.path, self._pool.submit(read_chunk, task)))
                    if len(ahead) > self._pool.size:
                        take()
                while ahead:
                    take()
            log = writing.join_chunks(source, [reading.chunk for reading in done], account)
        except Exception as error:
            for _, pending in ahead:
                with contextlib.suppress(Exception):
                    done.append(pending.result())
            for reading in done:
                reading.drop()
            if not isinstance(error, FileProblem):
                raise
            return [Reading([writing.LogAside(source.file_id, error, {})])]
        bad_lines = [path for reading in done for path in reading.bad_lines]
        return [Reading([log], bad_lines, [reading.aside for reading in done])]


def _asked(batch: _Batch, twins: Collection[str]) -> list[ReceivedFile]:
    """The logs of a batch that are read: neither unusable nor equal to another file."""
    return [file for file, problem in batch.files if not problem and file.name not in twins]


def _source(file: ReceivedFile) -> writing.LogSource:
    return writing.LogSource(
        file.path, file.entry.log_format or "", file.instansi_code, file.record().file_id, file.name
    )

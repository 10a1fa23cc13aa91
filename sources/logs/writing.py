"""From the lines of a log to Parquet files of records, aside of the lake, names and persons masked.

Belongs here: reading one log, many small ones, or a chunk of a large one into a folder of the caller's. Stays
out: the lake itself (`sources/lake.py`), how a format is read (its own module).
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import logging
import os
import shutil
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

import duckdb

from expectations.quoting import literal
from expectations.relations import BAD_LINES
from expectations.rules import BROKEN_TYPE
from sources import joined
from sources.errors import FileProblem, FileRejected
from sources.ledger import LakeFile
from sources.left_out import LeftOut
from sources.logs import combined, kong, wso2, xroad
from sources.logs.envelopes import may_be_wrapped_sql, open_one_sql, opened
from sources.logs.reading import (
    BLANK,
    CUT,
    MAX_INFLATED_BYTES,
    Account,
    Lines,
    Spool,
    opening_of,
    pick_lines,
    read_text,
    spool,
)
from sources.logs.record import (
    ISSUED_ID,
    LAKE_COLUMNS,
    LINES,
    NAMED_SQL,
    WHOLE,
    ZONE_VARIABLE,
    LogFormat,
    is_bad_sql,
    problems_sql,
)
from sources.privacy import key_id_of

LOG_FORMATS = {form.FORMAT.name: form.FORMAT for form in (xroad, wso2, kong, combined)}


# The bad lines of logs that were read together, with the log that each is of.
BAD_LINES_OF_LOGS = "bad_lines_of_logs"
# Temporary tables that begin so serve the next file, too.
KEPT_TABLES = "known_"

# So many lines are held before they are looked at again, and so many names of a kind from file to file.
_LOOK_AGAIN = 20_000
_KNOWN = 200_000
# A chunk that holds all that there is.
_ENDLESS = 1 << 62
# Which of several logs a line of the scratch file is of.
_OF_FILE = "line_number > origin_before"
_log = logging.getLogger(__name__)
_Key = TypeVar("_Key")

_NO_JSON = (duckdb.DataError, duckdb.InvalidInputException)


@dataclass(frozen=True)
class LogResult:
    """What became of one log: `records + bad_lines + blank_lines = lines`.

    In JSON documents a line is an element of their arrays. `days` are the local days that the file touched,
    those it no longer touches included. `left_out` is what was not read as a line: what stood around or
    behind them, and lines with nothing on them.
    """

    lines: int
    records: int
    bad_lines: int
    blank_lines: int
    days: set[date]
    left_out: list[LeftOut] = field(default_factory=list)
    files: list[LakeFile] = field(default_factory=list, compare=False)


@dataclass(frozen=True)
class _Bounds:
    """The zone that makes the local day, the first local day and the latest moment (UTC) of a record."""

    time_zone: str
    first_day: date
    latest: datetime

    def local(self, moment: str) -> str:
        """SQL expression of the local time of a UTC timestamp."""
        zone = ZoneInfo(self.time_zone)
        days = (self.latest.date() - self.first_day).days + 2
        offsets = {
            datetime.combine(self.first_day + timedelta(days=n), time(), zone).utcoffset()
            for n in range(days)
        }
        if len(offsets) == 1:  # no summer time: adding is a hundred times cheaper than looking up
            [offset] = offsets
            return f"{moment} + interval ({int((offset or timedelta()).total_seconds())}) second"
        return f"timezone({literal(self.time_zone)}, timezone('UTC', {moment}))"


@dataclass(frozen=True)
class LogTerms:
    """By what a log is read; see `write_log`."""

    time_zone: str
    first_day: date
    received_at: datetime
    max_bytes: int = MAX_INFLATED_BYTES

    @property
    def bounds(self) -> _Bounds:
        """What a record's moment is held against."""
        return _Bounds(self.time_zone, self.first_day, self.received_at + timedelta(days=1))


@dataclass(frozen=True)
class LogSource:
    """One log to be read; see `write_log`."""

    path: Path
    log_format: str
    instansi_code: str
    file_id: str
    file_name: str


@dataclass
class _Part:
    """One of several logs that are read together; in the scratch file its lines stand behind `before`."""

    source: LogSource
    account: Account
    blocks: list[Lines]
    before: int = 0
    result: LogResult | FileProblem | None = None
    written: dict[tuple[date, int], tuple[Path, str]] = field(default_factory=dict)

    @property
    def lines(self) -> int:
        return sum(block.lines for block in self.blocks)


@dataclass
class Counts:
    """Of a log or a chunk of it; `is_ours`: whether a line that is no record looks like the format."""

    lines: int = 0
    records: int = 0
    bad_lines: int = 0
    blank_lines: int = 0
    is_ours: bool = False

    def add(self, other: Counts) -> None:
        """Count another chunk in."""
        self.lines += other.lines
        self.records += other.records
        self.bad_lines += other.bad_lines
        self.blank_lines += other.blank_lines


@dataclass(frozen=True)
class LogAside:
    """A log that was read and is not in the lake yet: what is to become of it, and its Parquet files by day
    and part, each with its sha256. Small logs that were read together may share one.
    """

    file_id: str
    result: LogResult | FileProblem
    files: Mapping[tuple[date, int], tuple[Path, str]]


@dataclass(frozen=True)
class ChunkAside:
    """The same of one chunk of a log."""

    counts: Counts
    account: Account
    files: Mapping[tuple[date, int], tuple[Path, str]]


def read_log(con: duckdb.DuckDBPyConnection, source: LogSource, terms: LogTerms, aside: Path) -> LogAside:
    """Read one log into Parquet files of a folder of the caller's; nothing is in the lake yet.

    Args:
        con: as for `write_log`.
        source: the log.
        terms: by which it is read.
        aside: an empty folder.

    Raises:
        FileProblem: as `write_log`.
    """
    form = LOG_FORMATS[source.log_format]
    try:
        con.execute(f"set variable {ZONE_VARIABLE} = ?", [terms.time_zone])
        account = Account()
        lines = opened(read_text(source.path, terms.max_bytes, account), aside / "wrapped", account)
        with _one_core_left(con), contextlib.closing(_ahead(spool(lines, aside / "lines"))) as chunks:
            counts, written = _write_aside(
                con,
                form,
                chunks,
                account,
                _record_select(form, _origin(con, source)),
                terms.bounds,
                aside,
                lambda lines: _log.info("%s: %s lines", source.file_name, f"{lines:,}"),
            )
    finally:
        _drop_scratch(con)
    return LogAside(source.file_id, _result(counts, account, written), _hashed(written))


def read_chunk(
    con: duckdb.DuckDBPyConnection, source: LogSource, chunk: Spool, terms: LogTerms, aside: Path
) -> ChunkAside:
    """Read one chunk of a log as `read_log` reads all of them; whether it is of its format is not judged.

    Args:
        con: as for `write_log`.
        source: the log; its path is not opened.
        chunk: of `spool_log`.
        terms: by which it is read.
        aside: an empty folder.
    """
    form = LOG_FORMATS[source.log_format]
    account = Account()
    try:
        con.execute(f"set variable {ZONE_VARIABLE} = ?", [terms.time_zone])
        counts, written = _write_aside(
            con,
            form,
            iter([chunk]),
            account,
            _record_select(form, _origin(con, source)),
            terms.bounds,
            aside,
            lambda _: None,
            judges_format=False,
        )
    finally:
        _drop_scratch(con)
    return ChunkAside(counts, account, _hashed(written))


def spool_log(
    source: LogSource, terms: LogTerms, aside: Path, account: Account, chunk_bytes: int
) -> Iterator[Spool]:
    """The chunks of a log, a scratch file each, which the caller deletes.

    Args:
        source: the log.
        terms: by which it is read.
        aside: a folder for them.
        account: gets what is left out before a line is read.
        chunk_bytes: about how much is in one.

    Raises:
        FileProblem: as `write_log`, in the midst of it, too.
    """
    lines = opened(read_text(source.path, terms.max_bytes, account), aside / "wrapped", account)
    return spool(lines, aside / "lines", chunk_bytes, keeps_all=True)


def join_chunks(source: LogSource, chunks: Sequence[ChunkAside], account: Account) -> LogAside:
    """One log of the chunks that it was read in, in their order.

    Args:
        source: the log.
        chunks: all of them.
        account: of `spool_log`.

    Raises:
        FileRejected: the log is not of its format, as `read_log` would say.
    """
    counts = Counts()
    written: dict[tuple[date, int], tuple[Path, str]] = {}
    parts = itertools.count()
    for chunk in chunks:
        counts.add(chunk.counts)
        if chunk.counts.bad_lines and not (counts.records or chunk.counts.is_ours):
            raise _wrong_format(LOG_FORMATS[source.log_format], counts.bad_lines)
        account.add(chunk.account)
        for _, files in itertools.groupby(chunk.files.items(), key=lambda item: item[0][1]):
            part = next(parts)
            written |= {(day, part): file for (day, _), file in files}
    return LogAside(source.file_id, _result(counts, account, written), written)


def _result(counts: Counts, account: Account, written: Iterable[tuple[date, int]]) -> LogResult:
    return LogResult(
        counts.lines,
        counts.records,
        counts.bad_lines,
        counts.blank_lines,
        {day for day, _ in written},
        account.left_out(),
    )


def _hashed(written: Mapping[_Key, Path]) -> dict[_Key, tuple[Path, str]]:
    """Files with their sha256; one that stands there several times is read once."""
    hashes = {path: sha256_of(path) for path in {*written.values()}}
    return {key: (path, hashes[path]) for key, path in written.items()}


def sha256_of(path: Path) -> str:
    """The sha256 of a file."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def read_logs(
    con: duckdb.DuckDBPyConnection, sources: Sequence[LogSource], terms: LogTerms, aside: Path
) -> list[LogAside]:
    """Read small logs as `read_log` does each, those of one shape at once, into a folder of the caller's.

    What a small log costs is planning its statements, which is done once for all.

    Args:
        con: with `create_bad_lines_of_logs` done.
        sources: logs of different `file_id`, received at one time, that fit into memory together.
        terms: by which they are read.
        aside: an empty folder.
    """
    try:
        con.execute(f"set variable {ZONE_VARIABLE} = ?", [terms.time_zone])
        parts = [_read_part(source, aside, terms.max_bytes) for source in sources]
        alike: dict[tuple[str, str | None], list[_Part]] = defaultdict(list)
        for part in parts:
            if part.result is None:
                form = LOG_FORMATS[part.source.log_format]
                alike[form.name, form.fast_fields("''", _opening(part.blocks))].append(part)
        with _threads(con, 1):
            for (name, _), those in alike.items():
                _write_together(con, LOG_FORMATS[name], those, terms.bounds, aside)
    finally:
        _drop_scratch(con)
    read = []
    for part in parts:
        assert part.result is not None
        read.append(LogAside(part.source.file_id, part.result, part.written))
    return read


def _read_part(source: LogSource, aside: Path, max_bytes: int) -> _Part:
    account = Account()
    part = _Part(source, account, [])
    try:
        part.blocks += opened(read_text(source.path, max_bytes, account), aside / "wrapped", account)
    except FileProblem as problem:
        part.result = problem
    return part


def _opening(blocks: Sequence[Lines]) -> bytes:
    return next((opening_of(block) for block in blocks if len(block.blank) < block.lines), b"")


def _write_together(
    con: duckdb.DuckDBPyConnection, form: LogFormat, parts: Sequence[_Part], bounds: _Bounds, aside: Path
) -> None:
    """Give each part its result and its Parquet files; its bad lines go to their table."""
    chunk = next(
        spool((block for part in parts for block in part.blocks), aside / "lines", chunk_bytes=_ENDLESS), None
    )
    for part, lines in zip(parts, itertools.accumulate(part.lines for part in parts), strict=True):
        part.before = lines - part.lines
    if chunk is None:
        for part in parts:
            part.result = LogResult(0, 0, 0, 0, set(), part.account.left_out())
        return
    _begin_reading(con, form)
    # An empty log begins where the next one does.
    filled = [part for part in parts if part.lines]
    con.execute(
        "create or replace temp table log_origins as select * exclude (origin_name),"
        " left(hmac256(origin_name), 16) as origin_key from (select unnest(?::bigint[]) as origin_before,"
        " unnest(?::varchar[]) as origin_instansi_code, unnest(?::varchar[]) as origin_file_id,"
        " unnest(?::varchar[]) as origin_name)",
        [
            [part.before for part in filled],
            [part.source.instansi_code for part in filled],
            [part.source.file_id for part in filled],
            [part.source.file_name for part in filled],
        ],
    )
    read = []
    if _read_fast(con, form, chunk, bounds):
        read.append("select * exclude (is_good), rowid + 1 as line_number from log_read")
    bad: dict[str, tuple[int, bool]] = {}
    blank, cut = list(chunk.blank), list[int]()
    if _one(con, "select count(*) from log_text"):
        looked = _read_carefully(con, form, bounds)
        blank += looked.blank
        cut = looked.cut
        read += [f"select {_kept(form)}, line_number from log_fields where is_good"] if looked.good else []
        if looked.bad:
            bad = {
                file_id: (count, ours)
                for file_id, count, ours in con.execute(
                    "select origin_file_id, count(*) filter (problems is not null), bool_or(is_ours)"
                    f" from log_fields asof join log_origins on {_OF_FILE} group by all"
                ).fetchall()
            }
    days: dict[str, dict[date, int]] = defaultdict(dict)
    if read:
        con.execute(f"create or replace temp view log_records as {' union all by name '.join(read)}")
        _mask_names(con, form)
        con.execute(
            f"create or replace temp table log_masked as {_record_select(form, _OF_MANY)}"
            " order by file_id, line_number"
        )
        for file_id, day, count in con.execute(
            "select file_id, day, count(*) from log_masked group by all order by all"
        ).fetchall():
            days[file_id][day] = count
    written = _hashed(_write_parquets(con, days, aside))
    blanks, cuts = _by_part(parts, blank), _by_part(parts, cut)
    for part in parts:
        file_id = part.source.file_id
        bad_lines, is_ours = bad.get(file_id, (0, False))
        if bad_lines and not (days[file_id] or is_ours):
            part.result = _wrong_format(form, bad_lines)
            continue
        for day in days[file_id]:
            part.written[day, 0] = written[file_id, day]
        part.account.blank_lines.add(len(blanks[file_id]), blanks[file_id])
        part.account.cut_lines.add(len(cuts[file_id]), cuts[file_id])
        part.result = LogResult(
            part.lines,
            sum(days[file_id].values()),
            bad_lines,
            len(blanks[file_id]),
            set(days[file_id]),
            part.account.left_out(),
        )
    if bad:
        con.execute(
            f"insert into {BAD_LINES_OF_LOGS} select origin_file_id, line_number - origin_before, broken,"
            f" raw_row from (select * rename (row_number as line_number) from {BAD_LINES})"
            f" asof join log_origins on {_OF_FILE} where list_contains(?, origin_file_id)"
            " order by line_number",
            [[part.source.file_id for part in parts if isinstance(part.result, LogResult)]],
        )


def _by_part(parts: Sequence[_Part], numbers: Iterable[int]) -> Mapping[str, list[int]]:
    """Numbers of lines of the scratch file by `file_id`, each as the log itself counts; they ascend."""
    filled = [part for part in parts if part.lines]
    starts = [part.before for part in filled]
    found: dict[str, list[int]] = defaultdict(list)
    for number in sorted(numbers):
        part = filled[bisect_left(starts, number) - 1]
        found[part.source.file_id].append(number - part.before)
    return found


def _drop_scratch(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("drop view if exists log_records")
    for table in ("log_read", "log_text", "log_fields", "log_origins", "log_masked", "log_places"):
        con.execute(f"drop table if exists {table}")


def _ahead(chunks: Iterator[Spool]) -> Generator[Spool]:
    """The same chunks; the next one is written while the last one is read."""
    with ThreadPoolExecutor(max_workers=1) as writer:
        following = writer.submit(next, chunks, None)
        while chunk := following.result():
            following = writer.submit(next, chunks, None)
            yield chunk


@contextlib.contextmanager
def _one_core_left(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Leave one core to the thread that writes the next chunk: on two cores it costs a fifth less in all."""
    with _threads(con, max(_one(con, "select current_setting('threads')") - 1, 1)):
        yield


@contextlib.contextmanager
def _threads(con: duckdb.DuckDBPyConnection, count: int) -> Iterator[None]:
    threads = _one(con, "select current_setting('threads')")
    con.execute(f"set threads = {count}")
    try:
        yield
    finally:
        con.execute(f"set threads = {threads}")


def _write_aside(
    con: duckdb.DuckDBPyConnection,
    form: LogFormat,
    chunks: Iterator[Spool],
    account: Account,
    record_select: str,
    bounds: _Bounds,
    aside: Path,
    tell: Callable[[int], None],
    *,
    judges_format: bool = True,
) -> tuple[Counts, dict[tuple[date, int], Path]]:
    """Parquet files by day and part, and the table `bad_lines`.

    Most lines are read once, by a reader of the format's own, and become a part of each chunk. Only lines
    that it finds no record in, and those that hold odd bytes, are looked at again: many chunks' together,
    since what they cost is planning.
    """
    _begin_reading(con, form)
    counts = Counts()
    written: dict[tuple[date, int], Path] = {}
    parts = itertools.count()

    def write(records: str) -> None:
        con.execute(f"create or replace temp view log_records as {records}")
        _mask_names(con, form)
        days = con.execute("select day, count(*) from log_records group by day order by day").fetchall()
        part = next(parts) if days else 0
        source = f"({record_select})"
        if len(days) > 1:  # all that is done to a record would be planned and asked again for each day
            con.execute(f"create or replace temp table log_masked as {record_select}")
            source = "log_masked"
        for day, count in days:
            written[day, part] = aside / f"{day}-{part}.parquet"
            chosen = f"select * exclude (day) from {source}"
            select = f"{chosen} where day = date '{day}'" if len(days) > 1 else chosen
            write_parquet(con, select, written[day, part], count)
            counts.records += count
        con.execute("drop table if exists log_masked")

    def look_again() -> None:
        looked = _read_carefully(con, form, bounds)
        counts.blank_lines += len(looked.blank)
        counts.bad_lines += looked.bad
        account.blank_lines.add(len(looked.blank), looked.blank)
        account.cut_lines.add(len(looked.cut), looked.cut)
        counts.is_ours |= looked.is_ours
        if judges_format and counts.bad_lines and not (counts.records or looked.is_ours):
            raise _wrong_format(form, counts.bad_lines)
        if looked.good:
            write(f"select {_kept(form)}, line_number from log_fields where is_good")

    for chunk in chunks:
        counts.lines += chunk.lines
        counts.blank_lines += len(chunk.blank)
        account.blank_lines.add(len(chunk.blank), (chunk.before + number for number in chunk.blank))
        if _read_fast(con, form, chunk, bounds):
            write(f"select * exclude (is_good), rowid + {chunk.before + 1} as line_number from log_read")
        waiting = _one(con, "select count(*) from log_text")
        if waiting > (_LOOK_AGAIN if counts.records else 0):
            look_again()
        tell(counts.lines)
    if _one(con, "select count(*) from log_text"):
        look_again()
    return counts, written


def _begin_reading(con: duckdb.DuckDBPyConnection, form: LogFormat) -> None:
    """Make the tables that reading fills."""
    create_bad_lines(con)
    con.execute("create or replace temp table log_text (line_number bigint, line varchar)")
    for table in set(_masked_tables(form).values()):
        con.execute(f"create temp table if not exists {table} (value varchar, masked varchar)")
        # Names of files before are known already, up to what costs little memory.
        if _one(con, f"select count(*) from {table}") > _KNOWN:
            con.execute(f"truncate {table}")


def _wrong_format(form: LogFormat, bad_lines: int) -> FileRejected:
    return FileRejected(
        "wrong_format",
        f"diharapkan log berformat {form.name}, ditemukan {bad_lines} baris dan tidak satu pun demikian",
    )


def create_bad_lines(con: duckdb.DuckDBPyConnection) -> None:
    """The temporary table of lines that are no records, empty."""
    con.execute(
        f"create or replace temp table {BAD_LINES} (row_number bigint, broken {BROKEN_TYPE}, raw_row varchar)"
    )


def create_bad_lines_of_logs(con: duckdb.DuckDBPyConnection) -> None:
    """Make the table of lines of several logs that are no records, empty."""
    con.execute(
        f"create or replace temp table {BAD_LINES_OF_LOGS}"
        f" (file_id varchar, row_number bigint, broken {BROKEN_TYPE}, raw_row varchar)"
    )


def _read_fast(con: duckdb.DuckDBPyConnection, form: LogFormat, chunk: Spool, bounds: _Bounds) -> bool:
    """Make the table `log_read` of a chunk's good lines, if the format has a reader for such a chunk.

    Its rows are counted to know their lines. The lines that are left, or all, are added to `log_text`.
    """
    scratch = literal(str(chunk.path))
    fast = form.fast_fields(scratch, chunk.opening)
    if fast:
        read = f"""{_with_day(fast, form, bounds)},

            judged as (select *, not ({is_bad_sql(form)}) as is_good from days)

            select {_kept(form)}, is_good from judged
        """
        read_lines = 0
        # What no JSON parser takes makes some readers give up the file; line by line it is a bad line.
        with contextlib.suppress(*_NO_JSON):
            con.execute(f"create or replace temp table log_read as {read}", _parameters(bounds))
            read_lines = _one(con, "select count(*) from log_read")
        if read_lines == chunk.lines:
            found = con.execute("select rowid + 1 from log_read where not is_good").fetchall()
            left = {*chunk.odd, *(number for (number,) in found)}
            again = sorted(left.difference(chunk.blank))
            con.execute(
                "delete from log_read where rowid + 1 in (select unnest(?::bigint[]))", [sorted(left)]
            )
            con.execute(
                f"insert into log_text select number + {chunk.before}, line"
                " from (select unnest(?::bigint[]) as number, unnest(?::varchar[]) as line)",
                [again, pick_lines(chunk, again)],
            )
            return True
    # A temporary table keeps the order of the file, and its row ids are cheaper than a window.
    con.execute(f"create or replace temp table log_read as select line from {LINES.format(scratch)}")
    if (read_lines := _one(con, "select count(*) from log_read")) != chunk.lines:
        raise RuntimeError(f"{chunk.lines} lines were written to the scratch file, {read_lines} were read")
    con.execute(
        f"insert into log_text select rowid + {chunk.before + 1}, line from log_read"
        f" where line is distinct from '{BLANK}'"
    )
    return False


@dataclass(frozen=True)
class _Looked:
    """What lines that were looked at again are: how many are good and bad, whether any looks like the format,
    which have nothing on them and which were cut.
    """

    good: int
    bad: int
    is_ours: bool
    blank: list[int]
    cut: list[int]


def _read_carefully(con: duckdb.DuckDBPyConnection, form: LogFormat, bounds: _Bounds) -> _Looked:
    """Make `log_fields` of the lines in `log_text`, which it empties, and add to `bad_lines`."""
    # Opening costs a fifth of all that is done to an odd line, and few have an envelope of their own.
    opens = con.execute(f"select bool_or({may_be_wrapped_sql('line')}) from log_text").fetchone() == (True,)
    opened_line = open_one_sql("line") if opens else "line"
    con.execute(
        f"""
        create or replace temp table log_fields as
        with once as (select line_number, {opened_line} as line from log_text),

        -- Two envelopes, as of a container whose program logs to syslog.
        twice as (select line_number, {opened_line} as line from once),

        lines as (
            select
                line_number,
                case when trim(line, ' \t') not in ('', '{BLANK}') then line end as line
            from twice
        ),

        days as ({_with_day(form.fields("lines"), form, bounds)} select * from days),

        judged as (
            select *, case when line is not null then {problems_sql(form)} end as problems from days
        )

        select
            * exclude (line, problems),
            case when problems is not null then line end as bad_line,
            problems,
            line is null as is_blank,
            line is not null and problems is null as is_good,
            line is not null and coalesce({form.is_ours}, false) as is_ours
        from judged
        """,
        _parameters(bounds),
    )
    con.execute("delete from log_text")
    row = con.execute(
        "select count(*) filter (is_good), count(*) filter (problems is not null), count(*) filter (is_ours),"
        " coalesce(list(line_number) filter (is_blank), []),"
        " coalesce(list(line_number) filter (contains(bad_line, ?)), []) from log_fields",
        [CUT],
    ).fetchone()
    assert row is not None
    good, bad, ours, blank, cut = row
    if bad:  # planning it costs more than many files do
        con.execute(
            """
            insert into bad_lines
            select line_number, problems, mask_line(bad_line, ?::varchar[])
            from log_fields
            where problems is not null
            order by line_number
            """,
            [list(form.kept_words)],
        )
    return _Looked(good, bad, bool(ours), blank, cut)


def _with_day(fields: str, form: LogFormat, bounds: _Bounds) -> str:
    return f"""
    with fields as ({fields}),

    moments as (select *, {form.started_at} as started_at from fields),

    local as (select *, {bounds.local("started_at")} as local_at from moments),

    days as (select * exclude (local_at), local_at::date as day, hour(local_at)::integer as hour from local)
    """


def _parameters(bounds: _Bounds) -> dict[str, object]:
    return {"first_day": bounds.first_day, "latest": bounds.latest}


def _kept(form: LogFormat) -> str:
    """The columns of a read line that a record is made of, names not yet masked; of a bad line they hold
    anything, but never raise.
    """
    values = {f'"{field}"': f'"{field}"' for field in form.masks}
    values |= {name: f"try_cast({value} as {LAKE_COLUMNS[name]})" for name, value in form.record.items()}
    return ", ".join((*(f"{value} as {name}" for name, value in values.items()), "started_at", "hour", "day"))


def _masked_tables(form: LogFormat) -> dict[str, str]:
    """The table (value, masked) of each field that is masked; it lives as long as the connection.

    Fields of one macro and one way to leave out words for no name share it.
    """
    return {
        field: f"{KEPT_TABLES}{macro}_{form.names.get(field, WHOLE)}" for field, macro in form.masks.items()
    }


def _mask_names(con: duckdb.DuckDBPyConnection, form: LogFormat) -> None:
    """Mask each distinct value once (8 times faster than row by row)."""
    tables = _masked_tables(form)
    for table in set(tables.values()):
        fields = [field for field in form.masks if tables[field] == table]
        values = " union all ".join(f'select "{field}" as value from log_records' for field in fields)
        new = (
            f"select distinct value from ({values})"
            f" where value is not null and value not in (select value from {table})"
        )
        if con.execute(f"select exists ({new})").fetchone() == (True,):
            named = NAMED_SQL[form.names.get(fields[0], WHOLE)].format("value")
            con.execute(f"insert into {table} select value, {form.masks[fields[0]]}({named}) from ({new})")


@dataclass(frozen=True)
class _Origin:
    """SQL of what a record says of its log; `joined` is behind `from log_records`."""

    instansi_code: str
    file_id: str
    line_number: str
    file_key: str
    columns: str = ""
    joined: str = ""


def _origin(con: duckdb.DuckDBPyConnection, source: LogSource) -> _Origin:
    """Of the only log that is read."""
    # The name is keyed: it may hold a person's number.
    [file_key] = con.execute("select hmac256(?)", [source.file_name]).fetchone() or ("",)
    return _Origin(
        literal(source.instansi_code), literal(source.file_id), "line_number", literal(file_key[:16])
    )


# Of one of the logs in `log_origins`.
_OF_MANY = _Origin(
    "origin_instansi_code",
    "origin_file_id",
    "line_number - origin_before",
    "origin_key",
    ", log_origins.*",
    " asof join log_origins on log_records.line_number > origin_before",
)


def _record_select(form: LogFormat, origin: _Origin) -> str:
    """SELECT of lake columns and `day` from `log_records`."""
    tables = _masked_tables(form)
    masked = ", ".join(f'"of_{field}".masked as "{field}"' for field in form.masks)
    excluded = ", ".join(f'"{field}"' for field in form.masks)
    joins = "\n".join(
        f'left join {table} as "of_{field}" on log_records."{field}" = "of_{field}".value'
        for field, table in tables.items()
    )
    issued_id = f"'{ISSUED_ID}' || {origin.file_key} || '-' || ({origin.line_number})"
    given = {
        **{name: name for name in form.record},
        **form.named,
        "instansi_code": origin.instansi_code,
        "log_format": literal(form.name),
        "file_id": origin.file_id,
        "line_number": origin.line_number,
        "started_at": "started_at",
        "hour": "hour",
        "record_id": f"coalesce(record_id, {issued_id})" if "record_id" in form.record else issued_id,
    }
    columns = ", ".join(
        f"({given.get(name, 'null')})::{kind} as {name}"
        for name, kind in LAKE_COLUMNS.items()
        if name != "record_hash"
    )
    # Only what leaves the door is hashed, so the hash tells nothing more than the row.
    names = form.hash_columns or ("record_id",)
    # An issued id differs between copies.
    own_id = f"case when left(record_id, 1) <> '{ISSUED_ID}' then record_id end"
    values = {"record_id": own_id} if form.hash_columns else {}
    hashed = ", ".join(values.get(name, name) for name in names)
    return f"""
    select *, (hash({hashed}) >> 1)::bigint as record_hash
    from (
        select {columns}, day
        from (
            select log_records.* exclude ({excluded}), {masked}{origin.columns}
            from log_records{origin.joined}
            {joins}
        )
    )
    """


def _write_parquets(
    con: duckdb.DuckDBPyConnection, days: Mapping[str, Mapping[date, int]], aside: Path
) -> dict[tuple[str, date], Path]:
    """Write `log_masked` to one file for each log and day, or one for all that have few records on a day.

    A statement for each would cost three times what writing does.

    Returns:
        The file of each log and day; its name is the one that it has in the lake.
    """
    few: dict[date, dict[str, int]] = defaultdict(dict)
    for file_id, counts in days.items():
        for day, rows in counts.items():
            if rows <= joined.MOST_RECORDS:
                few[day][file_id] = rows
    together = {day: logs for day, logs in few.items() if len(logs) > 1}
    written: dict[tuple[str, date], Path] = {}
    by_room: dict[int, list[tuple[str, date]]] = defaultdict(list)
    for file_id, counts in days.items():
        for day, rows in counts.items():
            if file_id in together.get(day, {}):
                written[file_id, day] = _in_folder(aside, day) / joined.joined_name(together[day])
            else:
                written[file_id, day] = _in_folder(aside, day) / f"{file_id}.parquet"
                by_room[_room(rows)].append((file_id, day))
    for room, places in by_room.items():
        _place(con, places)
        parted = aside / f"parted-{room}"
        con.execute(
            "copy (select log_masked.* exclude (day), place from log_masked"
            " join log_places using (file_id, day) order by place, line_number)"
            f" to {literal(str(parted))}"
            f" ({_parquet_options(con, room)}, partition_by (place))"
        )
        for number, place in enumerate(places):
            [file] = (parted / f"place={number}").iterdir()
            file.rename(written[place])
        shutil.rmtree(parted)
    for day, logs in together.items():
        _place(con, [(file_id, day) for file_id in logs])
        select = (
            "select * exclude (day) from log_masked semi join log_places using (file_id, day)"
            " order by file_id, line_number"
        )
        write_parquet(
            con, select, written[next(iter(logs)), day], sum(logs.values()), joined.footer_sql(logs)
        )
    # Forced to disk after all are written: the first takes the others along.
    for place in itertools.chain(*by_room.values()):
        _force(written[place])
    return written


def _in_folder(aside: Path, day: date) -> Path:
    folder = aside / f"{day}"
    folder.mkdir(exist_ok=True)
    return folder


def _place(con: duckdb.DuckDBPyConnection, places: Sequence[tuple[str, date]]) -> None:
    """Make the table of logs and days that are written next, each with its number."""
    con.execute(
        "create or replace temp table log_places as"
        " select unnest(?::varchar[]) as file_id, unnest(?::date[]) as day, unnest(?::bigint[]) as place",
        [[file_id for file_id, _ in places], [day for _, day in places], list(range(len(places)))],
    )


def write_parquet(
    con: duckdb.DuckDBPyConnection, select: str, target: Path, rows: int, footer: str = ""
) -> None:
    """Write so many rows to a Parquet file, forced to disk, with the id of the key of its pseudonyms.

    Args:
        con: with the key.
        select: the rows.
        target: the file.
        rows: how many there are.
        footer: SQL of one more entry of the footer.
    """
    con.execute(f"copy ({select}) to {literal(str(target))} ({_parquet_options(con, _room(rows), footer)})")
    _force(target)


def _room(rows: int) -> int:
    """Entries of a dictionary of a file: about a fifth of its rows, as a power of two.

    Ids of calls are a column each of distinct texts: a large dictionary of them costs and gains nothing, and
    room for one costs a file of few rows as much as all else.
    """
    return 1 << min(max(rows // 5, 1).bit_length() - 1, 12)


def _parquet_options(con: duckdb.DuckDBPyConnection, room: int, footer: str = "") -> str:
    key_id = key_id_of(con)
    entries = [f"pseudonym_key: {literal(key_id)}"] * bool(key_id) + [footer] * bool(footer)
    noted = f", kv_metadata {{{', '.join(entries)}}}" if entries else ""
    return (
        "format parquet, compression zstd, compression_level 1, write_bloom_filter false, parquet_version v2,"
        f" dictionary_size_limit {room}{noted}"
    )


def _force(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _one(con: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = con.execute(sql).fetchone()
    assert row is not None
    return int(row[0])

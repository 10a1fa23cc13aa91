"""Service logs to the lake: one Parquet file per log and local day, or per day of small logs that came
together, names and persons masked.

Belongs here: placing, replacing and removing `service_calls/day=YYYY-MM-DD/*.parquet`, and which days were
touched. Stays out: how a format is read (`sources/logs/`) and what a call is (pairing, OPD, days of calls:
`dbt_project/models/intermediate/calls`).
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb

from expectations.quoting import literal
from sources import joined
from sources.errors import FileProblem
from sources.ledger import LakeFile
from sources.logs.reading import MAX_INFLATED_BYTES
from sources.logs.record import LAKE_COLUMNS
from sources.logs.writing import (
    LogAside,
    LogResult,
    LogSource,
    LogTerms,
    read_log,
    sha256_of,
    write_parquet,
)

_EMPTY_DAY = date(1970, 1, 1)
_EMPTY = "empty"
# Logs of so many bytes, inflated, are read together, up to so many files and bytes.
SMALL_BYTES = 1 << 23
MANY_BYTES = 1 << 25
MANY_FILES = 256
# Where files lie that stand in the lake and in no ledger: a warehouse that was lost knew them.
SET_ASIDE = "set-aside"
# How the folders begin in which logs are read before they are in the lake.
ASIDE = ".aside-"


def write_log(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    *,
    log_format: str,
    instansi_code: str,
    file_id: str,
    file_name: str,
    lake_dir: Path,
    time_zone: str,
    first_day: date,
    received_at: datetime,
    max_bytes: int = MAX_INFLATED_BYTES,
) -> LogResult:
    """Write the records of one log to the lake, its old files of the same id replaced.

    Args:
        con: Connection with `install_masking` done; its time zone is UTC. Gets the temp table `bad_lines
            (row_number bigint, broken: see `expectations.rules.BROKEN_TYPE`, raw_row varchar)`, replaced;
            `raw_row` is masked.
        path: The archived bytes, plain or gzip.
        log_format: A key of `LOG_FORMATS`.
        instansi_code: Whose log it is.
        file_id: Name of the Parquet files: 64 hexadecimal digits that say whose file of which content it is.
        file_name: Path in the inbox; with the line number it makes the id of a record that has none, so a
            grown log keeps its ids.
        lake_dir: Holds `service_calls/`.
        time_zone: IANA name; gives the local day.
        first_day: First local day a record may carry.
        received_at: UTC; a record may be one day later (wrong clocks), not more.
        max_bytes: Limit of the inflated size.

    Returns:
        The counts and the touched days. A file without any good line writes nothing.

    Raises:
        FileWaiting: The file is cut; nothing was written.
        FileRejected: The file is damaged, too large or not of this format; nothing was written.
    """
    source = LogSource(path, log_format, instansi_code, file_id, file_name)
    terms = LogTerms(time_zone, first_day, received_at, max_bytes)
    with aside(lake_dir) as folder:
        read = read_log(con, source, terms, folder)
        [result] = place_logs(lake_dir, [read])
    assert isinstance(result, LogResult)
    return result


@contextlib.contextmanager
def aside(lake_dir: Path) -> Iterator[Path]:
    """An empty folder beside the lake that no other reading has; it is gone at the end."""
    lake_dir.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=ASIDE, dir=lake_dir))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def place_logs(lake_dir: Path, read: Sequence[LogAside]) -> list[LogResult | FileProblem]:
    """Move logs that were read aside into the lake, and delete their own files of before.

    What they have in joined files of before is left there (`leave_joined`).

    Returns:
        What became of each.
    """
    placed: dict[tuple[date, str], LakeFile] = {}
    files: dict[str, list[LakeFile]] = defaultdict(list)
    for log in read:
        for (day, part), (path, sha256) in log.files.items():
            name = path.name if joined.is_joined(path.name) else _own_name(log.file_id, part)
            if (day, name) not in placed:
                target = _day_dir(lake_dir, day) / name
                target.parent.mkdir(parents=True, exist_ok=True)
                path.replace(target)
                placed[day, name] = _stat(day, target)._replace(sha256=sha256)
            files[log.file_id].append(placed[day, name])
    ids = {log.file_id for log in read}
    left: dict[str, set[date]] = defaultdict(set)
    for day, path in list(_files(lake_dir)):
        file_id = file_id_of(path.name)
        if file_id in ids and (day, path.name) not in placed:
            _unlink(path)
            left[file_id].add(day)
    return [_settled(log.result, files[log.file_id], left[log.file_id]) for log in read]


def _own_name(file_id: str, part: int = 0) -> str:
    return f"{file_id}.parquet" if part == 0 else f"{file_id}-{part:04d}.parquet"


def joined_ids(read: Sequence[LogAside]) -> set[str]:
    """Ids of the joined files that logs which were read have part in."""
    names = {path.name for log in read for path, _ in log.files.values()}
    return {file_id_of(name) for name in names if joined.is_joined(name)}


def leave_joined(
    con: duckdb.DuckDBPyConnection, lake_dir: Path, file: LakeFile, staying: Collection[str]
) -> LakeFile | None:
    """Write a joined file again with some of its logs alone; the old one stays until it is removed.

    Returns:
        The new file; None where there is no old one.
    """
    path = lake_path(lake_dir, file)
    if not path.exists():
        return None
    source = _records_of(path, staying)
    records = dict(con.execute(f"select file_id, count(*) {source} group by all").fetchall())
    with aside(lake_dir) as folder:
        target = folder / joined.name_without_some(file.name)
        select = f"select * {source} order by file_id, line_number"
        write_parquet(con, select, target, sum(records.values()), joined.footer_sql(records))
        sha256 = sha256_of(target)
        placed = target.replace(path.with_name(target.name))
    return _stat(file.day, placed)._replace(sha256=sha256)


def take_from_joined(
    con: duckdb.DuckDBPyConnection, other_lake: Path, file: LakeFile, file_id: str, lake_dir: Path
) -> LakeFile:
    """Write what a joined file of another lake holds of one log to a file of its own."""
    source = _records_of(lake_path(other_lake, file), [file_id])
    [rows] = con.execute(f"select count(*) {source}").fetchone() or (0,)
    target = _day_dir(lake_dir, file.day) / _own_name(file_id)
    target.parent.mkdir(parents=True, exist_ok=True)
    write_parquet(con, f"select * {source} order by line_number", target, rows)
    return read_lake_file(lake_dir, _stat(file.day, target))


def _records_of(path: Path, file_ids: Collection[str]) -> str:
    """SQL from `from` on of the records of some logs in a file."""
    chosen = ", ".join(map(literal, file_ids))
    return f"from read_parquet({literal(str(path))}, hive_partitioning = false) where file_id in ({chosen})"


def _settled(
    result: LogResult | FileProblem, files: list[LakeFile], left: set[date]
) -> LogResult | FileProblem:
    if isinstance(result, LogResult):
        return replace(result, files=files, days=result.days | left)
    return result


def lake_path(lake_dir: Path, file: LakeFile) -> Path:
    """Where a file of the lake lies."""
    return _day_dir(lake_dir, file.day) / file.name


def read_lake_file(lake_dir: Path, file: LakeFile) -> LakeFile:
    """The same file with its sha256."""
    return file._replace(sha256=sha256_of(lake_path(lake_dir, file)))


def _stat(day: date, path: Path) -> LakeFile:
    found = path.stat()
    return LakeFile(day, path.name, found.st_size, found.st_mtime_ns)


def with_neighbours(lake_dir: Path, days: Collection[date]) -> set[date]:
    """Days, and the days beside them that hold records: a call may pair across midnight."""
    beside = {day + timedelta(days=step) for day in days for step in (-1, 1)}
    return {*days, *(day for day in beside if _day_dir(lake_dir, day).exists())}


def remove_logs(lake_dir: Path, file_ids: Collection[str]) -> None:
    """Take files out of the lake, by the ids in their names."""
    remove_files(lake_dir, [file for file_id, file in lake_files(lake_dir) if file_id in file_ids])


def remove_files(lake_dir: Path, files: Iterable[LakeFile]) -> None:
    """Take files out of the lake, where they are still there."""
    for file in files:
        with contextlib.suppress(FileNotFoundError):
            _unlink(lake_path(lake_dir, file))


def is_readable(con: duckdb.DuckDBPyConnection, lake_dir: Path, file: LakeFile) -> bool:
    """Whether all of a file can still be read."""
    try:
        con.execute("select bit_xor(hash(row)) from read_parquet(?) as row", [str(lake_path(lake_dir, file))])
    except duckdb.Error:
        return False
    return True


def sweep_scratch(lake_dir: Path) -> None:
    """Remove the scratch files of a reading that a crash ended."""
    for aside in lake_dir.glob(f"{ASIDE}*"):
        shutil.rmtree(aside, ignore_errors=True)


def lake_files(lake_dir: Path) -> list[tuple[str, LakeFile]]:
    """Every file of the lake that holds records, unread, with the id in its name: of the log that it was read
    from, or its own where it is a joined one.
    """
    found = ((file_id_of(path.name), _stat(day, path)) for day, path in _files(lake_dir))
    return [(file_id, file) for file_id, file in found if file_id != _EMPTY]


def files_by_log(con: duckdb.DuckDBPyConnection, lake_dir: Path) -> dict[str, list[LakeFile]]:
    """Files of the lake by the ids of the logs that they hold, joined ones by their footers."""
    found: dict[str, list[LakeFile]] = defaultdict(list)
    for file_id, file in lake_files(lake_dir):
        held = [file_id]
        if joined.is_joined(file.name):
            footer = joined.footers_sql(literal(str(lake_path(lake_dir, file))))
            held = [one for (one,) in con.execute(f"select file_id from ({footer})").fetchall()]
        for one in held:
            found[one].append(file)
    return found


def set_aside(lake_dir: Path, files: Iterable[LakeFile]) -> None:
    """Take files of logs that nobody knows out of the lake without losing them (`SET_ASIDE`)."""
    for file in files:
        target = lake_dir / SET_ASIDE / f"day={file.day}" / file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        lake_path(lake_dir, file).replace(target)


def create_lake_view(con: duckdb.DuckDBPyConnection, lake_dir: Path) -> None:
    """Create the views `lake.service_calls` (lake columns and `day date`) over all Parquet files and
    `lake.service_call_files` (file_id, day, records) over their footers.

    A typed file of no rows, of either sort, stands in the lake so that the views work before the first log.
    """
    for ending, footer in ((".parquet", ""), (joined.ENDING, joined.footer_sql({}))):
        empty = _day_dir(lake_dir, _EMPTY_DAY) / f"{_EMPTY}{ending}"
        if not empty.exists():
            empty.parent.mkdir(parents=True, exist_ok=True)
            columns = ", ".join(f"null::{kind} as {name}" for name, kind in LAKE_COLUMNS.items())
            aside = empty.with_suffix(".aside")
            write_parquet(con, f"select {columns} where false", aside, 0, footer)
            aside.replace(empty)
    folders = lake_dir.resolve() / "service_calls" / "day=*"
    pattern, pattern_of_joined = (literal(str(folders / f"*{end}")) for end in (".parquet", joined.ENDING))
    con.execute("create schema if not exists lake")
    con.execute(
        "create or replace view lake.service_calls as select * from read_parquet("
        f"{pattern}, hive_partitioning = true, hive_types = {{'day': date}})"
    )
    con.execute(
        f"""
        create or replace view lake.service_call_files as
        with files as (
            select
                file_name,
                regexp_extract(file_name, '([0-9a-f]{{64}})[^/]*$', 1) as file_id,
                num_rows as records
            from parquet_file_metadata({pattern})
            where num_rows > 0 and not {joined.is_joined_sql("file_name")}
            union all
            {joined.footers_sql(pattern_of_joined)}
        )
        select
            file_id,
            regexp_extract(file_name, 'day=([0-9-]+)', 1)::date as day,
            sum(records)::bigint as records
        from files
        group by all
        """
    )


def _day_dir(lake_dir: Path, day: date) -> Path:
    return lake_dir / "service_calls" / f"day={day}"


def _unlink(path: Path) -> None:
    path.unlink()
    with contextlib.suppress(OSError):  # other files of that day are still there
        path.parent.rmdir()


def _files(lake_dir: Path) -> Iterator[tuple[date, Path]]:
    for path in (lake_dir / "service_calls").glob("day=*/*.parquet"):
        yield date.fromisoformat(path.parent.name.removeprefix("day=")), path


def file_id_of(name: str) -> str:
    """The id in a name: of `<file_id>.parquet`, of `<file_id>-0001.parquet` where a log was read in several
    chunks, or the own id of a joined file.
    """
    return name.partition(".")[0].partition("-")[0]

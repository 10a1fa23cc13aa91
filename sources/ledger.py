"""The ledger of received files: what arrived, what became of it, which days wait for recomputing.

Belongs here: schema `intake` of the warehouse (`ledger.sql`) and the views of schema `raw` over it that dbt
reads (`ledger_views.sql`). Stays out: reading files and judging rows.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from sources.findings import LeftOut
from sources.kinds import LOG_KIND

if TYPE_CHECKING:
    import duckdb

# The note that results do not hold what was received; in words what came first.
UNFINISHED = "unfinished"
_LOST = "archive_lost"
Status = Literal["loaded", "partly", "rejected", "duplicate", "replaced", "waiting"]
_DDL = Path(__file__).with_suffix(".sql")
_VIEWS = Path(__file__).with_name("ledger_views.sql")
_SECOND_NAME = Path(__file__).with_name("ledger_second_name.sql")
_UPGRADE = Path(__file__).with_name("ledger_upgrade.sql")


class LakeFile(NamedTuple):
    """A Parquet file of the lake; its sha256 as it was written, empty where nobody read it."""

    day: dt.date
    name: str
    size_bytes: int
    modified_ns: int
    sha256: str = ""


@dataclass(frozen=True)
class FileRecord:
    """One row of `intake.files`; counts are of rows (tables) or of lines and elements (logs).

    `file_name` is the path in the inbox with personal data masked, unique; `sheets` names the sheets that
    were loaded, in order; `is_correction` tells that it mends rows of other files.
    """

    file_name: str
    file_sha256: str
    kind: str
    log_format: str | None
    instansi_code: str
    opd_code: str
    period: str
    size_bytes: int
    modified_ns: int
    meta_stamp: str | None
    received_at: dt.datetime
    format_fingerprint: str | None = None
    status: Status = "loaded"
    reason: str | None = None
    rows_received: int = 0
    rows_loaded: int = 0
    rows_quarantined: int = 0
    warnings: int = 0
    sheets: Sequence[str] | None = None
    absent_columns: Sequence[str] | None = None
    contract_version: str | None = None
    lines: int | None = None
    records: int | None = None
    bad_lines: int | None = None
    blank_lines: int | None = None
    is_correction: bool = False

    @property
    def file_id(self) -> str:
        """The content as one hand sent it: equal bytes of two senders, regencies or years are two files."""
        whose = self.log_format if self.kind == LOG_KIND else f"{self.opd_code}|{self.period}"
        told = f"{self.kind}|{self.instansi_code}|{whose}|{self.file_sha256}"
        return hashlib.sha256(told.encode(errors="replace")).hexdigest()

    def rejected(self, status: Status, code: str, message: str) -> FileRecord:
        """The same file, not loaded, with its reason."""
        return replace(
            self,
            status=status,
            reason=f"{code}: {message}",
            rows_loaded=0,
            rows_quarantined=self.rows_received,
        )


def create_ledger(con: duckdb.DuckDBPyConnection) -> None:
    """Create what is missing of the ledger; changes nothing that is there but a ledger of an older shape."""
    known = con.execute(
        "select column_name from information_schema.columns "
        "where table_schema = 'intake' and table_name = 'files'"
    ).fetchall()
    is_earlier = bool(known) and ("file_id",) not in known
    con.execute("begin")
    if is_earlier:
        con.execute(_UPGRADE.read_text(encoding="utf-8"))
    con.execute(_DDL.read_text(encoding="utf-8"))
    if is_earlier:
        for table in ("files", "corrections", "bad_lines"):
            con.execute(f"insert into intake.{table} by name from intake.{table}_before")
            con.execute(f"drop table intake.{table}_before")
        received = con.execute(
            "select table_name from information_schema.tables where table_schema = 'received'"
        ).fetchall()
        for (kind,) in received:
            con.execute(f"alter table received.{kind} add column _file_id varchar")
            con.execute(f"update received.{kind} set _file_id = sha256('{kind}|' || _file_sha256)")
    con.execute("commit")


def create_views(con: duckdb.DuckDBPyConnection, kinds: Sequence[str]) -> None:
    """(Re)create the views that dbt reads as sources; every `received.<kind>` must exist."""
    rows = " union all ".join(
        "select _file_id, _instansi_code, _opd_code, _period, _row_number, _raw_row, _broken "
        f"from received.{k}"
        for k in kinds
    )
    con.execute(_VIEWS.read_text(encoding="utf-8").replace("{{rows}}", rows))


@dataclass(frozen=True)
class Seen:
    """What was last received under a name of the inbox."""

    size_bytes: int
    modified_ns: int
    meta_stamp: str | None
    status: Status
    format_fingerprint: str | None


def seen_files(con: duckdb.DuckDBPyConnection) -> dict[str, Seen]:
    """File name to what was last received under it."""
    rows = con.execute(
        "select file_name, size_bytes, modified_ns, meta_stamp, status, format_fingerprint from intake.files "
        "qualify row_number() over (partition by file_name order by file_order desc) = 1"
    ).fetchall()
    return {name: Seen(*told) for name, *told in rows}


def earlier_receipt(con: duckdb.DuckDBPyConnection, record: FileRecord) -> tuple[str, dt.datetime] | None:
    """Period and time (UTC) under which this very content of this name was received before."""
    return con.execute(
        "select period, received_at from intake.files where file_name = ? and file_sha256 = ? and kind = ?",
        [record.file_name, record.file_sha256, record.kind],
    ).fetchone()


def same_file(con: duckdb.DuckDBPyConnection, record: FileRecord) -> str | None:
    """Another name under which the same hand's same content is loaded; None where there is none."""
    row = con.execute(
        "select file_name from intake.files where file_id = ? and file_name <> ? "
        "and status in ('loaded', 'partly') order by file_order limit 1",
        [record.file_id, record.file_name],
    ).fetchone()
    return row[0] if row else None


def earlier_versions(con: duckdb.DuckDBPyConnection, record: FileRecord) -> list[tuple[str, str, int]]:
    """file_id, sha256 and size in bytes of what is loaded under a file's kind, instansi, sender, period and
    path.

    A correction replaces rows, not files, and is itself not replaced.
    """
    if record.status not in ("loaded", "partly") or record.is_correction:
        return []
    return con.execute(
        "select file_id, file_sha256, size_bytes from intake.files "
        "where kind = ? and instansi_code = ? and opd_code = ? and period = ? and file_name = ? "
        "and file_id <> ? and status in ('loaded', 'partly') and not is_correction "
        "order by file_order",
        [
            record.kind,
            record.instansi_code,
            record.opd_code,
            record.period,
            record.file_name,
            record.file_id,
        ],
    ).fetchall()


def record_file(
    con: duckdb.DuckDBPyConnection,
    record: FileRecord,
    replaced: Sequence[str] = (),
    left_out: Sequence[LeftOut] = (),
) -> None:
    """Write a file to the ledger with what was left out of it; the versions (file_id) that it replaces are
    marked so.

    Of a replaced table that lies under another name, too, that other name counts from now on. The home is
    unfinished from now on.
    """
    if not _is_as_before(con, record):
        mark_unfinished(con, record.file_name)
    con.execute(
        "update intake.files set status = 'replaced' where file_name = ? and list_contains(?, file_id) "
        "and status in ('loaded', 'partly')",
        [record.file_name, list(replaced)],
    )
    if record.kind != LOG_KIND:
        con.execute(_SECOND_NAME.read_text(encoding="utf-8"), {"replaced": list(replaced)})
    values = {"file_id": record.file_id, **record.__dict__}
    names = ", ".join(values)
    marks = ", ".join(f"${name}" for name in values)
    # A file that is judged again as it is keeps its place before those that came since.
    con.execute(
        f"insert or replace into intake.files ({names}, file_order) values ({marks}, coalesce("
        "(select file_order from (select * from intake.files where file_name = $file_name "
        "order by file_order desc limit 1) where file_sha256 = $file_sha256 and status <> 'replaced'), "
        "(select coalesce(max(file_order), 0) + 1 from intake.files)))",
        values,
    )
    con.execute(
        "delete from intake.left_out where file_name = ? and file_id not in "
        "(select file_id from intake.files where file_name = ? and file_id <> ?)",
        [record.file_name, record.file_name, record.file_id],
    )
    if left_out:
        con.execute(
            "insert into intake.left_out select ?, ?, position, code, place, count, message from (select "
            "unnest(?::integer[]) as position, unnest(?::varchar[]) as code, unnest(?::varchar[]) as place, "
            "unnest(?::bigint[]) as count, unnest(?::varchar[]) as message)",
            [
                record.file_id,
                record.file_name,
                list(range(1, len(left_out) + 1)),
                [item.code for item in left_out],
                [item.place for item in left_out],
                [item.count for item in left_out],
                [item.message for item in left_out],
            ],
        )


def records(con: duckdb.DuckDBPyConnection) -> list[tuple[FileRecord, int]]:
    """Every file as it is recorded, with its place among all that came."""
    names = [name.name for name in fields(FileRecord)]
    rows = con.execute(f"select file_order, {', '.join(names)} from intake.files order by 1").fetchall()
    return [(FileRecord(**dict(zip(names, values, strict=True))), order) for order, *values in rows]


def file_order(con: duckdb.DuckDBPyConnection, record: FileRecord) -> int:
    """The place of a recorded file among all that came."""
    row = con.execute(
        "select file_order from intake.files where file_name = ? and file_sha256 = ?",
        [record.file_name, record.file_sha256],
    ).fetchone()
    assert row is not None
    return int(row[0])


def _is_as_before(con: duckdb.DuckDBPyConnection, record: FileRecord) -> bool:
    """Whether a file of which no row counts is again what it was, as one that waits for its rest."""
    return (
        record.status in ("waiting", "rejected", "duplicate")
        and con.execute(
            "select 1 from intake.files where file_name = ? and file_sha256 = ? and status = ? "
            "and reason is not distinct from ?",
            [record.file_name, record.file_sha256, record.status, record.reason],
        ).fetchone()
        is not None
    )


def queue_days(con: duckdb.DuckDBPyConnection, days: Iterable[dt.date]) -> None:
    """Mark days as waiting for recomputing; those outside the settings' range hold no call."""
    wanted = sorted(set(days))
    if wanted:
        con.execute(
            "insert or ignore into intake.pending_days select day from (select unnest(?::date[]) as day) "
            "where day between (select first_day from raw.run_settings) and ("
            "select greatest(as_of, cast(timezone(time_zone, now()) as date)) + 1 from raw.run_settings)",
            [wanted],
        )


def begin_lake(con: duckdb.DuckDBPyConnection, file_id: str) -> None:
    """Note that files of a log are going to be written to the lake; `note_lake` ends it."""
    con.execute("insert or ignore into intake.lake_begun values (?)", [file_id])


def note_lake(
    con: duckdb.DuckDBPyConnection, file_id: str, files: Sequence[LakeFile], gone: Sequence[str] = ()
) -> None:
    """Note what a log has in the lake now, and that the logs `gone` have nothing there."""
    con.execute("delete from intake.lake_begun where file_id = ?", [file_id])
    con.execute("delete from intake.lake_files where list_contains(?, file_id)", [[file_id, *gone]])
    if files:
        con.execute(
            "insert into intake.lake_files select ?, unnest(?::date[]), unnest(?::varchar[]), "
            "unnest(?::bigint[]), unnest(?::bigint[]), unnest(?::varchar[])",
            [file_id, *(list(values) for values in zip(*files, strict=True))],
        )


def noted_lake(con: duckdb.DuckDBPyConnection) -> list[tuple[str, LakeFile]]:
    """Id of the log and file, for every file of the lake as it was written."""
    rows = con.execute(
        "select file_id, day, file_name, size_bytes, modified_ns, sha256 from intake.lake_files order by all"
    ).fetchall()
    return [(file_id, LakeFile(*file)) for file_id, *file in rows]


def lake_ids(con: duckdb.DuckDBPyConnection) -> tuple[set[str], set[str]]:
    """Ids of the logs that count, and of all that were ever received or begun."""
    rows = con.execute(
        "select file_id, bool_or(counts) from (select file_id, status in ('loaded', 'partly') as counts "
        "from intake.files where kind = ? union all select file_id, false from intake.lake_begun) group by 1",
        [LOG_KIND],
    ).fetchall()
    return {file_id for file_id, counts in rows if counts}, {file_id for file_id, _ in rows}


def pending_ranges(con: duckdb.DuckDBPyConnection) -> list[tuple[dt.date, dt.date]]:
    """Ranges of waiting days, both ends included, oldest first.

    A weekend in between is computed with them: days without calls cost less than a run of their own.
    """
    return con.execute(
        "select min(day), max(day) from ("
        "select day, count(*) filter (where is_apart) over (order by day) as range_number from ("
        "select day, day - lag(day) over (order by day) > 4 as is_apart from intake.pending_days)) "
        "group by range_number order by 1"
    ).fetchall()


def settle_days(con: duckdb.DuckDBPyConnection, first: dt.date, last: dt.date) -> None:
    """The days of a range, both ends included, are recomputed."""
    con.execute("delete from intake.pending_days where day between ? and ?", [first, last])


def received_digest(con: duckdb.DuckDBPyConnection) -> str:
    """Changes with every file that came, was judged otherwise or replaced; not with one only touched."""
    row = con.execute(
        "select sha256(coalesce(string_agg(to_json(file)::varchar, '' order by file_name, file_sha256), '')) "
        "from (select * exclude (modified_ns, meta_stamp, received_at, format_fingerprint) "
        "from intake.files) as file"
    ).fetchone()
    assert row is not None
    return str(row[0])


def mark_unfinished(con: duckdb.DuckDBPyConnection, what: str) -> None:
    """Note, in the transaction that changes what results rest on, that they are to be made again."""
    write_state(con, UNFINISHED, what)


_LONGEST_GAP = 7


def lived_days(con: duckdb.DuckDBPyConnection, today: dt.date) -> int:
    """Days that this home has lived through, today noted: what is kept for some days goes by them.

    The gap between two nights counts seven days at most, so that a clock that is half a year ahead for a
    night ends nothing.
    """
    con.execute(
        "insert into intake.clock select min(received_at)::date, 0 from intake.files "
        "where not exists (select 1 from intake.clock) having min(received_at) < ?",
        [today],
    )
    is_first = con.execute("select count(*) <= 1 from intake.clock").fetchone()
    con.execute(
        "insert or ignore into intake.clock select $today, coalesce(max(lived_days) + "
        "least(coalesce(date_diff('day', max(day) filter (day < $today), $today), 0), $gap), 0) "
        "from intake.clock",
        {"today": today, "gap": 36_500 if is_first == (True,) else _LONGEST_GAP},
    )
    row = con.execute("select max(lived_days) from intake.clock").fetchone()
    assert row is not None
    return int(row[0])


def read_state(con: duckdb.DuckDBPyConnection, name: str) -> str | None:
    """A value that a run left for the next one."""
    row = con.execute("select value from intake.state where name = ?", [name]).fetchone()
    return row[0] if row else None


def write_state(con: duckdb.DuckDBPyConnection, name: str, value: str) -> None:
    """Leave a value for the next run."""
    con.execute("insert or replace into intake.state values (?, ?)", [name, value])


def note_lost(con: duckdb.DuckDBPyConnection, lost: Sequence[str]) -> None:
    """Note which received files the archive does not hold as they were: `<file name>: gone | changed`."""
    write_state(con, _LOST, json.dumps(list(lost)))


def lost_contents(con: duckdb.DuckDBPyConnection) -> list[str]:
    """What `note_lost` noted last."""
    return list(json.loads(read_state(con, _LOST) or "[]"))


def forget_state(con: duckdb.DuckDBPyConnection, name: str) -> None:
    """Take a value back."""
    con.execute("delete from intake.state where name = ?", [name])

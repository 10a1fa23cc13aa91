"""The ledger of received files: what arrived, what became of it, which days wait for recomputing.

Belongs here: schema `intake` of the warehouse (`ledger.sql`) and the views of schema `raw` over it that dbt
reads (`ledger_views.sql`). Stays out: reading files and judging rows.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from expectations.quoting import literal
from sources.kinds import LOG_KIND
from sources.left_out import LeftOut

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
_FIELDS = Path(__file__).with_name("ledger_fields.sql")


class LakeFile(NamedTuple):
    """A Parquet file of the lake; its sha256 as it was written, empty where nobody read it."""

    day: dt.date
    name: str
    size_bytes: int
    modified_ns: int
    sha256: str = ""

    @property
    def place(self) -> tuple[dt.date, str]:
        """Where it lies: no two lie at one place."""
        return self.day, self.name


@dataclass(frozen=True)
class FileRecord:
    """One row of `intake.files`; counts are of rows (tables) or of lines and elements (logs).

    `file_name` is the path in the inbox with personal data masked, unique; `sheets` names the sheets that
    were loaded, in order; `is_correction` tells that it mends rows of other files. `reason_code` says why a
    file is not loaded, `reason_text` tells it or what else is to be noted, in Indonesian.
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
    reason_code: str | None = None
    reason_text: str | None = None
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

    @property
    def reason(self) -> str | None:
        """Code and text as people read them together."""
        return ": ".join(filter(None, (self.reason_code, self.reason_text))) or None

    def rejected(self, status: Status, code: str, message: str) -> FileRecord:
        """The same file, not loaded, with its reason."""
        return replace(
            self,
            status=status,
            reason_code=code,
            reason_text=message,
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
    before: tuple[str, ...] = ()
    con.execute("begin")
    if is_earlier:
        con.execute(_UPGRADE.read_text(encoding="utf-8"))
        before = ("files", "corrections", "bad_lines")
    elif known and ("reason_code",) not in known:
        con.execute(_FIELDS.read_text(encoding="utf-8"))
        before = ("bad_lines",)
    if _keys_of(con, "lake_files") == ["day", "file_name"]:
        # Of a ledger that knew no file of several logs.
        con.execute("create table intake.lake_files_before as from intake.lake_files")
        con.execute("drop table intake.lake_files")
        before += ("lake_files",)
    con.execute(_DDL.read_text(encoding="utf-8"))
    for table in before:
        con.execute(f"insert into intake.{table} by name from intake.{table}_before")
        con.execute(f"drop table intake.{table}_before")
    if is_earlier:
        received = con.execute(
            "select table_name from information_schema.tables where table_schema = 'received'"
        ).fetchall()
        for (kind,) in received:
            con.execute(f"alter table received.{kind} add column _file_id varchar")
            con.execute(f"update received.{kind} set _file_id = sha256('{kind}|' || _file_sha256)")
    con.execute("commit")


def _keys_of(con: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    row = con.execute(
        "select constraint_column_names from duckdb_constraints() where schema_name = 'intake' "
        "and table_name = ? and constraint_type = 'PRIMARY KEY'",
        [table],
    ).fetchone()
    return list(row[0]) if row else []


def create_views(con: duckdb.DuckDBPyConnection, owners: Mapping[str, Sequence[str]]) -> None:
    """(Re)create the views that dbt reads as sources; every `received.<kind>` must exist.

    Args:
        con: the warehouse.
        owners: for each kind its columns that name an OPD, the one that answers for a row first.
    """
    rows = " union all ".join(
        f"select _file_id, _instansi_code, _opd_code, coalesce({', '.join((*columns, '_opd_code'))}) "
        f"as _owner_opd_code, _period, _row_number, _raw_row, _broken from received.{kind}"
        for kind, columns in owners.items()
    )
    of_opds = ", ".join(literal(kind) for kind, columns in owners.items() if columns)
    views = _VIEWS.read_text(encoding="utf-8")
    con.execute(views.replace("{{rows}}", rows).replace("{{kinds_of_opds}}", of_opds))


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
) -> int:
    """Write a file to the ledger with what was left out of it; the versions (file_id) that it replaces are
    marked so. Returns its place among all that came.

    Of a replaced table that lies under another name, too, that other name counts from now on. The home is
    unfinished from now on.
    """
    if not _is_as_before(con, record):
        mark_unfinished(con, record.file_name)
    if replaced:
        _mark_replaced(con, record, replaced)
        if record.kind != LOG_KIND:
            con.execute(_SECOND_NAME.read_text(encoding="utf-8"), {"replaced": list(replaced)})
    values = {"file_id": record.file_id, **record.__dict__}
    names = ", ".join(values)
    marks = ", ".join(f"${name}" for name in values)
    before = con.execute(
        "select file_sha256, status, file_order from intake.files where file_name = ? "
        "order by file_order desc",
        [record.file_name],
    ).fetchall()
    # A file that is judged again as it is keeps its place before those that came since.
    if before and before[0][0] == record.file_sha256 and before[0][1] != "replaced":
        place = int(before[0][2])
    else:
        place = _highest_place(con) + 1
    # Planning what may replace a row costs twice as much.
    is_known = any(sha256 == record.file_sha256 for sha256, _, _ in before)
    con.execute(
        f"insert {'or replace ' if is_known else ''}into intake.files ({names}, file_order) "
        f"values ({marks}, $place)",
        {**values, "place": place},
    )
    if before:
        _drop_left_out(con, record)
    _insert_left_out(con, [(record, position, item) for position, item in enumerate(left_out, 1)])
    return place


def _highest_place(con: duckdb.DuckDBPyConnection) -> int:
    row = con.execute("select coalesce(max(file_order), 0) from intake.files").fetchone()
    return int(row[0]) if row else 0


def receipts_of(
    con: duckdb.DuckDBPyConnection, names: Sequence[str], kind: str
) -> dict[tuple[str, str], tuple[str, dt.datetime]]:
    """What `earlier_receipt` tells, by file name and sha256, of every content of these names."""
    rows = con.execute(
        "select file_name, file_sha256, period, received_at from intake.files "
        "where kind = ? and list_contains(?, file_name)",
        [kind, list(names)],
    ).fetchall()
    return {(name, sha256): (period, received_at) for name, sha256, period, received_at in rows}


def same_files(con: duckdb.DuckDBPyConnection, records: Sequence[FileRecord]) -> dict[str, str]:
    """What `same_file` tells, by file name; one without such a twin is not in it."""
    rows = con.execute(
        "select file_id, file_name from intake.files where list_contains(?, file_id) "
        "and status in ('loaded', 'partly') order by file_order desc",
        [[record.file_id for record in records]],
    ).fetchall()
    return {
        record.file_name: name
        for record in records
        for file_id, name in rows
        if file_id == record.file_id and name != record.file_name
    }


class Known(NamedTuple):
    """What the ledger holds of one content under one name."""

    file_id: str
    sha256: str
    size_bytes: int
    record: tuple[object, ...]
    reason: tuple[str, str | None, str | None]
    is_correction: bool
    file_order: int

    def is_earlier(self, record: FileRecord) -> bool:
        """Whether it is one of the `earlier_versions` of a file of the same name."""
        return (
            record.status in ("loaded", "partly")
            and not (record.is_correction or self.is_correction)
            and self.reason[0] in ("loaded", "partly")
            and self.record == (record.kind, record.instansi_code, record.opd_code, record.period)
            and self.file_id != record.file_id
        )


def known_of(con: duckdb.DuckDBPyConnection, names: Sequence[str]) -> dict[str, list[Known]]:
    """What the ledger holds under some names, oldest first."""
    rows = con.execute(
        "select file_name, file_id, file_sha256, size_bytes, kind, instansi_code, opd_code, period, status, "
        "reason_code, reason_text, is_correction, file_order from intake.files "
        "where list_contains(?, file_name) order by file_order",
        [list(names)],
    ).fetchall()
    found: dict[str, list[Known]] = {name: [] for name in names}
    for name, file_id, sha256, size, kind, instansi, opd, period, *said, is_correction, order in rows:
        whose = (kind, instansi, opd, period)
        reason = (said[0], said[1], said[2])
        found[name].append(Known(file_id, sha256, size, whose, reason, is_correction, order))
    return found


def lie_twice(con: duckdb.DuckDBPyConnection, names: Sequence[str]) -> set[str]:
    """Those of some names with a content that lies under another name, too.

    One of the two may come to count when the other gets a new version.
    """
    rows = con.execute(
        "select distinct file_name from intake.files where list_contains(?, file_name) "
        "and status in ('loaded', 'partly', 'duplicate') "
        "and file_id in (select file_id from intake.files where status = 'duplicate')",
        [list(names)],
    ).fetchall()
    return {name for (name,) in rows}


def record_files(
    con: duckdb.DuckDBPyConnection,
    found: Sequence[tuple[FileRecord, Sequence[LeftOut]]],
    known: Mapping[str, Sequence[Known]],
    replaced: Mapping[str, Sequence[str]],
) -> list[int]:
    """Write files of different names to the ledger as `record_file` does each; their places.

    Of tables, none of the replaced may lie under another name, too (`lie_twice`).

    Args:
        con: in a transaction.
        found: each file with what was left out of it.
        known: what `known_of` tells of their names.
        replaced: by name, the versions that it replaces.
    """
    changed = [r.file_name for r, _ in found if not _is_as_known(r, known[r.file_name])]
    if changed:
        mark_unfinished(con, changed[-1])
    highest = _highest_place(con)
    places = []
    for record, _ in found:
        gone = replaced.get(record.file_name, ())
        if gone:
            _mark_replaced(con, record, gone)
        last = known[record.file_name][-1] if known[record.file_name] else None
        # A file that is judged again as it is keeps its place before those that came since.
        is_again = last and last.sha256 == record.file_sha256 and last.file_id not in gone
        if last and is_again and last.reason[0] != "replaced":
            places.append(last.file_order)
        else:
            highest += 1
            places.append(highest)
    types = dict(
        con.execute(
            "select column_name, data_type from duckdb_columns() where schema_name = 'intake' "
            "and table_name = 'files' and database_name = current_database()"
        ).fetchall()
    )
    values = [
        {"file_id": record.file_id, **record.__dict__, "file_order": place}
        for (record, _), place in zip(found, places, strict=True)
    ]
    rows = ", ".join(f"unnest(${name}::{types[name]}[]) as {name}" for name in values[0])
    con.execute(
        f"insert or replace into intake.files by name select {rows}",
        {name: [told[name] for told in values] for name in values[0]},
    )
    names = [record.file_name for record, _ in found]
    stale = con.execute(
        "select distinct file_name from intake.left_out where list_contains(?, file_name)", [names]
    ).fetchall()
    for record, _ in found:
        if (record.file_name,) in stale:
            _drop_left_out(con, record)
    _insert_left_out(
        con, [(record, position, item) for record, items in found for position, item in enumerate(items, 1)]
    )
    return places


def _mark_replaced(con: duckdb.DuckDBPyConnection, record: FileRecord, replaced: Sequence[str]) -> None:
    con.execute(
        "update intake.files set status = 'replaced' where file_name = ? and list_contains(?, file_id) "
        "and status in ('loaded', 'partly')",
        [record.file_name, list(replaced)],
    )


def _is_as_known(record: FileRecord, known: Sequence[Known]) -> bool:
    """As `_is_as_before`."""
    reason = (record.status, record.reason_code, record.reason_text)
    return record.status in ("waiting", "rejected", "duplicate") and any(
        before.sha256 == record.file_sha256 and before.reason == reason for before in known
    )


def _drop_left_out(con: duckdb.DuckDBPyConnection, record: FileRecord) -> None:
    con.execute(
        "delete from intake.left_out where file_name = ? and file_id not in "
        "(select file_id from intake.files where file_name = ? and file_id <> ?)",
        [record.file_name, record.file_name, record.file_id],
    )


def _insert_left_out(
    con: duckdb.DuckDBPyConnection, found: Sequence[tuple[FileRecord, int, LeftOut]]
) -> None:
    if found:
        con.execute(
            "insert into intake.left_out select unnest(?::varchar[]), unnest(?::varchar[]), "
            "unnest(?::integer[]), unnest(?::varchar[]), unnest(?::varchar[]), unnest(?::bigint[]), "
            "unnest(?::varchar[])",
            [
                [record.file_id for record, _, _ in found],
                [record.file_name for record, _, _ in found],
                [position for _, position, _ in found],
                [item.code for _, _, item in found],
                [item.place for _, _, item in found],
                [item.count for _, _, item in found],
                [item.message for _, _, item in found],
            ],
        )


def records(con: duckdb.DuckDBPyConnection) -> list[tuple[FileRecord, int]]:
    """Every file as it is recorded, with its place among all that came."""
    names = [name.name for name in fields(FileRecord)]
    rows = con.execute(f"select file_order, {', '.join(names)} from intake.files order by 1").fetchall()
    return [(FileRecord(**dict(zip(names, values, strict=True))), order) for order, *values in rows]


def note_documents(con: duckdb.DuckDBPyConnection, media_types: Mapping[str, str]) -> None:
    """Note that files (file_id) came as documents of a media type."""
    if media_types:
        con.execute(
            "insert or replace into intake.documents select unnest(?::varchar[]), unnest(?::varchar[])",
            [list(media_types), list(media_types.values())],
        )


def _is_as_before(con: duckdb.DuckDBPyConnection, record: FileRecord) -> bool:
    """Whether a file of which no row counts is again what it was, as one that waits for its rest."""
    return (
        record.status in ("waiting", "rejected", "duplicate")
        and con.execute(
            "select 1 from intake.files where file_name = ? and file_sha256 = ? and status = ? "
            "and reason_code is not distinct from ? and reason_text is not distinct from ?",
            [
                record.file_name,
                record.file_sha256,
                record.status,
                record.reason_code,
                record.reason_text,
            ],
        ).fetchone()
        is not None
    )


def queue_days(
    con: duckdb.DuckDBPyConnection, days: Iterable[dt.date], instansi_code: str | None = None
) -> None:
    """Mark days as waiting for recomputing; those outside the settings' range hold no call.

    Args:
        con: the warehouse.
        days: local days.
        instansi_code: whose calls are counted again; None: everybody's.
    """
    wanted = sorted(set(days))
    if wanted:
        if instansi_code is None:
            con.execute("delete from intake.pending_instansi where list_contains(?::date[], day)", [wanted])
        else:
            # A day that waits for nobody by name waits for everybody.
            con.execute(
                "insert or ignore into intake.pending_instansi "
                "select day, ? from (select unnest(?::date[]) as day) "
                "where day not in (select day from intake.pending_days) "
                "or day in (select day from intake.pending_instansi)",
                [instansi_code, wanted],
            )
        con.execute(
            "insert or ignore into intake.pending_days select day from (select unnest(?::date[]) as day) "
            "where day between (select first_day from raw.run_settings) and ("
            "select greatest(as_of, cast(timezone(time_zone, now()) as date)) + 1 from raw.run_settings)",
            [wanted],
        )


def begin_lake(con: duckdb.DuckDBPyConnection, *file_ids: str) -> None:
    """Note that files of logs are going to be written to the lake; `note_lakes` ends it."""
    con.execute("insert or ignore into intake.lake_begun select unnest(?::varchar[])", [list(file_ids)])


def note_lakes(
    con: duckdb.DuckDBPyConnection, files: Mapping[str, Sequence[LakeFile]], gone: Sequence[str] = ()
) -> list[LakeFile]:
    """Note what each of some logs has in the lake now, and that the logs `gone` have nothing there.

    Returns:
        Files that any of them had there before and has no more.
    """
    con.execute("delete from intake.lake_begun where list_contains(?, file_id)", [list(files)])
    before = con.execute(
        "delete from intake.lake_files where list_contains(?, file_id) returning * exclude (file_id)",
        [[*files, *gone]],
    ).fetchall()
    rows = [(file_id, *file) for file_id, found in files.items() for file in found]
    if rows:
        con.execute(
            "insert into intake.lake_files select unnest(?::varchar[]), unnest(?::date[]), "
            "unnest(?::varchar[]), unnest(?::bigint[]), unnest(?::bigint[]), unnest(?::varchar[])",
            [list(values) for values in zip(*rows, strict=True)],
        )
    there = {file.place for found in files.values() for file in found}
    return sorted({file for file in map(LakeFile._make, before) if file.place not in there})


def noted_lake(con: duckdb.DuckDBPyConnection) -> list[LakeFile]:
    """Every file of the lake as it was written."""
    rows = con.execute(
        "select distinct day, file_name, size_bytes, modified_ns, sha256 from intake.lake_files order by all"
    ).fetchall()
    return [LakeFile(*row) for row in rows]


def files_of_logs(con: duckdb.DuckDBPyConnection, file_ids: Collection[str]) -> dict[str, list[LakeFile]]:
    """What each of some logs has in the lake, as it was written; none where it has nothing."""
    found: dict[str, list[LakeFile]] = {file_id: [] for file_id in file_ids}
    for file_id, *file in con.execute(
        "select file_id, day, file_name, size_bytes, modified_ns, sha256 from intake.lake_files "
        "where list_contains(?, file_id) order by all",
        [list(file_ids)],
    ).fetchall():
        found[file_id].append(LakeFile(*file))
    return found


def logs_in(con: duckdb.DuckDBPyConnection, file: LakeFile) -> list[str]:
    """Ids of the logs that a file of the lake counts for."""
    rows = con.execute(
        "select file_id from intake.lake_files where day = ? and file_name = ? order by all",
        [file.day, file.name],
    ).fetchall()
    return [file_id for (file_id,) in rows]


def note_instead(con: duckdb.DuckDBPyConnection, file: LakeFile, now: LakeFile) -> None:
    """Note that what the logs of a file have in the lake lies in another one now."""
    con.execute(
        "update intake.lake_files set file_name = ?, size_bytes = ?, modified_ns = ?, sha256 = ? "
        "where day = ? and file_name = ?",
        [now.name, now.size_bytes, now.modified_ns, now.sha256, file.day, file.name],
    )


def lake_ids(con: duckdb.DuckDBPyConnection) -> tuple[set[str], set[str]]:
    """Ids of the logs that count, and of all that were ever received or begun."""
    rows = con.execute(
        "select file_id, bool_or(counts) from (select file_id, status in ('loaded', 'partly') as counts "
        "from intake.files where kind = ? union all select file_id, false from intake.lake_begun) group by 1",
        [LOG_KIND],
    ).fetchall()
    return {file_id for file_id, counts in rows if counts}, {file_id for file_id, _ in rows}


def pending_days(con: duckdb.DuckDBPyConnection) -> list[dt.date]:
    """The days that wait for recomputing, oldest first."""
    return [day for (day,) in con.execute("select day from intake.pending_days order by day").fetchall()]


def settle_days(con: duckdb.DuckDBPyConnection, days: Sequence[dt.date]) -> None:
    """These days are recomputed and wait no more."""
    for table in ("pending_days", "pending_instansi"):
        con.execute(f"delete from intake.{table} where list_contains(?::date[], day)", [list(days)])


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

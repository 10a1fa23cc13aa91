"""The ledger of received files: what arrived, what became of it, which days wait for recomputing.

Belongs here: schema `intake` of the warehouse and the views `raw.intake_files`, `raw.quarantine`,
`raw.row_warnings` over it. Stays out: reading files and judging rows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import duckdb

Status = Literal["loaded", "partly", "rejected", "duplicate", "replaced", "waiting"]

_DDL = """
create schema if not exists intake;
create schema if not exists received;
create schema if not exists raw;
create schema if not exists reference;
create table if not exists intake.files (
    file_name varchar not null, shown_name varchar not null, file_sha256 varchar not null, kind varchar not null, log_format varchar,
    instansi_code varchar not null, opd_code varchar not null, period varchar not null,
    size_bytes bigint not null, modified_ns bigint not null, status varchar not null, reason varchar,
    rows_received bigint not null, rows_loaded bigint not null, rows_quarantined bigint not null,
    warnings bigint not null, absent_columns varchar[], contract_version varchar, format_fingerprint varchar,
    lines bigint, records bigint, bad_lines bigint, blank_lines bigint,
    received_at timestamp not null, file_order bigint not null, primary key (file_name, file_sha256)
);
create table if not exists intake.bad_lines (
    file_sha256 varchar not null, row_number bigint not null, rules varchar[] not null,
    messages varchar[] not null, raw_row varchar
);
create table if not exists intake.pending_days (day date primary key);
create table if not exists intake.state (name varchar primary key, value varchar not null);
"""


@dataclass(frozen=True)
class FileRecord:
    """One row of `intake.files`; counts are of rows (tables) or of lines and elements (logs).

    `file_name` is the path in the inbox, `shown_name` the same with personal data masked.
    """

    file_name: str
    shown_name: str
    file_sha256: str
    kind: str
    log_format: str | None
    instansi_code: str
    opd_code: str
    period: str
    size_bytes: int
    modified_ns: int
    received_at: dt.datetime
    format_fingerprint: str | None = None
    status: Status = "loaded"
    reason: str | None = None
    rows_received: int = 0
    rows_loaded: int = 0
    rows_quarantined: int = 0
    warnings: int = 0
    absent_columns: Sequence[str] | None = None
    contract_version: str | None = None
    lines: int | None = None
    records: int | None = None
    bad_lines: int | None = None
    blank_lines: int | None = None

    def rejected(self, status: Status, code: str, message: str) -> FileRecord:
        """The same file, not loaded, with its reason."""
        return replace(self, status=status, reason=f"{code}: {message}")


def create_ledger(con: duckdb.DuckDBPyConnection) -> None:
    """Create what is missing of the ledger; changes nothing that is there."""
    con.execute(_DDL)


def create_views(con: duckdb.DuckDBPyConnection, kinds: Sequence[str]) -> None:
    """(Re)create the views that dbt reads as sources; every `received.<kind>` must exist."""
    con.execute(
        "create or replace view raw.intake_files as select kind, log_format, instansi_code, opd_code, period, "
        "shown_name as file_name, file_sha256, size_bytes, status, reason, rows_received, rows_loaded, rows_quarantined, "
        "warnings, contract_version, received_at, lines, records, bad_lines, blank_lines from intake.files"
    )
    con.execute("create or replace view raw.pending_days as select day from intake.pending_days")
    # A file that came under two names is one content: its rows are listed once, under the name that loaded.
    files = (
        "(select * from intake.files where status <> 'duplicate' "
        "qualify row_number() over (partition by kind, file_sha256 order by status = 'replaced', file_order) = 1)"
    )
    tables = " union all ".join(
        f"select '{k}' as kind, _instansi_code, _opd_code, _period, _file_sha256, _row_number, _raw_row, _broken "
        f"from received.{k}"
        for k in kinds
    )
    con.execute(
        f"""
        create or replace view raw.quarantine as
        select r.kind, r._instansi_code as instansi_code, r._opd_code as opd_code, r._period as period,
            r._file_sha256 as file_sha256, f.shown_name as file_name, r._row_number as row_number,
            list_transform(r._broken, lambda b: b.rule) as rules,
            list_transform(r._broken, lambda b: b.message) as messages,
            r._raw_row as raw_row, f.status <> 'replaced' as is_current, f.received_at
        from ({tables}) as r inner join {files} as f on r._file_sha256 = f.file_sha256 and r.kind = f.kind
        where len(list_filter(r._broken, lambda b: b.severity = 'error')) > 0
        union all
        select f.kind, f.instansi_code, f.opd_code, f.period, b.file_sha256, f.shown_name, b.row_number,
            b.rules, b.messages, b.raw_row, f.status <> 'replaced', f.received_at
        from intake.bad_lines as b inner join {files} as f on b.file_sha256 = f.file_sha256"""
    )
    con.execute(
        f"""
        create or replace view raw.row_warnings as
        select r.kind, r._instansi_code as instansi_code, r._opd_code as opd_code,
            r._file_sha256 as file_sha256, f.shown_name as file_name, r._row_number as row_number, b.rule, b.message
        from ({tables}) as r inner join {files} as f on r._file_sha256 = f.file_sha256 and r.kind = f.kind,
            unnest(r._broken) as u (b)
        where f.status <> 'replaced' and len(list_filter(r._broken, lambda x: x.severity = 'error')) = 0"""
    )


def seen_files(con: duckdb.DuckDBPyConnection) -> dict[str, tuple[int, int, str, str | None]]:
    """File name to (size, modified_ns, status, format_fingerprint) of what was last received under it."""
    rows = con.execute(
        "select file_name, size_bytes, modified_ns, status, format_fingerprint from intake.files "
        "qualify row_number() over (partition by file_name order by file_order desc) = 1"
    ).fetchall()
    return {name: (size, modified, status, print_) for name, size, modified, status, print_ in rows}


def same_content(con: duckdb.DuckDBPyConnection, kind: str, sha256: str) -> tuple[str, Status] | None:
    """Name and status under which this content of this kind has been received, loaded ones first."""
    row = con.execute(
        "select file_name, status from intake.files where kind = ? and file_sha256 = ? and status <> 'duplicate' "
        "order by status not in ('loaded', 'partly'), file_order limit 1",
        [kind, sha256],
    ).fetchone()
    return (row[0], row[1]) if row else None


def record_file(con: duckdb.DuckDBPyConnection, record: FileRecord) -> list[str]:
    """Write a file to the ledger; what it replaces is marked so.

    A version is keyed by kind, instansi, sender, period and path in the inbox. Returns the sha256 of the
    versions that this one replaces.
    """
    replaced: list[str] = []
    if record.status in ("loaded", "partly"):
        rows = con.execute(
            "update intake.files set status = 'replaced' where kind = ? and instansi_code = ? and opd_code = ? "
            "and period = ? and file_name = ? and file_sha256 <> ? and status in ('loaded', 'partly') "
            "returning file_sha256",
            [
                record.kind,
                record.instansi_code,
                record.opd_code,
                record.period,
                record.file_name,
                record.file_sha256,
            ],
        ).fetchall()
        replaced = [row[0] for row in rows]
    values = dict(record.__dict__)
    names = ", ".join(values)
    marks = ", ".join(f"${name}" for name in values)
    con.execute(
        f"insert or replace into intake.files ({names}, file_order) "
        f"values ({marks}, (select coalesce(max(file_order), 0) + 1 from intake.files))",
        values,
    )
    return replaced


def touch_days(con: duckdb.DuckDBPyConnection, days: Iterable[dt.date]) -> None:
    """Mark days and their neighbours (a call may pair across midnight) as waiting for recomputing."""
    queue_days(con, {day + dt.timedelta(days=step) for day in days for step in (-1, 0, 1)})


def queue_days(con: duckdb.DuckDBPyConnection, days: Iterable[dt.date]) -> None:
    """Mark days as waiting for recomputing; days outside the settings' range hold no call and are left out."""
    wanted = sorted(set(days))
    if wanted:
        con.execute(
            "insert or ignore into intake.pending_days select day from (select unnest(?::date[]) as day) "
            "where day between (select first_day from raw.run_settings) "
            "and (select greatest(as_of, current_date) + 1 from raw.run_settings)",
            [wanted],
        )


def pending_ranges(con: duckdb.DuckDBPyConnection) -> list[tuple[dt.date, dt.date]]:
    """Contiguous ranges of waiting days, both ends included, oldest first."""
    return con.execute(
        "select min(day), max(day) from (select day, day - cast(row_number() over (order by day) as integer) "
        "as island from intake.pending_days) group by island order by 1"
    ).fetchall()


def settle_days(con: duckdb.DuckDBPyConnection, first: dt.date, last: dt.date) -> None:
    """The days of a range, both ends included, are recomputed."""
    con.execute("delete from intake.pending_days where day between ? and ?", [first, last])


def read_state(con: duckdb.DuckDBPyConnection, name: str) -> str | None:
    """A value that a run left for the next one."""
    row = con.execute("select value from intake.state where name = ?", [name]).fetchone()
    return row[0] if row else None


def write_state(con: duckdb.DuckDBPyConnection, name: str, value: str) -> None:
    """Leave a value for the next run."""
    con.execute("insert or replace into intake.state values (?, ?)", [name, value])

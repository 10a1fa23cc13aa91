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
    file_name varchar not null, shown_name varchar not null, file_sha256 varchar not null,
    kind varchar not null, log_format varchar,
    instansi_code varchar not null, opd_code varchar not null, period varchar not null,
    size_bytes bigint not null, modified_ns bigint not null, status varchar not null, reason varchar,
    rows_received bigint not null, rows_loaded bigint not null, rows_quarantined bigint not null,
    warnings bigint not null, absent_columns varchar[], contract_version varchar, format_fingerprint varchar,
    lines bigint, records bigint, bad_lines bigint, blank_lines bigint,
    is_correction boolean default false, received_at timestamp not null, file_order bigint not null,
    primary key (file_name, file_sha256)
);
create table if not exists intake.bad_lines (
    file_sha256 varchar not null, row_number bigint not null, rules varchar[] not null,
    messages varchar[] not null, raw_row varchar
);
create table if not exists intake.corrections (
    kind varchar not null, file_sha256 varchar not null, row_number bigint not null,
    root_sha256 varchar not null, root_row bigint not null, is_loaded boolean not null,
    root_was_refused boolean not null
);
create table if not exists intake.pending_days (day date primary key);
create table if not exists intake.state (name varchar primary key, value varchar not null);
"""
# A file that came under two names is one content: its rows are listed once, under the name that loaded. A
# rejected file stays rejected when a newer version comes, but its rows ask nothing of anybody any more; no
# more do rows of a correction that name no known row, once the sender has sent the next correction.
_FILE_STATE = """
create or replace view intake.file_state as
with contents as (
    select * from intake.files where status <> 'duplicate'
    qualify row_number() over (partition by kind, file_sha256 order by status = 'replaced', file_order) = 1
),
followed as (
    select f.kind, f.file_sha256, min(n.received_at) as replaced_at
    from contents as f
    inner join intake.files as n
        on f.kind = n.kind and f.instansi_code = n.instansi_code and f.opd_code = n.opd_code
        and f.is_correction = n.is_correction and f.file_order < n.file_order
        and (f.is_correction or (f.period = n.period and f.file_name = n.file_name))
    where n.rows_received > 0 and (
        f.is_correction or n.status in ('loaded', 'partly', 'replaced') or f.status = 'rejected'
    )
    group by all
)
select c.*, case when c.kind <> 'service_log' or c.status in ('replaced', 'rejected') then f.replaced_at end
        as replaced_at,
    c.status <> 'replaced' and not (c.status = 'rejected' and f.replaced_at is not null) as is_current,
    case when c.is_correction then f.replaced_at is null else is_current end as is_asking
from contents as c left join followed as f on c.kind = f.kind and c.file_sha256 = f.file_sha256
"""
# A row and the corrections of it are versions of one row: the last asks to be mended if it is refused, the
# last that was accepted counts. All fall with the file that the first one stands in.
_ROW_VERSIONS = """
create or replace view intake.row_versions as
with versions as (
    select distinct c.kind, c.root_sha256 as file_sha256, c.root_row as row_number, c.root_sha256,
        c.root_row, 0::bigint as version, false as is_loaded, null::timestamp as received_at
    from intake.corrections as c
    union all
    select c.kind, c.file_sha256, c.row_number, c.root_sha256, c.root_row, f.file_order, c.is_loaded,
        f.received_at
    from intake.corrections as c
    inner join intake.file_state as f on c.kind = f.kind and c.file_sha256 = f.file_sha256
)
select v.kind, v.file_sha256, v.row_number, v.version > 0 as is_correction, r.received_at as opened_at,
    lead(v.received_at) over line as corrected_at, r.replaced_at,
    r.is_current and v.version = max(v.version) over whole as is_last,
    r.is_current
    and v.version = coalesce(max(v.version) filter (where v.is_loaded) over whole, 0) as is_counted
from versions as v
inner join intake.file_state as r on v.kind = r.kind and v.root_sha256 = r.file_sha256
window whole as (partition by v.kind, v.root_sha256, v.root_row), line as (whole order by v.version)
"""


@dataclass(frozen=True)
class FileRecord:
    """One row of `intake.files`; counts are of rows (tables) or of lines and elements (logs).

    `file_name` is the path in the inbox, `shown_name` the same with personal data masked; `is_correction`
    tells that it mends rows of other files.
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
    is_correction: bool = False

    def rejected(self, status: Status, code: str, message: str) -> FileRecord:
        """The same file, not loaded, with its reason."""
        return replace(self, status=status, reason=f"{code}: {message}")


def create_ledger(con: duckdb.DuckDBPyConnection) -> None:
    """Create what is missing of the ledger; changes nothing that is there."""
    con.execute(_DDL)
    con.execute(_FILE_STATE)
    con.execute(_ROW_VERSIONS)


def create_views(con: duckdb.DuckDBPyConnection, kinds: Sequence[str]) -> None:
    """(Re)create the views that dbt reads as sources; every `received.<kind>` must exist."""
    con.execute(
        """
        create or replace view raw.intake_files as
        with mended as (
            select root_sha256 as file_sha256, kind, count(distinct root_row) as rows_corrected
            from intake.corrections where is_loaded and root_was_refused group by all
        )
        select f.kind, f.log_format, f.instansi_code, f.opd_code, f.period, f.shown_name as file_name,
            f.file_sha256, f.size_bytes, f.status, f.reason, f.rows_received, f.rows_loaded,
            f.rows_quarantined, f.warnings, f.contract_version, f.received_at, f.lines, f.records,
            f.bad_lines, f.blank_lines, f.is_correction,
            coalesce(m.rows_corrected, 0) as rows_corrected, f.file_order
        from intake.files as f left join mended as m on f.kind = m.kind and f.file_sha256 = m.file_sha256"""
    )
    con.execute("create or replace view raw.pending_days as select day from intake.pending_days")
    tables = " union all ".join(
        f"select '{k}' as kind, _instansi_code, _opd_code, _period, _file_sha256, _row_number, _raw_row, "
        f"_broken from received.{k}"
        for k in kinds
    )
    con.execute(
        f"""
        create or replace view raw.quarantine as
        with refused as (
            select kind, _instansi_code as instansi_code, _opd_code as opd_code, _period as period,
                _file_sha256 as file_sha256, _row_number as row_number,
                list_transform(_broken, lambda b: b.rule) as rules,
                list_transform(_broken, lambda b: b.message) as messages, _raw_row as raw_row
            from ({tables}) where len(list_filter(_broken, lambda b: b.severity = 'error')) > 0
            union all
            select f.kind, f.instansi_code, f.opd_code, f.period, b.file_sha256, b.row_number,
                b.rules, b.messages, b.raw_row
            from intake.bad_lines as b inner join intake.file_state as f on b.file_sha256 = f.file_sha256
        )
        select r.kind, r.instansi_code, r.opd_code, f.opd_code as sender_code, r.period, r.file_sha256,
            f.shown_name as file_name, r.row_number, r.rules, r.messages, r.raw_row, f.is_current,
            coalesce(v.is_last, f.is_asking) as is_open, f.received_at,
            coalesce(v.opened_at, f.received_at) as opened_at,
            case when not is_open then least(v.corrected_at, coalesce(v.replaced_at, f.replaced_at)) end
                as closed_at,
            case
                when is_open then null
                when f.is_correction and v.is_last is null then 'correction'
                when v.corrected_at <= coalesce(v.replaced_at, f.replaced_at, v.corrected_at)
                    then 'correction'
                else 'version'
            end as closed_by
        from refused as r
        inner join intake.file_state as f on r.file_sha256 = f.file_sha256 and r.kind = f.kind
        left join intake.row_versions as v
            on r.kind = v.kind and r.file_sha256 = v.file_sha256 and r.row_number = v.row_number"""
    )
    con.execute(
        f"""
        create or replace view raw.row_warnings as
        select r.kind, r._instansi_code as instansi_code, r._opd_code as opd_code, f.opd_code as sender_code,
            r._period as period, r._file_sha256 as file_sha256, f.shown_name as file_name,
            r._row_number as row_number, b.rule, b.message, f.received_at
        from ({tables}) as r
        inner join intake.file_state as f on r._file_sha256 = f.file_sha256 and r.kind = f.kind
        left join intake.row_versions as v
            on r.kind = v.kind and r._file_sha256 = v.file_sha256 and r._row_number = v.row_number,
            unnest(r._broken) as u (b)
        where f.is_current and coalesce(v.is_counted, true)
            and len(list_filter(r._broken, lambda x: x.severity = 'error')) = 0"""
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
        "select file_name, status from intake.files "
        "where kind = ? and file_sha256 = ? and status <> 'duplicate' "
        "order by status not in ('loaded', 'partly'), file_order limit 1",
        [kind, sha256],
    ).fetchone()
    return (row[0], row[1]) if row else None


def earlier_versions(con: duckdb.DuckDBPyConnection, record: FileRecord) -> list[tuple[str, int]]:
    """sha256 and size in bytes of what was loaded under a file's kind, instansi, sender, period and path.

    A correction replaces rows, not files, and is itself not replaced.
    """
    if record.status not in ("loaded", "partly") or record.is_correction:
        return []
    return con.execute(
        "select file_sha256, size_bytes from intake.files "
        "where kind = ? and instansi_code = ? and opd_code = ? and period = ? and file_name = ? "
        "and file_sha256 <> ? and status in ('loaded', 'partly') and not is_correction "
        "order by file_order",
        [
            record.kind,
            record.instansi_code,
            record.opd_code,
            record.period,
            record.file_name,
            record.file_sha256,
        ],
    ).fetchall()


def record_file(con: duckdb.DuckDBPyConnection, record: FileRecord, replaced: Sequence[str] = ()) -> None:
    """Write a file to the ledger; the versions (sha256) that it replaces are marked so."""
    con.execute(
        "update intake.files set status = 'replaced' where kind = ? and file_name = ? "
        "and file_sha256 in (select unnest(?::varchar[])) and status in ('loaded', 'partly')",
        [record.kind, record.file_name, list(replaced)],
    )
    values = dict(record.__dict__)
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


def read_state(con: duckdb.DuckDBPyConnection, name: str) -> str | None:
    """A value that a run left for the next one."""
    row = con.execute("select value from intake.state where name = ?", [name]).fetchone()
    return row[0] if row else None


def write_state(con: duckdb.DuckDBPyConnection, name: str, value: str) -> None:
    """Leave a value for the next run."""
    con.execute("insert or replace into intake.state values (?, ?)", [name, value])

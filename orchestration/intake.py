"""From the inbox to the warehouse, one file at a time: the hand-over between `sources` and `expectations`.

Belongs here: the order of steps for one file and its transaction. Stays out: how a file is read
(`sources/`), what a good row is (`expectations/`) and what runs when (`assets/`, `jobs.py`).
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from expectations import contract as contracts
from expectations import quarantine, reference_tables, trees
from expectations.normalise import install_normalisers
from expectations.template import declared_version
from orchestration.settings import PROJECT, Settings
from sources import corrections, lake, ledger, tables
from sources.archive import Archived, InflateLimits, archive_file, continues, drop_archived, find_archived
from sources.errors import FileProblem, FileRejected, FileWaiting
from sources.kinds import LOG_KIND, InboxFile, read_meta, scan_inbox
from sources.ledger import FileRecord
from sources.privacy import install_masking, read_key

if TYPE_CHECKING:
    import duckdb

# The order in which one run reads the kinds: what others refer to comes first (formats 0b).
FIRST_KINDS = ("opd_register", "rulebook", "gateway_identity", "system_inventory")
_SEEDS = PROJECT / "dbt_project" / "seeds"


def table_kinds() -> list[str]:
    """The kinds that have a contract, in the order in which a run reads them."""
    every = contracts.kinds()
    return [*FIRST_KINDS, *(k for k in every if k not in FIRST_KINDS)]


def format_fingerprint(kind: str) -> str:
    """Changes when the contract or the spellings of a kind change; a rejected file is then read again."""
    digest = hashlib.sha256()
    for path in sorted([contracts.CONTRACTS / f"{kind}.odcs.yaml", *contracts.ALIASES.glob(f"{kind}.*.csv")]):
        digest.update(path.read_bytes() if path.exists() else b"")
    return digest.hexdigest()[:16]


def prepare_check(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Give a database of its own what judging a file needs, the published OPD register included."""
    con.execute("set TimeZone = 'UTC'")
    ledger.create_ledger(con)
    for kind in table_kinds():
        quarantine.create_received(con, contracts.load_contract(kind))
    _install(con, settings)
    if settings.published.exists():
        con.execute(
            f"attach '{str(settings.published).replace(chr(39), chr(39) * 2)}' as published (read_only)"
        )
        reference_tables.copy_published(con)
        _know_refused(con)
        con.execute("detach published")
    else:
        reference_tables.know_none(con)


def _know_refused(con: duckdb.DuckDBPyConnection) -> None:
    """Tell a check which files came and which rows were refused, so that it can judge a correction."""
    con.execute(
        "insert into intake.files by name select file_name, file_name as shown_name, file_sha256, kind, "
        "instansi_code, opd_code, period, size_bytes, 0 as modified_ns, status, rows_received, rows_loaded, "
        "rows_quarantined, warnings, received_at, is_correction, row_number() over (order by received_at) as "
        "file_order from published.fct_intake_files where kind <> ?",
        [LOG_KIND],
    )
    for kind in table_kinds():
        con.execute(
            f"insert into received.{kind} by name select file_sha256 as _file_sha256, "
            "row_number as _row_number, instansi_code as _instansi_code, opd_code as _opd_code, "
            "period as _period, raw_row as _raw_row "
            "from published.fct_quarantine where kind = ?",
            [kind],
        )


def _install(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    install_masking(con, read_key(settings.keys / "pseudonym.key"))
    install_normalisers(con)
    reference_tables.fill_lists(con, _SEEDS)


def prepare_warehouse(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Create ledger, tables, views and macros that are missing; safe to repeat."""
    ledger.create_ledger(con)
    _install(con, settings)
    for kind in table_kinds():
        contract = contracts.load_contract(kind)
        quarantine.create_received(con, contract)
        con.execute(quarantine.raw_view_sql(contract))
    reference_tables.view_received(con)
    ledger.create_views(con, table_kinds())
    lake.create_lake_view(con, settings.lake)
    con.execute(
        "create or replace table raw.run_settings as select ?::date as as_of, ?::varchar as time_zone, "
        "?::varchar as instansi_code, ?::date as first_day, ?::bigint as min_calls, "
        "?::bigint as orphan_after_days, ?::decimal(18, 6) as figure_tolerance_rel, "
        "?::bigint as complaint_sla_hours",
        [
            settings.last_complete_day(),
            settings.time_zone,
            settings.instansi,
            settings.first_day,
            settings.min_calls,
            settings.orphan_after_days,
            settings.figure_tolerance_rel,
            settings.complaint_sla_hours,
        ],
    )


def open_ledger(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Give a connection what intake needs; prepare the warehouse where no run has done so yet."""
    prepared = con.execute(
        "select 1 from information_schema.tables where table_schema = 'raw' and table_name = 'run_settings'"
    ).fetchone()
    if prepared:
        install_masking(con, read_key(settings.keys / "pseudonym.key"))
        install_normalisers(con)
    else:
        prepare_warehouse(con, settings)


def new_files(con: duckdb.DuckDBPyConnection, inbox: Path, kind: str | None = None) -> list[InboxFile]:
    """Files of the inbox that are new, changed, waiting or judged too early, in the order of reading.

    Args:
        con: a connection to the prepared warehouse.
        inbox: the folder.
        kind: only files of this kind; None: files of no known kind.
    """
    kinds = table_kinds()
    known = (*kinds, LOG_KIND)
    mine = scan_inbox(
        inbox, kinds, lake.LOG_FORMATS, lambda name: name == kind if kind else name not in known
    )
    safe = _safe_names(con, [f.name for f in mine])
    mine = [replace(f, name=safe[f.name]) for f in mine]
    seen = ledger.seen_files(con)
    fingerprint = format_fingerprint(kind) if kind in kinds else None
    again = _judged_too_early(con) if kind == "scores" else set()
    fresh = [f for f in mine if f.name in again or not _is_settled(f, seen.get(f.name), fingerprint)]
    return sorted(fresh, key=lambda f: (f.modified_ns, f.name))


def _judged_too_early(con: duckdb.DuckDBPyConnection) -> set[str]:
    """Files of scores with rows refused for a node that a rulebook received since then has."""
    rows = con.execute(
        "select distinct file.file_name from received.scores as this "
        "inner join intake.files as file on this._file_sha256 = file.file_sha256 and file.kind = 'scores' "
        "inner join reference.score_nodes as node "
        "on this.rulebook_id = node.rulebook_id and this.node_id = node.node_id "
        "where file.status in ('partly', 'rejected') "
        "and len(list_filter(this._broken, lambda b: b.rule = 'scores.row.node_of_rulebook')) > 0"
    ).fetchall()
    return {name for (name,) in rows}


def _safe_names(con: duckdb.DuckDBPyConnection, names: Sequence[str]) -> dict[str, str]:
    """File names as they may be kept: people put NIK and e-mail into them; a keyed hash tells two apart."""
    rows = con.execute(
        "select n, case when mask_text(n) = n then n else mask_text(n) || '#' || left(hmac256(n), 8) end "
        "from unnest(?::varchar[]) as t (n)",
        [list(names)],
    ).fetchall()
    return dict(rows)


def _is_settled(
    file: InboxFile, seen: tuple[int, int, str, str | None] | None, fingerprint: str | None
) -> bool:
    if seen is None or (file.size, file.modified_ns) != seen[:2] or seen[2] == "waiting":
        return False
    return seen[2] != "rejected" or seen[3] == fingerprint


def receive(
    con: duckdb.DuckDBPyConnection, settings: Settings, inbox: Path, kind: str | None
) -> Iterator[FileRecord]:
    """Receive every new file of a kind (None: reject those of no known kind); one transaction a file."""
    for file in new_files(con, inbox, kind):
        record = receive_file(con, settings, file)
        _free_rows(con)
        yield record


def _free_rows(con: duckdb.DuckDBPyConnection) -> None:
    """Drop what reading a file left in the connection, which stays open."""
    left = con.execute(
        "select table_name from duckdb_tables() where temporary and not starts_with(table_name, ?)",
        [lake.KEPT_TABLES],
    ).fetchall()
    for (name,) in left:
        con.execute(f'drop table temp."{name}"')


def receive_file(con: duckdb.DuckDBPyConnection, settings: Settings, file: InboxFile) -> FileRecord:
    """Archive and load one file, or record why it is not loaded."""
    record = _first_record(settings, file)
    is_log = file.kind == LOG_KIND
    days: set[dt.date] = set()
    record = replace(record, shown_name=_shown(con, file.name))
    try:
        if file.problem:
            raise file.problem
        record = _with_meta(record, file, settings)
        limit = settings.log_max_bytes if is_log else settings.table_max_bytes
        archived = archive_file(file.path, settings.archive, InflateLimits(limit, settings.inflate_max_ratio))
        record = replace(record, file_sha256=archived.sha256)
        twin = ledger.same_content(con, file.kind, archived.sha256)
        if twin and twin[1] in ("loaded", "partly") and twin[0] != file.name:
            record = record.rejected("duplicate", "duplicate", f"isi sama dengan {_shown(con, twin[0])}")
        elif is_log:
            # The Parquet files are written before the ledger knows them; a crash in between leaves strays,
            # which the next run sweeps.
            result = lake.write_log(
                con,
                archived.path,
                log_format=file.log_format or "",
                instansi_code=record.instansi_code,
                file_sha256=archived.sha256,
                file_name=record.shown_name,
                lake_dir=settings.lake,
                time_zone=settings.time_zone,
                first_day=settings.first_day,
                received_at=record.received_at,
            )
            days = result.days
            record = replace(
                record,
                lines=result.lines,
                records=result.records,
                bad_lines=result.bad_lines,
                blank_lines=result.blank_lines,
                rows_received=result.records + result.bad_lines,
                rows_loaded=result.records,
                rows_quarantined=result.bad_lines,
            )
        else:
            record = _judge(con, settings, file, record, archived)
    except FileWaiting as problem:
        record = record.rejected("waiting", problem.code, problem.message)
    except FileProblem as problem:
        record = record.rejected("rejected", problem.code, problem.message)
    con.execute("begin")
    try:
        if is_log and record.status in ("loaded", "partly"):
            _keep_bad_lines(con, record.file_sha256)
        elif record.rows_received and not is_log:
            _keep_rows(con, file.kind, record.file_sha256, record.contract_version)
            if record.is_correction:
                corrections.keep_links(con, file.kind, record.file_sha256)
        record = _settle_status(record)
        replaced = [
            sha256
            for sha256, size in ledger.earlier_versions(con, record)
            if not is_log or _continues(settings, record, sha256, size)
        ]
        ledger.record_file(con, record, replaced)
        if is_log:
            days |= lake.days_of(settings.lake, replaced)
            ledger.queue_days(con, lake.with_neighbours(settings.lake, days))
        con.execute("commit")
    except BaseException:
        con.execute("rollback")
        raise
    if is_log and replaced:
        lake.remove_logs(settings.lake, replaced)
    return record


def _continues(settings: Settings, record: FileRecord, earlier_sha256: str, earlier_size: int) -> bool:
    """Whether a log is an earlier one of its path grown; if not, the path was used again, and both count."""
    path = find_archived(settings.archive, record.file_sha256)
    earlier = find_archived(settings.archive, earlier_sha256)
    if path is None or earlier is None:  # its retention is over: only the sizes are left to compare
        return record.size_bytes >= earlier_size
    return continues(path, earlier)


def check_file(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    file: InboxFile,
    contract: contracts.Contract | None = None,
    content: Path | None = None,
) -> tuple[FileRecord, list[tuple[int, str, str, str]]]:
    """The verdict on one table file, loading nothing.

    By the given contract, else by the one that `contract_of` names; on the bytes of `content`, else of the
    file itself. The rows stay in the temporary table `judged`.
    Returns the record it would get and, per broken rule, (row number, rule id, severity, message).

    Raises:
        FileProblem: the file can not be used as a whole.
    """
    if file.problem:
        raise file.problem
    record = _with_meta(_first_record(settings, file), file, settings)
    record = _judge(con, settings, file, record, Archived("check", content or file.path, False), contract)
    broken = con.execute(
        "select _row_number, b.rule, b.severity, b.message "
        "from judged, unnest(_broken) as u (b) order by 1, 2"
    ).fetchall()
    return _settle_status(record), broken


def sweep_lake(con: duckdb.DuckDBPyConnection, settings: Settings) -> set[dt.date]:
    """Remove Parquet files that the ledger does not know; their days wait for recomputing."""
    known = {
        row[0]
        for row in con.execute(
            "select file_sha256 from intake.files where kind = ? and status in ('loaded', 'partly')",
            [LOG_KIND],
        ).fetchall()
    }
    lake.sweep_scratch(settings.lake)
    unknown = lake.unknown_logs(settings.lake, known)
    days = lake.days_of(settings.lake, unknown)
    ledger.queue_days(con, lake.with_neighbours(settings.lake, days))
    lake.remove_logs(settings.lake, unknown)
    return days


def queue_first_day(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Let the last complete day wait where no day was ever computed and none waits.

    The models of a day make the tables that the index reads, and a home need not have a log.
    """
    made = con.execute(
        "select 1 from information_schema.tables where table_schema = 'intermediate' "
        "and table_name = 'int_calls__counted_daily'"
    ).fetchone()
    if not made and not ledger.pending_ranges(con):
        ledger.queue_days(con, [settings.last_complete_day()])


def drop_old_logs(con: duckdb.DuckDBPyConnection, settings: Settings) -> int:
    """Delete archived logs that are older than the settings keep them; how many.

    What was read of them stays in the lake. Content that is also a table's is kept.
    """
    kept_from = dt.datetime.now(dt.UTC).replace(tzinfo=None) - dt.timedelta(days=settings.archive_log_days)
    old = con.execute(
        "select file_sha256 from intake.files group by file_sha256 "
        "having bool_and(kind = ?) and (not ? or max(received_at) < ?)",
        [LOG_KIND, settings.archive_logs, kept_from],
    ).fetchall()
    return sum(drop_archived(settings.archive, sha256) for (sha256,) in old)


def _first_record(settings: Settings, file: InboxFile) -> FileRecord:
    instansi = file.instansi_code or settings.instansi
    received_at = dt.datetime.now(dt.UTC).replace(tzinfo=None, microsecond=0)
    return FileRecord(
        file_name=file.name,
        shown_name=file.name,
        # A file that is refused before its bytes are read is known by its name, size and time alone.
        file_sha256=hashlib.sha256(f"{file.name}\0{file.size}\0{file.modified_ns}".encode()).hexdigest(),
        kind=file.kind or "unknown",
        log_format=file.log_format,
        instansi_code=instansi,
        opd_code=instansi,
        period=file.period or str(settings.today().year),
        size_bytes=file.size,
        modified_ns=file.modified_ns,
        received_at=received_at,
        format_fingerprint=format_fingerprint(file.kind) if file.kind in contracts.kinds() else None,
    )


def _with_meta(record: FileRecord, file: InboxFile, settings: Settings) -> FileRecord:
    meta = read_meta(file.path)
    return replace(
        record,
        opd_code=meta.opd_code or record.opd_code,
        period=meta.period or file.period or str(settings.today().year),
    )


def _shown(con: duckdb.DuckDBPyConnection, name: str) -> str:
    """A file name as others may see it: people put NIK and e-mail addresses into names."""
    row = con.execute("select mask_text(?)", [name]).fetchone()
    return str(row[0]) if row else name


def contract_of(kind: str, path: Path) -> contracts.Contract:
    """The contract a file is held to: a template of an earlier version stays valid under that version."""
    declared = declared_version(path)
    if declared and declared[0] == kind:
        with contextlib.suppress(FileNotFoundError):
            return contracts.load_contract(kind, declared[1])
    return contracts.load_contract(kind)


def _judge(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    file: InboxFile,
    record: FileRecord,
    archived: Archived,
    contract: contracts.Contract | None = None,
) -> FileRecord:
    """Land, normalise and judge the rows into the temporary table `judged`."""
    contract = contract or contract_of(file.kind, archived.path)
    limits = tables.TableLimits(
        max_bytes=settings.table_max_bytes,
        max_ratio=settings.inflate_max_ratio,
        max_rows=settings.table_max_rows,
        max_columns=settings.table_max_columns,
    )
    constants = read_meta(file.path).constants
    unknown = sorted(set(constants) - {c.name for c in contract.columns})
    if unknown:
        raise FileRejected(
            "bad_meta", f"kolom {', '.join(unknown)} pada constants tidak ada pada {file.kind}"
        )
    try:
        known = contracts.header_aliases(file.kind, contract) | corrections.HEADERS
        table = tables.read_table(archived.path, known, limits)
        lacking = quarantine.missing_columns(contract, table.columns, constants)
        if lacking and corrections.COLUMN not in table.columns:
            raise _lacking_columns(table, lacking)
        rows = tables.land_table(con, table, limits)
    except UnicodeError as error:
        raise FileRejected("unreadable", f"teks tidak dapat dibaca: {error}") from error
    # A check knows which rows were refused, not which were accepted.
    is_correction = _link_correction(con, contract, table, record.instansi_code, archived.sha256 != "check")
    if lacking and not is_correction:
        raise _lacking_columns(table, lacking)
    facts = quarantine.FileFacts(
        record.file_sha256,
        record.instansi_code,
        record.opd_code,
        record.period,
        constants,
        record.received_at,
        file.instansi_code,
        file.period,
    )
    quarantine.judge_landed(con, contract, table.columns, table.headers, facts)
    if is_correction:
        corrections.finish_rows(
            con,
            file.kind,
            table.columns,
            table.headers,
            [c.name for c in contract.columns],
            _hidden(contract),
        )
    if file.kind == "rulebook" and (fault := trees.find_fault(con)):
        raise FileRejected("broken_rulebook", fault)
    loaded, warned = con.execute(  # type: ignore[misc]
        f"select count(*) filter ({quarantine.is_loaded_sql()}), "
        f"count(*) filter ({quarantine.is_loaded_sql()} and len(_broken) > 0) from judged"
    ).fetchone()
    absent = quarantine.absent_columns(contract, table.columns, constants)
    notes = [f"kolom tidak dikenal: {', '.join(table.unknown)}"] if table.unknown else []
    if absent:
        notes.append(f"kolom tidak ada: {', '.join(absent)}")
    is_dated = file.period or read_meta(file.path).period or "period" in table.columns or is_correction
    if not is_dated:
        notes.append(f"periode tidak disebut, dipakai {record.period}")
    return replace(
        record,
        rows_received=rows,
        rows_loaded=loaded,
        rows_quarantined=rows - loaded,
        warnings=warned,
        absent_columns=absent,
        contract_version=contract.version,
        reason="; ".join(notes) or None,
        is_correction=is_correction,
    )


def _lacking_columns(table: tables.Table, lacking: Sequence[str]) -> FileRejected:
    return FileRejected(
        "wrong_header",
        f"baris {table.header_row}: kolom wajib tidak ada: {', '.join(lacking)}; "
        f"ditemukan: {', '.join(table.headers)}",
    )


def _hidden(contract: contracts.Contract) -> set[str]:
    """Columns of which only a pseudonym or less is kept."""
    return {c.name for c in contract.columns if c.personal or c.transform}


def _link_correction(
    con: duckdb.DuckDBPyConnection,
    contract: contracts.Contract,
    table: tables.Table,
    instansi_code: str,
    knows_rows: bool,
) -> bool:
    """Whether the landed rows mend rows of earlier files; what they leave out is then filled from those."""
    if corrections.COLUMN not in table.columns:
        return False
    position = table.columns.index(corrections.COLUMN)
    if not corrections.link_rows(con, contract.kind, position, instansi_code, knows_rows):
        return False
    if contract.kind == "rulebook":
        raise FileRejected("not_in_parts", "buku aturan tidak dapat diperbaiki per baris; kirim seluruhnya")
    own = [c.name for c in contract.columns]
    if not knows_rows:
        corrections.recall_values(con, contract.kind, contracts.header_aliases(contract.kind, contract), own)
    added = corrections.keep_values(con, contract.kind, table.columns, own, _hidden(contract))
    table.columns += added
    table.headers += added
    return True


def _settle_status(record: FileRecord) -> FileRecord:
    if record.status != "loaded":
        return record
    if record.rows_received and not record.rows_loaded:
        return record.rejected("rejected", "no_usable_row", "semua baris dikarantina")
    return replace(record, status="partly") if record.rows_quarantined else record


def _keep_rows(con: duckdb.DuckDBPyConnection, kind: str, sha256: str, version: str | None) -> None:
    quarantine.create_received(con, contracts.load_contract(kind, version))
    con.execute(f"delete from received.{kind} where _file_sha256 = ?", [sha256])
    con.execute(f"insert into received.{kind} by name select * from judged")


def _keep_bad_lines(con: duckdb.DuckDBPyConnection, sha256: str) -> None:
    con.execute("delete from intake.bad_lines where file_sha256 = ?", [sha256])
    con.execute(
        "insert into intake.bad_lines select ?, row_number, rules, messages, raw_row from bad_lines", [sha256]
    )

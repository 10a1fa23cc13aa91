"""The rows of one file, read and judged.

Belongs here: which reader and judge a file meets, in which order. Stays out: reading (`sources/tables/`,
`sources/logs/`), the rules (`expectations/`), keeping the result (`keep.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from expectations import contract as contracts
from expectations import quarantine, reference_tables, spellings, trees
from expectations.relations import JUDGED
from orchestration.intake.prepare import scratch_folder
from orchestration.settings import Settings
from sources import corrections, lake, ledger
from sources.documents import DOCUMENT_KIND, SHEET, media_type_of
from sources.errors import FileProblem, FileRejected
from sources.left_out import LeftOut
from sources.log_tasks import Reading
from sources.received import ReceivedFile, Verdict
from sources.tables import TableFile, TableLimits, land_table, read_table

if TYPE_CHECKING:
    import duckdb


# Why a workbook is no list of documents.
_NO_LIST = ("wrong_header", "empty")


def judge_file(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    file: ReceivedFile,
    contract: contracts.Contract | None = None,
) -> Verdict:
    """Read an archived file; a table's rows lie in the temporary table `judged` then, a log's in the lake.

    Args:
        con: a prepared connection.
        settings: limits.
        file: with its content.
        contract: as `judge_table`.

    Raises:
        FileProblem: the file can not be used as a whole.
    """
    record = file.record()
    twin = ledger.same_file(con, record)
    if twin:
        return Verdict(record.rejected("duplicate", "duplicate", f"isi sama dengan {twin}"))
    if file.is_log:
        return _read_log(con, settings, file)
    return judge_content(con, settings, file, contract)


def judge_content(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    file: ReceivedFile,
    contract: contracts.Contract | None = None,
    *,
    knows_rows: bool = True,
) -> Verdict:
    """As `judge_table`; but a document is kept as it is, and so is a workbook that is no list of them."""
    if file.kind != DOCUMENT_KIND:
        return judge_table(con, settings, file, contract, knows_rows=knows_rows)
    media_type = media_type_of(file.path, file.entry.path.name)
    if media_type in (None, SHEET):
        try:
            return judge_table(con, settings, file, contract, knows_rows=knows_rows)
        except FileRejected as problem:
            if media_type is None or problem.code not in _NO_LIST:
                raise
    return Verdict(file.record(), media_type=media_type)


def _read_log(con: duckdb.DuckDBPyConnection, settings: Settings, file: ReceivedFile) -> Verdict:
    # The Parquet files are written before the ledger knows them; what a crash in between leaves is swept.
    record = file.record()
    ledger.begin_lake(con, record.file_id)
    result = lake.write_log(
        con,
        file.path,
        log_format=file.entry.log_format or "",
        instansi_code=file.instansi_code,
        file_id=record.file_id,
        file_name=file.name,
        lake_dir=settings.lake,
        time_zone=settings.time_zone,
        first_day=settings.first_day,
        received_at=file.received_at,
        max_bytes=settings.log_max_bytes,
    )
    return _log_verdict(file, result)


def judge_logs(
    con: duckdb.DuckDBPyConnection, settings: Settings, files: Sequence[ReceivedFile], read: Sequence[Reading]
) -> list[Verdict | FileProblem]:
    """Place archived logs that were read aside, and judge them; their rows lie in the lake then, and what is
    no record in `lake.BAD_LINES_OF_LOGS`.

    Args:
        con: a prepared connection.
        settings: the home.
        files: of different names and contents, in the order of what was read.
        read: of them.

    Returns:
        The verdict on each, or why it can not be used as a whole.
    """
    # The Parquet files are placed before the ledger knows them; what a crash in between leaves is swept.
    ledger.begin_lake(con, *(file.record().file_id for file in files))
    lake.create_bad_lines_of_logs(con)
    for path in [str(path) for reading in read for path in reading.bad_lines]:
        con.execute(f"insert into {lake.BAD_LINES_OF_LOGS} by name from read_parquet(?)", [path])
    results = lake.place_logs(settings.lake, [log for reading in read for log in reading.logs])
    return [
        _log_verdict(file, result) if isinstance(result, lake.LogResult) else result
        for file, result in zip(files, results, strict=True)
    ]


def _log_verdict(file: ReceivedFile, result: lake.LogResult) -> Verdict:
    record = replace(
        file.record(),
        lines=result.lines,
        records=result.records,
        bad_lines=result.bad_lines,
        blank_lines=result.blank_lines,
        rows_received=result.records + result.bad_lines,
        rows_loaded=result.records,
        rows_quarantined=result.bad_lines,
    )
    return Verdict(
        settled(record),
        _with_junk(file, result.left_out),
        days=frozenset(result.days),
        lake_files=result.files,
    )


def judge_table(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    file: ReceivedFile,
    contract: contracts.Contract | None = None,
    *,
    knows_rows: bool = True,
) -> Verdict:
    """Read and judge a table into the temporary table `judged`.

    Args:
        con: a prepared connection.
        settings: limits.
        file: with its content.
        contract: to judge by; None: the one that the file declares, else the one in force.
        knows_rows: False where the connection does not hold every received row.

    Raises:
        FileProblem: the file can not be used as a whole.
    """
    _hold_meta(contract or contracts.load_contract(file.kind), file)
    limits = TableLimits(
        max_bytes=settings.table_max_bytes,
        max_ratio=settings.inflate_max_ratio,
        max_rows=settings.table_max_rows,
        max_columns=settings.table_max_columns,
        max_seconds=settings.reader_max_seconds,
        max_memory=settings.reader_max_memory,
    )
    table = read_table(
        file.path, file.kind, limits, scratch_folder(settings), contract=contract, renamed=file.meta.columns
    )
    try:
        return _judge_landed(con, file, table, knows_rows)
    except FileProblem as problem:
        problem.left_out = [*_left_out(file, table), *problem.left_out]
        raise


def _judge_landed(
    con: duckdb.DuckDBPyConnection, file: ReceivedFile, table: TableFile, knows_rows: bool
) -> Verdict:
    contract = table.contract
    constants = file.meta.constants
    land_table(con, table)
    is_of_opd = file.sender_code != file.instansi_code
    lacking = quarantine.missing_columns(contract, table.columns, constants, is_of_opd)
    is_correction = _link_correction(con, file, table, knows_rows)
    if lacking and not is_correction:
        raise _lacking_columns(table, lacking)
    record = file.record()
    facts = quarantine.FileFacts(
        file_id=record.file_id,
        file_sha256=record.file_sha256,
        instansi_code=file.instansi_code,
        opd_code=file.sender_code,
        period=file.period,
        constants=constants,
        received_at=file.received_at,
        folder_instansi=file.entry.instansi_code,
        folder_period=file.entry.period,
    )
    quarantine.judge_landed(con, contract, table.columns, table.headers, facts)
    if is_correction:
        own = [c.name for c in contract.columns]
        corrections.finish_rows(con, file.kind, table.columns, table.headers, own, _hidden(contract))
    if file.kind == "rulebook" and (fault := trees.find_fault(con)):
        raise FileRejected("broken_rulebook", fault)
    loaded, warned = con.execute(  # type: ignore[misc]
        f"select count(*) filter ({quarantine.is_loaded_sql()}), "
        f"count(*) filter ({quarantine.is_loaded_sql()} and len(_broken) > 0) from {JUDGED}"
    ).fetchone()
    absent = quarantine.absent_columns(contract, table.columns, constants, is_of_opd)
    notes = list(file.notes)
    if _lacks_register(con, contract, file.instansi_code):
        notes.append(
            f"Daftar OPD {file.instansi_code} belum diterima: nama dan kode OPD belum dapat diperiksa"
        )
    if absent:
        notes.append(f"kolom tidak ada: {', '.join(_title(contract, name) for name in absent)}")
    if not (file.is_dated or "period" in table.columns or "period" in constants or is_correction):
        notes.append(f"periode tidak disebut, dipakai {file.period}")
    record = replace(
        record,
        rows_received=table.rows,
        rows_loaded=loaded,
        rows_quarantined=table.rows - loaded,
        warnings=warned,
        sheets=table.sheets,
        absent_columns=absent,
        contract_version=contract.version,
        reason_text="; ".join(notes) or None,
        is_correction=is_correction,
    )
    return Verdict(settled(record), _left_out(file, table), [found.header for found in table.unknown])


def _lacks_register(con: duckdb.DuckDBPyConnection, contract: contracts.Contract, instansi_code: str) -> bool:
    """Whether a kind names OPDs while the register of the instansi has not come."""
    names_opds = bool(contract.opd_columns) and contract.kind != "opd_register"
    held = spellings.KNOWN_OPDS if spellings.holds_opds(contract) else None
    return names_opds and not reference_tables.has_register(con, instansi_code, held)


def settled(record: ledger.FileRecord) -> ledger.FileRecord:
    """The record of a judged file with the status that its counts say."""
    if record.rows_received and not record.rows_loaded and record.kind in contracts.kinds():
        return record.rejected("rejected", "no_usable_row", "semua baris dikarantina")
    return replace(record, status="partly") if record.rows_quarantined else record


def _left_out(file: ReceivedFile, table: TableFile) -> list[LeftOut]:
    return _with_junk(file, table.left_out)


def _with_junk(file: ReceivedFile, found: Sequence[LeftOut]) -> list[LeftOut]:
    """What was left out, with what stands behind the end of a gz once: its plain twin may be archived."""
    behind = file.content.junk_bytes if file.content else 0
    if not behind or any(part.code == "trailing_bytes" for part in found):
        return list(found)
    said = f"{behind:,} byte di belakang akhir gz tidak dibaca"
    return [*found, LeftOut("trailing_bytes", "", behind, said)]


def _hold_meta(contract: contracts.Contract, file: ReceivedFile) -> None:
    """Columns that `.meta.toml` names must exist."""
    own = {c.name for c in contract.columns}
    for key, named in (("constants", file.meta.constants), ("columns", file.meta.columns.values())):
        unknown = sorted(set(named) - own)
        if unknown:
            raise FileRejected(
                "bad_meta",
                f"{key} pada .meta.toml menyebut kolom {', '.join(unknown)[:200]} "
                f"yang tidak ada pada {file.kind}; diharapkan salah satu dari: {', '.join(sorted(own))}",
            )


def _lacking_columns(table: TableFile, lacking: Sequence[str]) -> FileRejected:
    return FileRejected(
        "wrong_header",
        f"baris {table.header_row}: kolom wajib tidak ada: "
        f"{', '.join(_title(table.contract, name) for name in lacking)}; "
        f"ditemukan: {', '.join(table.headers)[:500]}",
    )


def _title(contract: contracts.Contract, name: str) -> str:
    """A column as people call it; one that the contract does not have by its name."""
    return next((c.title for c in contract.columns if c.name == name), name)


def _hidden(contract: contracts.Contract) -> set[str]:
    """Columns of which only a pseudonym or less is kept."""
    return {c.name for c in contract.columns if c.personal or c.transform}


def _link_correction(
    con: duckdb.DuckDBPyConnection, file: ReceivedFile, table: TableFile, knows_rows: bool
) -> bool:
    """Whether the landed rows mend rows of earlier files; what they leave out is then filled from those."""
    if corrections.COLUMN not in table.columns:
        return False
    contract = table.contract
    position = table.columns.index(corrections.COLUMN)
    if not corrections.link_rows(
        con, contract.kind, position, file.instansi_code, file.sender_code, knows_rows
    ):
        return False
    if contract.kind == "rulebook":
        raise FileRejected("not_in_parts", "buku aturan tidak dapat diperbaiki per baris; kirim seluruhnya")
    # A name that the correction gives outweighs the code that the row had.
    renamed = {c.code_column for c in contract.columns if c.name in table.columns}
    own = [c.name for c in contract.columns if c.name not in renamed]
    if not knows_rows:
        corrections.recall_values(con, contract.kind, contracts.header_aliases(contract.kind, contract), own)
    added = corrections.keep_values(con, contract.kind, table.columns, own, _hidden(contract))
    table.columns += added
    table.headers += added
    return True

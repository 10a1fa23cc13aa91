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
from expectations.relations import JUDGED, JUDGED_TOGETHER
from orchestration.intake.known import duplicate_of
from orchestration.intake.prepare import scratch_folder
from orchestration.settings import Settings
from sources import corrections, lake, ledger
from sources.documents import DOCUMENT_KIND, SHEET, media_type_of
from sources.errors import FileProblem, FileRejected
from sources.left_out import LeftOut
from sources.log_tasks import Reading
from sources.logs import writing
from sources.received import ReceivedFile, Verdict
from sources.tables import TableFile, TableLimits, land_table, land_tables, read_table

if TYPE_CHECKING:
    import duckdb


# Why a workbook is no list of documents.
_NO_LIST = ("wrong_header", "empty")
# Rows of several files that are judged by one statement; near entries are looked up for as many values alone.
_ROWS_TOGETHER = 2000


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
    twin = ledger.same_file(con, file.record())
    if twin:
        return duplicate_of(file, twin)
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
    no record in `writing.BAD_LINES_OF_LOGS`.

    Args:
        con: a prepared connection.
        settings: the home.
        files: of different names and contents, in the order of what was read.
        read: of them.

    Returns:
        The verdict on each, or why it can not be used as a whole.
    """
    # The Parquet files are placed before the ledger knows them; what a crash in between leaves is swept.
    logs = [log for reading in read for log in reading.logs]
    ledger.begin_lake(con, *(file.record().file_id for file in files), *lake.joined_ids(logs))
    writing.create_bad_lines_of_logs(con)
    for path in [str(path) for reading in read for path in reading.bad_lines]:
        con.execute(f"insert into {writing.BAD_LINES_OF_LOGS} by name from read_parquet(?)", [path])
    results = lake.place_logs(settings.lake, logs)
    return [
        _log_verdict(file, result) if isinstance(result, writing.LogResult) else result
        for file, result in zip(files, results, strict=True)
    ]


def _log_verdict(file: ReceivedFile, result: writing.LogResult) -> Verdict:
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
    table = _read(settings, file, contract)
    try:
        return _judge_landed(con, file, table, knows_rows)
    except FileProblem as problem:
        problem.left_out = [*_left_out(file, table), *problem.left_out]
        raise


def _read(settings: Settings, file: ReceivedFile, contract: contracts.Contract | None = None) -> TableFile:
    _hold_meta(contract or contracts.load_contract(file.kind), file)
    limits = TableLimits(
        max_bytes=settings.table_max_bytes,
        max_ratio=settings.inflate_max_ratio,
        max_rows=settings.table_max_rows,
        max_columns=settings.table_max_columns,
        max_seconds=settings.reader_max_seconds,
        max_memory=settings.reader_max_memory,
    )
    return read_table(
        file.path, file.kind, limits, scratch_folder(settings), contract=contract, renamed=file.meta.columns
    )


def _judge_landed(
    con: duckdb.DuckDBPyConnection, file: ReceivedFile, table: TableFile, knows_rows: bool
) -> Verdict:
    contract = table.contract
    land_table(con, table)
    lacking = _lacking(file, table)
    is_correction = _link_correction(con, file, table, knows_rows)
    if lacking and not is_correction:
        raise _lacking_columns(table, lacking)
    quarantine.judge_landed(con, contract, table.columns, table.headers, _facts(file))
    if is_correction:
        own = [c.name for c in contract.columns]
        corrections.finish_rows(con, file.kind, table.columns, table.headers, own, _hidden(contract))
    if file.kind == "rulebook" and (fault := trees.find_fault(con)):
        raise FileRejected("broken_rulebook", fault)
    lacks_register = _lacks_register(con, contract, file.instansi_code)
    counts = _counts(con, JUDGED).get(file.record().file_id, (0, 0))
    return _table_verdict(file, table, counts, lacks_register, is_correction)


def _is_of_opd(file: ReceivedFile) -> bool:
    return file.sender_code != file.instansi_code


def _lacking(file: ReceivedFile, table: TableFile) -> list[str]:
    return quarantine.missing_columns(table.contract, table.columns, file.meta.constants, _is_of_opd(file))


def _facts(file: ReceivedFile) -> quarantine.FileFacts:
    record = file.record()
    return quarantine.FileFacts(
        file_id=record.file_id,
        file_sha256=record.file_sha256,
        instansi_code=file.instansi_code,
        opd_code=file.sender_code,
        period=file.period,
        constants=file.meta.constants,
        received_at=file.received_at,
        folder_instansi=file.entry.instansi_code,
        folder_period=file.entry.period,
    )


def _counts(con: duckdb.DuckDBPyConnection, judged: str) -> dict[str, tuple[int, int]]:
    """File id to the number of its judged rows that are loaded, and that are loaded with a warning."""
    rows = con.execute(
        f"select _file_id, count(*) filter ({quarantine.is_loaded_sql()}), "
        f"count(*) filter ({quarantine.is_loaded_sql()} and len(_broken) > 0) from {judged} group by 1"
    ).fetchall()
    return {file_id: (loaded, warned) for file_id, loaded, warned in rows}


def _table_verdict(
    file: ReceivedFile,
    table: TableFile,
    counts: tuple[int, int],
    lacks_register: bool,
    is_correction: bool = False,
) -> Verdict:
    contract, constants = table.contract, file.meta.constants
    loaded, warned = counts
    absent = quarantine.absent_columns(contract, table.columns, constants, _is_of_opd(file))
    notes = list(file.notes)
    if lacks_register:
        notes.append(
            f"Daftar OPD {file.instansi_code} belum diterima: nama dan kode OPD belum dapat diperiksa"
        )
    if absent:
        notes.append(f"kolom tidak ada: {', '.join(_title(contract, name) for name in absent)}")
    if not (file.is_dated or "period" in table.columns or "period" in constants or is_correction):
        notes.append(f"periode tidak disebut, dipakai {file.period}")
    record = replace(
        file.record(),
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


def stands_alone(contract: contracts.Contract) -> bool:
    """Whether a file of the kind is judged by no other file of its kind, so that several can be at once."""
    asked = {c.reference[0] for c in contract.columns if c.reference}
    asked |= {spellings.RESOLVERS[c.names].list for c in contract.columns if c.names}
    return contract.kind != "rulebook" and contract.kind not in asked


def read_small(settings: Settings, file: ReceivedFile) -> TableFile | Verdict:
    """Read the table of a file for `judge_tables`; a document is judged with that.

    Raises:
        FileProblem: the file can not be used as a whole.
    """
    if file.kind != DOCUMENT_KIND:
        return _read_whole(settings, file)
    media_type = media_type_of(file.path, file.entry.path.name)
    if media_type in (None, SHEET):
        try:
            return _read_whole(settings, file)
        except FileRejected as problem:
            if media_type is None or problem.code not in _NO_LIST:
                raise
    return Verdict(file.record(), media_type=media_type)


def _read_whole(settings: Settings, file: ReceivedFile) -> TableFile:
    """Read a table that has every column it needs; one that may be a correction need not."""
    table = _read(settings, file)
    lacking = _lacking(file, table)
    if lacking and not may_correct(table):
        table.drop()
        problem = _lacking_columns(table, lacking)
        problem.left_out = _left_out(file, table)
        raise problem
    return table


def may_correct(table: TableFile) -> bool:
    """Whether rows of a table may mend those of files before it."""
    return corrections.COLUMN in table.columns


def judge_tables(
    con: duckdb.DuckDBPyConnection, read: Sequence[tuple[ReceivedFile, TableFile]]
) -> list[Verdict]:
    """Judge tables of one kind; their rows lie in the temporary table `judged_together` then.

    Args:
        con: a prepared connection.
        read: one or more files of different contents, as `read_small` gives them, no corrections.

    Returns:
        The verdict on each.
    """
    groups: list[list[int]] = []
    for contract in dict.fromkeys(table.contract for _, table in read):
        quarantine.create_received(con, contract)
        rows = _ROWS_TOGETHER + 1
        for n, (_, table) in enumerate(read):
            if table.contract == contract:
                rows += table.rows
                if rows > _ROWS_TOGETHER:
                    groups.append([])
                    rows = table.rows
                groups[-1].append(n)
    con.execute(f"create or replace temp table {JUDGED_TOGETHER} as from received.{read[0][0].kind} limit 0")
    found: dict[int, Verdict] = {}
    lacks: dict[str, bool] = {}
    for group in groups:
        files = [read[n] for n in group]
        columns, places = land_tables(con, [table for _, table in files])
        landed = [
            quarantine.LandedFile(table.headers, cells, _facts(file))
            for (file, table), cells in zip(files, places, strict=True)
        ]
        contract = files[0][1].contract
        quarantine.judge_together(con, contract, columns, landed)
        con.execute(f"insert into {JUDGED_TOGETHER} by name select * from {JUDGED}")
        counts = _counts(con, JUDGED)
        for n, (file, table) in zip(group, files, strict=True):
            if file.instansi_code not in lacks:
                lacks[file.instansi_code] = _lacks_register(con, contract, file.instansi_code)
            counted = counts.get(file.record().file_id, (0, 0))
            found[n] = _table_verdict(file, table, counted, lacks[file.instansi_code])
    return [found[n] for n in range(len(read))]


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

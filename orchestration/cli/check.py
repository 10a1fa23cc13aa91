"""`spbe check`: the contract's verdict on one file, before it is sent."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from datetime import date

    import duckdb

    from expectations.contract import Contract


def check(
    kind: Annotated[str, typer.Option(help="Its kind, such as system_inventory.")],
    file: Annotated[
        Path | None,
        typer.Argument(help="The file; with --contract-version, none means: all that was received."),
    ] = None,
    instansi: Annotated[str | None, typer.Option(help="Instansi code; default: the settings'.")] = None,
    period: Annotated[str | None, typer.Option(help="YYYY or YYYY-MM.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the answer: page, workbook, CSV.")] = None,
    contract_version: Annotated[
        str | None, typer.Option(help="An earlier version, or the .odcs.yaml file of a new one.")
    ] = None,
) -> None:
    """Judge one file by its kind's contract; loads nothing. Exit 1 where a row or the file fails."""
    import duckdb

    from expectations.contract import kinds
    from orchestration import intake
    from orchestration.cli.common import Failure, existing, load_settings, wrong_use
    from sources.errors import FileProblem
    from sources.kinds import InboxFile, unknown_kind

    if kind not in kinds():
        raise wrong_use(unknown_kind(kind, kinds()).message)
    contract = _contract(kind, contract_version) if contract_version else None
    if file is None:
        if contract is None:
            raise wrong_use("a FILE to check, or --contract-version to try on all that was received")
        _try_on_received(contract)
        return
    if existing(file).is_dir():
        raise wrong_use(f"{file}: diharapkan sebuah berkas, ditemukan folder")
    settings = load_settings()
    stat = file.stat()
    given = InboxFile(file, file.name, kind, None, instansi, period, stat.st_size, stat.st_mtime_ns)
    # A database of its own: a check needs no lock and leaves no trace; the OPD register is the published one.
    con = duckdb.connect()
    intake.prepare_check(con, settings)
    try:
        record, broken = intake.check_file(con, settings, given, contract)
    except FileProblem as problem:
        if out is not None:
            _write_answer(
                out, file, kind, con, settings.last_complete_day(), f"{problem.code}: {problem.message}"
            )
        raise Failure(f"{file.name}: {problem.message} ({problem.code})") from problem
    for row, rule, severity, message in broken:
        print(f"{file.name}, baris {row} [{severity}] {rule}: {message}")
    if out is not None:
        _write_answer(out, file, kind, con, settings.last_complete_day())
        with (out / f"{file.stem}.hasil.csv").open("w", encoding="utf-8", newline="") as f:
            writer = csv.writer(f)
            writer.writerow(["berkas", "baris", "aturan", "tingkat", "pesan"])
            writer.writerows((_safe(file.name), *map(_safe, item)) for item in broken)
    if record.reason:
        print(f"catatan: {record.reason}")
    print(
        f"{file.name}: {record.rows_received} baris diterima, {record.rows_loaded} dapat dimuat, "
        f"{record.rows_quarantined} dikarantina, {record.warnings} dengan peringatan"
    )
    if record.rows_quarantined:
        raise Failure(f"{record.rows_quarantined} baris perlu diperbaiki")


def _write_answer(
    out: Path, file: Path, kind: str, con: duckdb.DuckDBPyConnection, day: date, rejected: str | None = None
) -> None:
    """The page and workbook that the sender would get for this file after sending it."""
    import hashlib

    from expectations.quarantine import is_loaded_sql
    from exports.feedback import RefusedFile, RefusedRow, write_answer
    from sources.archive import open_content

    masked = con.execute("select mask_text(?)", [file.name]).fetchone()
    name = str(masked[0]) if masked else file.name
    if rejected:
        write_answer(out, name, [], [RefusedFile(kind, name, rejected)], day)
        return
    with open_content(file) as content:
        sha256 = hashlib.sha256(content.read()).hexdigest()
    found = con.execute(
        "select _row_number, list_transform(_broken, lambda b: b.rule), "
        f"list_transform(_broken, lambda b: b.message), _raw_row, {is_loaded_sql()} "
        "from judged where len(_broken) > 0 order by 5, 1"
    ).fetchall()
    rows = [
        RefusedRow(kind, name, sha256, number, rules, messages, raw_row, is_loaded)
        for number, rules, messages, raw_row, is_loaded in found
    ]
    write_answer(out, name, rows, [], day)


def _contract(kind: str, version: str) -> Contract:
    """The contract of that version or file; wrong use where there is none, or it is of another kind."""
    from expectations.contract import load_contract, read_contract
    from orchestration.cli.common import wrong_use

    try:
        contract = read_contract(Path(version)) if version.endswith(".yaml") else load_contract(kind, version)
    except FileNotFoundError as error:
        raise wrong_use(f"--contract-version {version}: no contract of {kind} there") from error
    if contract.kind != kind:
        raise wrong_use(f"--contract-version {version}: expected a contract of {kind}, found {contract.kind}")
    return contract


def _try_on_received(contract: Contract) -> None:
    import duckdb

    from orchestration.cli.common import Failure, load_settings, print_rows
    from orchestration.trial import try_contract

    settings = load_settings()
    if not settings.warehouse.exists():
        raise Failure("nothing was received yet: `spbe run` first")
    try:
        found = try_contract(settings, contract)
    except duckdb.IOException as error:
        raise Failure(f"the warehouse is held by a run; try again later: {error}") from error
    print(f"{contract.kind} {contract.version} on all that was received:")
    columns = ("instansi", "OPD", "files", "rows", "newly failing", "newly passing", "by rule")
    print_rows(
        columns,
        [
            (
                instansi,
                opd,
                len(outcome.files),
                outcome.rows,
                outcome.newly_failing,
                outcome.newly_passing,
                ", ".join(f"{rule} {count}" for rule, count in outcome.rules.most_common(3)),
            )
            for (instansi, opd), outcome in sorted(found.items())
        ],
    )
    failing = sum(outcome.newly_failing for outcome in found.values())
    if failing:
        raise Failure(f"{failing} rows that load today would fail")


def _safe(value: object) -> object:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value

"""`spbe check`: the contract's verdict on one file, before it is sent."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Annotated

import typer


def check(
    file: Annotated[Path, typer.Argument(help="The file to check.")],
    kind: Annotated[str, typer.Option(help="Its kind, such as system_inventory.")],
    instansi: Annotated[str | None, typer.Option(help="Instansi code; default: the settings'.")] = None,
    period: Annotated[str | None, typer.Option(help="YYYY or YYYY-MM.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the verdict as CSV.")] = None,
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
    if existing(file).is_dir():
        raise wrong_use(f"{file}: diharapkan sebuah berkas, ditemukan folder")
    settings = load_settings()
    stat = file.stat()
    given = InboxFile(file, file.name, kind, None, instansi, period, stat.st_size, stat.st_mtime_ns)
    # A database of its own: a check needs no lock and leaves no trace; the OPD register is the published one.
    con = duckdb.connect()
    intake.prepare_check(con, settings)
    try:
        record, broken = intake.check_file(con, settings, given)
    except FileProblem as problem:
        raise Failure(f"{file.name}: {problem.message} ({problem.code})") from problem
    for row, rule, severity, message in broken:
        print(f"{file.name}, baris {row} [{severity}] {rule}: {message}")
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
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


def _safe(value: object) -> object:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value

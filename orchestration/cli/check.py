"""`spbe check`: the contract's verdict on one file, before it is sent."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli.common import kind_names

if TYPE_CHECKING:
    from datetime import date

    import duckdb

    from expectations.contract import Contract
    from orchestration.intake.check import BrokenRule
    from sources.errors import FileProblem
    from sources.left_out import LeftOut

# A reason begins with its code, which is for machines.
_CODE = r"^[a-z_]+: "


def check(
    kind: Annotated[str, typer.Option(help="Its kind, such as system_inventory.", autocompletion=kind_names)],
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
    from exports.reports.wording import plain_text
    from orchestration import intake
    from orchestration.cli.common import Failure, open_home_or_none, wrong_use
    from sources.errors import FileProblem
    from sources.kinds import InboxFile, unknown_kind
    from sources.opener import shown_name
    from sources.personal_forms import masked
    from sources.tables import row_place

    if kind not in kinds():
        raise wrong_use(unknown_kind(kind, kinds()).message)
    contract = _contract(kind, contract_version) if contract_version else None
    if file is None:
        if contract is None:
            raise wrong_use("a FILE to check, or --contract-version to try on all that was received")
        _try_on_received(contract)
        return
    if not file.is_file():
        found = "ditemukan folder" if file.is_dir() else "tidak ada"
        raise wrong_use(f"{file}: diharapkan sebuah berkas, {found}")
    settings = open_home_or_none()
    stat = file.stat()
    shown = shown_name(file.name)
    given = InboxFile(file, shown, kind, None, instansi, period, stat.st_size, stat.st_mtime_ns)
    # A database of its own: a check needs no lock and leaves no trace; the OPD register is the published one.
    con = duckdb.connect()
    intake.prepare_check(con, settings)
    answer = _Answer(con, out, file, kind, settings.last_complete_day(), instansi or settings.instansi)
    try:
        verdict, broken = intake.check_file(con, settings, given, contract)
    except FileProblem as problem:
        answer.tell_left_out(problem.left_out)
        answer.write(problem.left_out, problem)
        raise Failure(f"{shown}: berkas ini akan ditolak: {masked(problem.message)}") from problem
    if verdict.media_type:
        said = "akan disimpan apa adanya; sebutkan pada daftar foldernya"
        print(f"{shown}: dokumen ({verdict.media_type}), {said}")
        return
    record = verdict.record
    answer.tell_left_out(verdict.left_out)
    _propose_columns(verdict.unknown, kind)
    places = {row: row_place(record.sheets or [], row) for row, *_ in broken}
    _tell_rows(shown, places, broken)
    if out is not None:
        answer.write(verdict.left_out)
        _write_rows(out / f"{file.stem}.hasil.csv", shown, places, broken)
    if record.reason:
        print(f"catatan: {plain_text(masked(re.sub(_CODE, '', record.reason)))}")
    print(
        f"{shown}: {record.rows_received} baris dibaca, {record.rows_loaded} akan dimuat, "
        f"{record.rows_quarantined} tidak akan dimuat, {record.warnings} dengan peringatan, "
        f"{len(verdict.left_out)} bagian tidak dibaca; pemeriksaan ini tidak memuat apa pun"
    )
    if record.rows_quarantined:
        raise Failure(f"{record.rows_quarantined} baris perlu diperbaiki")


def _tell_rows(shown: str, places: Mapping[int, str], broken: Sequence[BrokenRule]) -> None:
    """Each broken rule on a line of the terminal."""
    for item in broken:
        fate = "tidak akan dimuat" if item.severity == "error" else "peringatan"
        print(f"{shown}, baris {places[item.row_number]} ({fate}): {item.message}")


def _write_rows(path: Path, shown: str, places: Mapping[int, str], broken: Sequence[BrokenRule]) -> None:
    """The same as CSV, with the name of each rule."""
    with path.open("w", encoding="utf-8", newline="") as f:
        writer = csv.writer(f)
        writer.writerow(["berkas", "baris", "aturan", "tingkat", "pesan"])
        writer.writerows(
            map(_safe, (shown, places[item.row_number], item.rule, item.severity, item.message))
            for item in broken
        )


class _Answer:
    """What the sender would get for this file after sending it: words on the terminal, page and workbook."""

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        out: Path | None,
        file: Path,
        kind: str,
        day: date,
        instansi: str,
    ) -> None:
        self._con, self._out, self._file, self._kind, self._day = con, out, file, kind, day
        self._instansi = instansi

    def tell_left_out(self, left_out: Sequence[LeftOut]) -> None:
        """Say first what of the file was not read."""
        from sources.personal_forms import masked

        for item in left_out:
            print(f"tidak dibaca: {masked(item.message)}")

    def write(self, left_out: Sequence[LeftOut], rejected: FileProblem | None = None) -> None:
        """Write page and workbooks, where a folder was asked for."""
        from expectations.quarantine import is_loaded_sql
        from exports.feedback import LeftOutPart, RefusedFile, RefusedRow, write_answer
        from sources.inflate import open_inflated
        from sources.personal_forms import masked

        if self._out is None:
            return
        name = masked(self._file.name)
        parts = [
            LeftOutPart(self._kind, name, item.code, masked(item.place), item.count, masked(item.message))
            for item in left_out
        ]
        rows: list[RefusedRow] = []
        if rejected is None:
            with open_inflated(self._file) as content:
                sha256 = hashlib.file_digest(content, "sha256").hexdigest()  # type: ignore[arg-type]
            found = self._con.execute(
                f"select _row_number, _broken, _raw_row, {is_loaded_sql()} "
                "from judged where len(_broken) > 0 order by 4, 1"
            ).fetchall()
            rows = [RefusedRow(self._kind, name, sha256, *row) for row in found]
        files = [RefusedFile(self._kind, name, rejected.code, masked(rejected.message))] if rejected else []
        write_answer(
            self._out,
            name,
            rows,
            files,
            self._day,
            left_out=parts,
            lists=self._lists,
            is_sent=False,
        )

    def _lists(self, kind: str) -> dict[str, list[tuple[str, str | None]]]:
        from expectations.contract import load_contract
        from expectations.references import entries_of_years, named_years

        refused = self._con.execute(
            "select coalesce(_raw_row, '') from judged where len(_broken) > 0"
        ).fetchall()
        years = named_years(self._con, (row for (row,) in refused), self._day.year)
        return {
            c.name: entries_of_years(self._con, c, self._instansi, years)
            for c in load_contract(kind).columns
            if c.reference
        }


def _propose_columns(headings: Sequence[str], kind: str) -> None:
    """Offer the `.meta.toml` that would give unknown headings their columns."""
    from expectations.contract import load_contract
    from sources.tables import propose_columns

    proposed = propose_columns(headings, kind)
    if proposed:
        print("bila judul kolom di bawah ini benar, simpan sebagai <nama berkas>.meta.toml di sampingnya:")
        print("[columns]")
        titles = {c.name: c.title for c in load_contract(kind).columns}
        for heading, column in proposed.items():
            print(f"{json.dumps(heading, ensure_ascii=False)} = {json.dumps(column)}  # {titles[column]}")


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

    from orchestration.cli.common import Failure, open_home, print_rows
    from orchestration.trial import try_contract

    settings = open_home()
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
    from expectations.spreadsheet import guarded

    return guarded(value) if isinstance(value, str) else value

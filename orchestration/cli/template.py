"""`spbe template`: the Excel workbook of a kind, to fill in and send."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli.common import kind_names

if TYPE_CHECKING:
    import duckdb


def template(
    kind: Annotated[
        str, typer.Argument(help="The kind, such as system_inventory.", autocompletion=kind_names)
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="The .xlsx file to write.")],
    instansi: Annotated[str | None, typer.Option(help="Instansi code; default: the settings'.")] = None,
    opd: Annotated[
        str | None, typer.Option(help="Code or name of the OPD: its systems stand in the inventory already.")
    ] = None,
    year: Annotated[
        int | None, typer.Option(help="Evaluation year; default: this year. Its indicators are listed.")
    ] = None,
) -> None:
    """Write the template of a kind, with drop-downs from the codes and the instansi's published lists."""
    import duckdb

    from expectations.contract import kinds, load_contract
    from expectations.references import list_entries
    from expectations.template import write_template
    from exports.prefill import prefilled_rows
    from orchestration import intake
    from orchestration.cli.common import open_home_or_none, wrong_use
    from sources.kinds import unknown_kind

    if kind not in kinds():
        raise wrong_use(unknown_kind(kind, kinds()).message)
    if out.suffix.lower() != ".xlsx" or not out.parent.is_dir():
        raise wrong_use(f"--out {out}: expected an .xlsx file in a folder that exists")
    settings = open_home_or_none()
    contract = load_contract(kind)
    con = duckdb.connect()
    intake.prepare_check(con, settings)
    code = instansi or settings.instansi
    asked = year or settings.last_complete_day().year
    sender = _known_opd(con, code, opd) if opd else None
    lists = {c.name: list_entries(con, c, code, asked) for c in contract.columns if c.reference}
    rows = prefilled_rows(contract, lists, settings.published, code, sender, asked)
    write_template(out, contract, lists, code, rows)
    print(f"{out}: {contract.title}" + (f", {len(rows)} baris sudah terisi" if rows else ""))


def _known_opd(con: duckdb.DuckDBPyConnection, instansi_code: str, said: str) -> str:
    """The code of an OPD by code or name; wrong use, with near names, where the register has none such."""
    from expectations.references import near_entries
    from expectations.spellings import find_opd
    from orchestration.cli.common import wrong_use

    code = find_opd(con, instansi_code, said)
    if code is None:
        near = near_entries(con, "opd_register", instansi_code, said)
        hint = f"; mungkin maksudnya {' atau '.join(near)}" if near else ""
        raise wrong_use(f'--opd "{said}": tidak ada pada Daftar OPD {instansi_code}{hint}')
    return code

"""`spbe template`: the Excel workbook of a kind, to fill in and send."""

from pathlib import Path
from typing import Annotated

import typer

from orchestration.cli.common import kind_names


def template(
    kind: Annotated[
        str, typer.Argument(help="The kind, such as system_inventory.", autocompletion=kind_names)
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="The .xlsx file to write.")],
    instansi: Annotated[str | None, typer.Option(help="Instansi code; default: the settings'.")] = None,
) -> None:
    """Write the template of a kind, with drop-downs from the codes and the instansi's published lists."""
    import duckdb

    from expectations.contract import kinds, load_contract
    from expectations.references import list_entries
    from expectations.template import write_template
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
    lists = {c.name: list_entries(con, c, code) for c in contract.columns if c.reference}
    write_template(out, contract, lists)
    print(out)

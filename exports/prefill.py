"""Rows that stand in a template already: the indicators of a regulation, the systems an OPD sent last.

Belongs here: which rows, as people write them. Stays out: the workbook (`expectations/template.py`) and the
form of the evaluation with its evidence (`form.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from expectations.contract import Contract
from expectations.template import Cell, Entries, as_written, choices
from exports.database import open_published, read_rows

_SYSTEMS = """
    select * replace (case when is_status_given then status end as status)
    from dim_system
    where instansi_code = $instansi and opd_code = $opd
    qualify row_number() over (partition by system_code order by period desc) = 1
    order by system_name, system_code
"""


def prefilled_rows(
    contract: Contract,
    lists: Mapping[str, Entries],
    published: Path,
    instansi_code: str,
    opd_code: str | None,
    year: int,
) -> list[dict[str, Cell]]:
    """Rows of a template that its sender need not write.

    Args:
        contract: of the template; `self_assessment` has one row per indicator of the regulation in force,
            `system_inventory` those that the OPD sent last, others none.
        lists: column name to (code, name) of the entries of its list.
        published: the published database; where there is none there are no systems.
        instansi_code: whose template.
        opd_code: of the OPD that fills it in; None: of no one OPD, so without systems.
        year: of the evaluation.

    Returns:
        Column name to the cell as people write it; columns to be filled in are missing.
    """
    if contract.kind == "self_assessment":
        return _indicators(contract, lists, instansi_code, opd_code, year)
    if contract.kind == "system_inventory" and opd_code and published.exists():
        with open_published(published) as connection:
            rows = read_rows(connection, _SYSTEMS, {"instansi": instansi_code, "opd": opd_code})
        return [
            {c.name: as_written(c, row.get(c.name), lists.get(c.name, ())) for c in contract.columns}
            | {"instansi_code": None, "period": None}
            for row in rows
        ]
    return []


def _indicators(
    contract: Contract, lists: Mapping[str, Entries], instansi_code: str, opd_code: str | None, year: int
) -> list[dict[str, Cell]]:
    book = lists.get("rulebook_id", ())
    first = {name: contract.column(name).labels[0] for name in ("stage", "assessor_kind")}
    own: dict[str, Cell] = {"instansi_code": instansi_code, "period": str(year), **first}
    if opd_code:
        own["opd_code"] = as_written(contract.column("opd_code"), opd_code, lists.get("opd_code", ()))
    return [
        own | {"rulebook_id": book[0][0], "node_id": said}
        for said in choices(contract.column("node_id"), lists.get("node_id", ()))
    ]

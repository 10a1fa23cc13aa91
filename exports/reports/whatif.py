"""The page on which a coordinator tries which indicators to raise: index, predicate and cost follow at once.

Belongs here: what the page's script is given of the published tables. Stays out: the arithmetic, which is the
engine's own in whole numbers (`templates/whatif.js`), and how the page looks (`templates/whatif.html.j2`).
"""

import base64
import hashlib
import json
from decimal import Decimal
from functools import cache
from pathlib import Path

import duckdb
from markupsafe import Markup

from exports.database import read_rows, rulebook_names
from exports.reports import wording
from exports.reports.pages import (
    Row,
    choose_headline,
    instansi_row,
    is_fictional,
    list_indices,
    page_name,
    predicates_of,
    regulation_note,
    render_page,
)

PART = "-bagaimana-jika"


def whatif_name(instansi_code: str) -> str:
    """Give the file name of the page."""
    return page_name(instansi_code, PART)


def render_whatif(connection: duckdb.DuckDBPyConnection, code: str) -> bytes | None:
    """Fill the page of one instansi; None where no indicator has a level, or the rulebook has other means.

    Raises:
        LookupError: the instansi is not in `dim_instansi`.
    """
    unit = instansi_row(connection, code)
    chosen = choose_headline(list_indices(connection, code))
    told = _told(connection, code, chosen) if chosen is not None else None
    if chosen is None or told is None:
        return None
    script = _script()
    return render_page(
        "whatif.html.j2",
        title=f"Bagaimana jika: {unit['instansi_name']}",
        unit=unit,
        fictional=is_fictional(unit["instansi_name"]),
        regulation=regulation_note(connection, chosen),
        period=chosen["period"],
        rulebook=rulebook_names(connection)[chosen["rulebook_id"]],
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        # A block of data is not run; only what would end it is written otherwise.
        told=Markup(json.dumps(told, ensure_ascii=False).replace("<", "\\u003c")),
    )


@cache
def _script() -> str:
    return (Path(__file__).parent / "templates" / "whatif.js").read_text(encoding="utf-8")


def _told(connection: duckdb.DuckDBPyConnection, code: str, chosen: Row) -> Row | None:
    where = {"code": code, "period": chosen["period"], "rulebook": chosen["rulebook_id"]}
    nodes = read_rows(
        connection,
        """
        select node.*, weight.weight, weight.cost_per_level
        from dim_node as node
        inner join dim_node_weight as weight
            on node.rulebook_id = weight.rulebook_id and node.node_id = weight.node_id
        where node.rulebook_id = ? order by node.sort_key
        """,
        [chosen["rulebook_id"]],
    )
    observed = read_rows(
        connection,
        """
        select stage, node_id, observed from fct_scores
        where instansi_code = $code and unit_kind = 'instansi' and period = $period
            and rulebook_id = $rulebook and observed is not null
        """,
        where,
    )
    leaves = {node["node_id"] for node in nodes if node["is_leaf"]}
    stages: dict[str, dict[str, str]] = {stage: {} for stage in wording.STAGES}
    for row in observed:
        stages.setdefault(row["stage"], {})[row["node_id"]] = _exact(row["observed"])
    stages = {stage: values for stage, values in stages.items() if leaves & values.keys()}
    rulebook = [chosen["rulebook_id"]]
    book = read_rows(connection, "select * from dim_rulebook where rulebook_id = ?", rulebook)[0]
    is_plain = all(node["method"] == "arithmetic" for node in nodes)
    if not stages or not is_plain or book["scale_min"] is None or book["scale_max"] is None:
        return None
    bands = predicates_of(connection, chosen["rulebook_id"])
    years = bands[0]["printed_years"] if bands else None
    return {
        "unit": code,
        "period": chosen["period"],
        "low": _exact(book["scale_min"]),
        "high": _exact(book["scale_max"]),
        "threshold": _exact(book["availability_threshold"]),
        "missing": None if book["missing_counts_as"] is None else _exact(book["missing_counts_as"]),
        "printed": chosen["period"][:4] in (years or "").split(", "),
        "predicates": [[band["predicate"], _exact(band["lower_inclusive"])] for band in bands],
        "nodes": [
            {
                "id": node["node_id"],
                "parent": node["parent_id"],
                "kind": node["node_kind"],
                "name": wording.indicator_text(node["number"], node["name"]),
                "weight": _exact(node["weight"]),
                "leaf": node["is_leaf"],
                "cost": node["cost_per_level"],
            }
            for node in nodes
        ],
        "stages": [
            {"id": stage, "name": wording.CLAIMS.get(stage, stage), "values": dict(sorted(values.items()))}
            for stage, values in stages.items()
        ],
        "start": chosen["stage"] if chosen["stage"] in stages else next(iter(stages)),
        "rules": _rules(connection, where),
        "owners": _owners(connection, where),
        "asked": _asked(connection, chosen["rulebook_id"]),
        "cheapest": _cheapest(connection, where),
    }


def _exact(value: Decimal) -> str:
    """Write a number with all its digits and no zeros at the end."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _rules(connection: duckdb.DuckDBPyConnection, where: Row) -> dict[str, list[Row]]:
    """What evidence rests on, level by level: a document that is lacking can be ticked as coming."""
    found: dict[str, list[Row]] = {}
    for row in read_rows(
        connection,
        """
        select node_id, level, check_kind, sentence, state from fct_evidence_rules
        where instansi_code = $code and period = $period and rulebook_id = $rulebook
        order by node_id, level, rule_no
        """,
        where,
    ):
        found.setdefault(row["node_id"], []).append(
            {
                "level": row["level"],
                "document": row["check_kind"] == "document",
                "sentence": wording.plain_text(row["sentence"]),
                "state": row["state"],
            }
        )
    return found


def _owners(connection: duckdb.DuckDBPyConnection, where: Row) -> dict[str, str]:
    rows = read_rows(
        connection,
        """
        select checklist.node_id, opd.opd_name
        from fct_evidence_checklist as checklist
        inner join dim_opd as opd
            on checklist.instansi_code = opd.instansi_code and checklist.opd_code = opd.opd_code
        where checklist.instansi_code = $code and checklist.period = $period
            and checklist.rulebook_id = $rulebook
        order by checklist.node_id
        """,
        where,
    )
    return {row["node_id"]: row["opd_name"] for row in rows}


def _asked(connection: duckdb.DuckDBPyConnection, rulebook_id: str) -> dict[str, list[list[str]]]:
    """What each level asks to be shown, with the lowest value that lies in it."""
    found: dict[str, list[list[str]]] = {}
    for row in read_rows(
        connection,
        """
        select node_id, level, value_from, coalesce(evidence_wanted, criterion) as wanted from dim_level
        where rulebook_id = ? order by node_id, level
        """,
        [rulebook_id],
    ):
        value_from = _exact(row["value_from"])
        found.setdefault(row["node_id"], []).append([str(row["level"]), value_from, row["wanted"]])
    return found


def _cheapest(connection: duckdb.DuckDBPyConnection, where: Row) -> dict[str, dict[str, int]]:
    """The engine's own cheapest set to the next predicate, stage by stage: levels up by indicator."""
    found: dict[str, dict[str, int]] = {}
    for row in read_rows(
        connection,
        """
        select stage, node_id, levels_up from fct_lever_sets
        where instansi_code = $code and unit_kind = 'instansi' and period = $period
            and rulebook_id = $rulebook and set_no = 1
        order by stage, node_id
        """,
        where,
    ):
        found.setdefault(row["stage"], {})[row["node_id"]] = row["levels_up"]
    return found

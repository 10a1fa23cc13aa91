"""The regent's page: all that one sheet of A4 says of an instansi, and where each figure is explained.

Belongs here: choosing rows of published tables for the sheet. Stays out: what stands in the annex
(`pages.py`), words and notation (`wording.py`), geometry (`charts.py`), computing figures (`dbt_project/`).
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import groupby

import duckdb

from exports.database import read_rows, rulebook_names
from exports.reports import wording
from exports.reports.charts import Claim, Year, claim_chart, trend_chart
from exports.reports.pages import (
    Row,
    annex_name,
    choose_headline,
    instansi_row,
    is_fictional,
    list_indices,
    newest_data,
    next_steps,
    peers_of,
    predicates_of,
    regulation_note,
    render_page,
)

# What one sheet holds; the annex has all of it.
_STEPS, _FINDINGS, _YEARS = 6, 5, 6
# Above it a browser prints smaller letters; the PDF finds its own size.
_MOST_LETTERS = 2800
_HEADS = {"kabupaten": "Bupati", "kota": "Wali Kota", "provinsi": "Gubernur"}


def render_regent(
    connection: duckdb.DuckDBPyConnection, code: str, *, opds: bool, trial: bool, annex: str | None = None
) -> bytes:
    """Fill the sheet of one instansi.

    Args:
        connection: the published database, open.
        code: whose sheet.
        opds: whether pages of its OPDs lie beside.
        trial: whether the page to try other ways lies beside.
        annex: file that explains the figures; None for the one of the folder of pages.

    Raises:
        LookupError: the instansi is not in `dim_instansi`.
    """
    unit = instansi_row(connection, code)
    names = rulebook_names(connection)
    indices = list_indices(connection, code)
    chosen = choose_headline(indices)
    called = _called(chosen, predicates_of(connection, chosen["rulebook_id"])) if chosen else None
    steps = _shown(next_steps(connection, code, chosen))
    findings = _worst(connection, code)
    day, newest = newest_data(connection, code)
    return render_page(
        "regent.html.j2",
        title=unit["instansi_name"],
        unit=unit,
        annex=annex or annex_name(code),
        fictional=is_fictional(unit["instansi_name"]),
        reader=_HEADS.get(unit["instansi_kind"], "Pimpinan"),
        rulebooks=names,
        chosen=chosen,
        regulation=regulation_note(connection, chosen),
        called=called,
        trend=_trend(indices, called, names),
        domains=_domains(connection, code, chosen),
        steps=steps,
        findings=findings,
        crowded=_letters(steps, findings) > _MOST_LETTERS,
        trust=_trust(connection, code, chosen),
        peers=peers_of(connection, code),
        day=day,
        newest=newest,
        opds=opds,
        trial=trial,
    )


def _called(chosen: Row, bands: Sequence[Row]) -> Row:
    """Say where the predicate begins and ends, how far the next is, and what the gaps could make of it."""
    value = chosen["printed"] if chosen["printed"] is not None else chosen["published"]
    own = next((band for band in bands if band["predicate"] == chosen["predicate"]), None)
    above = None
    if own is not None:
        above = next((band for band in bands if band["lower_inclusive"] > own["lower_inclusive"]), None)
    open_ends = (
        chosen["band_low"] is not None
        and chosen["band_high"] is not None
        and chosen["band_low"] != chosen["band_high"]
    )
    return {
        "value": value,
        "own": own,
        "above": above,
        "lacks": above["lower_inclusive"] - value if above is not None and value is not None else None,
        "could": _could(chosen, bands) if open_ends and bands else [],
        "is_open": open_ends,
    }


def _could(chosen: Row, bands: Sequence[Row]) -> list[str]:
    """Name the predicates that lie within the range of the index, where it is more than one."""
    low, high = Decimal(str(chosen["band_low"])), Decimal(str(chosen["band_high"]))
    within = [
        band["predicate"]
        for number, band in enumerate(bands)
        if (number == 0 or band["lower_inclusive"] <= high)
        and (band["upper_exclusive"] is None or band["upper_exclusive"] > low)
    ]
    return within if len(within) > 1 else []


def _trend(indices: Sequence[Row], called: Row | None, names: Mapping[str, str]) -> Row | None:
    """Choose the last stage of each year and rulebook: by the latest years, the oldest first."""
    groups = groupby(indices, key=lambda row: (row["period"], row["rulebook_id"]))
    heads = [choose_headline(list(rows)) for _, rows in groups]
    years = [
        Year(
            row["period"],
            float(row["printed"] if row["printed"] is not None else row["published"]),
            row["rulebook_id"],
        )
        for row in heads
        if row is not None
        and row["stage"] != "evidence"
        and (row["printed"] is not None or row["published"] is not None)
    ][:_YEARS][::-1]
    if not years:
        return None
    said = "; ".join(
        f"{year.label} {wording.decimal_text(year.value)} menurut {names[year.rulebook]}" for year in years
    )
    border = called["above"] if called else None
    return {
        "chart": trend_chart(
            years, float(border["lower_inclusive"]) if border else None, f"Indeks dari tahun ke tahun: {said}"
        ),
        "border": border,
        "breaks": len({year.rulebook for year in years}) > 1,
        "years": len(years),
    }


def _domains(connection: duckdb.DuckDBPyConnection, code: str, chosen: Row | None) -> Row | None:
    """Put beside each other what is declared, what was assessed and what evidence supports, by domain."""
    if chosen is None:
        return None
    cells = read_rows(
        connection,
        """
        select node.node_id, node.node_kind, node.number, node.name, score.stage, score.score, score.printed,
            score.band_low, score.band_high, score.coverage
        from fct_scores as score
        inner join dim_node as node on score.rulebook_id = node.rulebook_id and score.node_id = node.node_id
        where score.instansi_code = ? and score.unit_kind = 'instansi' and score.rulebook_id = ?
            and score.period = ? and node.node_kind in ('domain', 'aspect')
            and score.stage in ('self', 'evidence', ?)
        order by node.sort_key
        """,
        [code, chosen["rulebook_id"], chosen["period"], chosen["stage"]],
    )
    kind = "domain" if any(cell["node_kind"] == "domain" for cell in cells) else "aspect"
    cells = [cell for cell in cells if cell["node_kind"] == kind]
    if not cells:
        return None
    stages = [stage for stage in wording.STAGES if any(cell["stage"] == stage for cell in cells)]
    # Without evidence there is nothing to hold against what is declared, which is said instead of drawn.
    groups, said = [], []
    for _, found in groupby(cells, key=lambda cell: cell["node_id"]):
        own = {cell["stage"]: cell for cell in found}
        first = next(iter(own.values()))
        claims = [_claim(stage, own.get(stage)) for stage in stages]
        groups.append((wording.node_text(first["number"], first["name"]), claims))
        said.append(
            f"{first['name']}: "
            + ", ".join(
                f"{wording.CLAIMS[stage]} {claim.note}" for stage, claim in zip(stages, claims, strict=True)
            )
        )
    low = 0 if any((cell["band_low"] or 1) < 1 or (cell["score"] or 1) < 1 for cell in cells) else 1
    return {
        "chart": claim_chart(groups, "Nilai tiap domain: " + "; ".join(said), low),
        "stages": [
            (wording.stage_number(stage), wording.CLAIMS[stage])
            for place, stage in enumerate(stages)
            if any(claims[place].value is not None for _, claims in groups)
        ],
        "has_evidence": "evidence" in stages,
        "has_ranges": any(
            claim.value is None and claim.low is not None for _, row in groups for claim in row
        ),
        "kind": kind,
    }


def _claim(stage: str, cell: Row | None) -> Claim:
    if cell is None:
        return Claim(wording.stage_number(stage), None, None, None, "belum ada nilai")
    if cell["printed"] is not None:
        return Claim(
            wording.stage_number(stage), cell["score"], None, None, wording.decimal_text(cell["printed"])
        )
    if cell["band_low"] is None or cell["band_high"] is None or not cell["coverage"]:
        return Claim(wording.stage_number(stage), None, None, None, "belum ada nilai")
    return Claim(
        wording.stage_number(stage),
        None,
        cell["band_low"],
        cell["band_high"],
        f"{wording.decimal_text(cell['band_low'])} sampai {wording.decimal_text(cell['band_high'])}",
    )


def _shown(steps: Row | None) -> Row | None:
    """Keep of the steps what one sheet holds."""
    if steps is None:
        return None
    return {**steps, "steps": steps["steps"][:_STEPS], "left": max(len(steps["steps"]) - _STEPS, 0)}


def _worst(connection: duckdb.DuckDBPyConnection, code: str) -> Row:
    rows = read_rows(
        connection,
        "select * from fct_findings where instansi_code = ? and status = 'open' order by finding_rank",
        [code],
    )
    return {
        "total": len(rows),
        "rows": [
            {**row, "owner": row["unit_name"] if row["unit_kind"] == "opd" else wording.COORDINATOR}
            for row in rows[:_FINDINGS]
        ],
    }


def _letters(steps: Row | None, findings: Row) -> int:
    told = [*(steps["steps"] if steps else ()), *findings["rows"]]
    return sum(
        len("; ".join(row.get("names", ()))) + len(row.get("evidence_asked") or row.get("statement") or "")
        for row in told
    )


def _trust(connection: duckdb.DuckDBPyConnection, code: str, chosen: Row | None) -> Row:
    """Tell how much of the page rests on data: weight with evidence, sources owed, rows that passed."""
    evidence = None
    if chosen is not None:
        evidence = next(
            (
                row["coverage"]
                for row in list_indices(connection, code)
                if row["stage"] == "evidence"
                and (row["period"], row["rulebook_id"]) == (chosen["period"], chosen["rulebook_id"])
            ),
            None,
        )
    sources = read_rows(
        connection,
        """
        select numerator, denominator, window_start from fct_indicator_values
        where instansi_code = ? and measure_id = 'I27' and figure = 'main' and unit_kind = 'instansi'
            and window_kind = 'month'
        order by window_end desc limit 1
        """,
        [code],
    )
    rows = read_rows(
        connection,
        """
        select coalesce(sum(rows_received), 0)::bigint as received,
            coalesce(sum(rows_loaded + rows_corrected), 0)::bigint as loaded
        from fct_intake_files
        where instansi_code = ? and status not in ('duplicate', 'replaced') and not is_correction
        """,
        [code],
    )[0]
    return {
        "evidence": evidence,
        "sources": sources[0] if sources and sources[0]["denominator"] else None,
        "rows": rows if rows["received"] else None,
        # Of the evaluation itself: printed numbers of others rest on no file of ours.
        "answered": chosen["coverage"] if chosen else None,
    }

"""What stands behind each instansi's page: the annex with all its figures, from the published database.

Belongs here: choosing rows of published tables, filling the templates. Stays out: which files there are
(`site.py`), the sheet itself (`regent.py`), words and number notation (`wording.py`), geometry (`charts.py`),
computing any figure (`dbt_project/`).
"""

import csv
import re
from collections.abc import Mapping, Sequence
from datetime import date
from fnmatch import fnmatchcase
from functools import cache
from itertools import count, groupby
from pathlib import Path
from typing import Any

import duckdb
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from exports.database import read_rows, rulebook_names
from exports.reports import wording
from exports.reports.charts import (
    Band,
    BarGroup,
    Edge,
    Month,
    band_chart,
    bar_chart,
    month_chart,
    network_chart,
)

HERE = Path(__file__).parent
LOCAL_RULEBOOK = "interop-1"
# Instansi that exist in no register of the state say so in their name, their pages in the first line.
_FICTIONAL = "(fiktif)"
_STAGE_RANK = {stage: rank for rank, stage in enumerate(wording.STAGES)}

_CARDS = re.compile(r'<table class="cards[ "].*?</table>', re.DOTALL)
_HEADING = re.compile(r'<th scope="col"[^>]*>(.*?)</th>', re.DOTALL)
_ROW = re.compile(r"<tr\b.*?</tr>", re.DOTALL)
_CELL = re.compile(r"<(th|td)\b([^>]*>)")

Row = dict[str, Any]


def page_name(code: str, part: str = "", ending: str = "html") -> str:
    """Give the file name of a page, or of a part of it; what is no plain text in a code becomes `_`."""
    return re.sub(r"[^\w.-]", "_", code).lstrip(".") + part + "." + ending


def annex_name(instansi_code: str) -> str:
    """Give the file name of what explains the figures of an instansi's page."""
    return page_name(instansi_code, "-lampiran")


def opd_page(instansi_code: str, opd_code: str, ending: str = "html") -> str:
    """Give the file name of an OPD's page below `opd/`; a code is unique within its instansi alone."""
    whole = opd_code if opd_code.startswith(instansi_code) else f"{instansi_code}-{opd_code}"
    return page_name(whole, ending=ending)


def render_instansi(
    connection: duckdb.DuckDBPyConnection, instansi_code: str, generated_for: date, link_index: bool = True
) -> bytes:
    """Fill the annex of one instansi.

    Args:
        connection: the published database, open.
        instansi_code: whose annex.
        generated_for: the day printed on a page that stands alone; others say the newest day of the data, so
            that they stay as they are until something comes in.
        link_index: False where the page stands alone, as in a bundle.

    Raises:
        LookupError: the instansi is not in `dim_instansi`.
    """
    unit = instansi_row(connection, instansi_code)
    names = rulebook_names(connection)
    chosen, scores = _scores(connection, instansi_code, names, official=True)
    local, local_scores = _scores(connection, instansi_code, names, official=False)
    _, newest = newest_data(connection, instansi_code)
    return render_page(
        "instansi.html.j2",
        title=unit["instansi_name"],
        unit=unit,
        fictional=is_fictional(unit["instansi_name"]),
        generated_for=generated_for,
        link_index=link_index,
        rulebooks=names,
        chosen=chosen,
        regulation=regulation_note(connection, chosen),
        index_rows=(index_rows := list_indices(connection, instansi_code)),
        index_groups=[
            list(rows) for _, rows in groupby(index_rows, key=lambda row: (row["period"], row["rulebook_id"]))
        ],
        scores=scores,
        local=local,
        local_scores=local_scores,
        newest=newest,
        peers=peers_of(connection, instansi_code),
        steps=next_steps(connection, instansi_code, chosen),
        levers=_levers(connection, instansi_code, chosen),
        measures=_measures(connection, instansi_code),
        findings=_findings(connection, instansi_code),
        calls=_calls(connection, instansi_code),
        intake=_intake(connection, instansi_code),
        study=_study(connection, instansi_code),
        licences=_licences(connection, instansi_code),
    )


def is_fictional(instansi_name: str | None) -> bool:
    """Tell whether an instansi is made up: its name ends in `(fiktif)`."""
    return (instansi_name or "").endswith(_FICTIONAL)


def render_page(template: str, **values: Any) -> bytes:
    """Fill a template of `templates/`; what it names and is not given is an error."""
    return _CARDS.sub(_labelled, _environment().get_template(template).render(**values)).encode()


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals.update(wording=wording, page_name=page_name, annex_name=annex_name, opd_page=opd_page)
    environment.filters.update(
        angka=wording.decimal_text,
        bulat=wording.whole_text,
        ringkas=wording.short_text,
        persen=wording.percent_text,
        tanggal=wording.date_text,
        polos=wording.plain_text,
        selisih=wording.signed_text,
        potong=wording.cut_text,
    )
    return environment


def _labelled(table: re.Match[str]) -> str:
    """Give each cell of a table the heading of its column, which stands beside it where rows become cards."""
    heads = [re.sub(r"<[^>]+>", "", head) for head in _HEADING.findall(table[0])]

    def row(found: re.Match[str]) -> str:
        numbers = count()
        return _CELL.sub(lambda cell: _with_label(cell, next(numbers), heads), found[0])

    return _ROW.sub(row, table[0])


def _with_label(cell: re.Match[str], number: int, heads: Sequence[str]) -> str:
    if cell[1] == "th" or number >= len(heads):
        return cell[0]
    return f'<td data-label="{heads[number]}"{cell[2]}'


def reported_codes(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """List who gets pages: not those that only stand in the national table, nor who hands in for others."""
    rows = read_rows(
        connection,
        """
        select instansi_code from dim_instansi
        where instansi_kind <> 'pengirim' and instansi_code in (
            select instansi_code from fct_intake_files
            union select instansi_code from dim_opd
            union select instansi_code from dim_system
            union select instansi_code from fct_log_quality
        )
        order by instansi_code
        """,
    )
    return [row["instansi_code"] for row in rows]


def instansi_row(connection: duckdb.DuckDBPyConnection, code: str) -> Row:
    """Read the row of one instansi.

    Raises:
        LookupError: it is not in `dim_instansi`.
    """
    rows = read_rows(connection, "select * from dim_instansi where instansi_code = ?", [code])
    if not rows:
        raise LookupError(f"instansi {code}: not in dim_instansi of the published database")
    return rows[0]


def newest_data(connection: duckdb.DuckDBPyConnection, code: str) -> tuple[date | None, str]:
    """Find the newest day that a log tells of, else the last day of the newest window with a value.

    Returns:
        The day, and what is said of it: an index may be of another year.
    """
    [row] = read_rows(
        connection,
        """
        select
            (select max(day) from fct_calls_daily where instansi_code = $code) as logged,
            (
                select max(window_end) from fct_indicator_values
                where instansi_code = $code and unit_kind = 'instansi' and value is not null
            ) as measured
        """,
        {"code": code},
    )
    if row["logged"]:
        return row["logged"], f"log terbaru {wording.date_text(row['logged'])}"
    if row["measured"]:
        return row["measured"], f"ukuran sampai {wording.date_text(row['measured'])}"
    return None, "belum ada log"


def regulation_note(connection: duckdb.DuckDBPyConnection, chosen: Row | None) -> str | None:
    """Say that an index is computed by a regulation that does not evaluate its year; None where it does."""
    if chosen is None or chosen["is_rulebook_of_year"] is not False:
        return None
    year = chosen["period"][:4]
    books = read_rows(
        connection,
        """
        select rulebook_id, short_name, first_eval_year, last_eval_year from dim_rulebook
        where first_eval_year is not null order by first_eval_year
        """,
    )
    own = next(book for book in books if book["rulebook_id"] == chosen["rulebook_id"])
    last = f" sampai {own['last_eval_year']}" if own["last_eval_year"] else ""
    others = [
        book["short_name"]
        for book in books
        if book["first_eval_year"] <= int(year) <= (book["last_eval_year"] or int(year))
    ]
    then = f"evaluasi {year} memakai {' dan '.join(others)}" if others else f"untuk {year} tidak ada"
    return (
        f"Dihitung menurut {own['short_name']}, yang menilai tahun {own['first_eval_year']}{last}; {then}. "
        "Angka ini bukan hasil evaluasi tahun itu."
    )


def list_indices(connection: duckdb.DuckDBPyConnection, code: str, *, official: bool = True) -> list[Row]:
    """List the indices under regulations, or under our own rubric: latest period first, then by stage."""
    rows = read_rows(
        connection,
        """
        select period, rulebook_id, stage, score, printed, predicate, published, band_low, band_high,
            coverage, is_rulebook_of_year
        from fct_scores
        where instansi_code = ? and unit_kind = 'instansi' and node_kind = 'index'
            and (rulebook_id <> ?) = ?
        """,
        [code, LOCAL_RULEBOOK, official],
    )
    rows.sort(key=lambda row: (_STAGE_RANK.get(row["stage"], len(_STAGE_RANK)), row["stage"]))
    rows.sort(key=lambda row: (row["period"], row["rulebook_id"]), reverse=True)
    return rows


def choose_headline(rows: list[Row]) -> Row | None:
    """Choose the headline: the latest period with a value, its newest rulebook, its last stage.

    What we compute ourselves is shown where there is no other stage.
    """
    return max(
        rows,
        key=lambda row: (
            row["printed"] is not None or row["published"] is not None,
            row["stage"] != "evidence",
            row["period"],
            row["rulebook_id"],
            _STAGE_RANK.get(row["stage"], -1),
        ),
        default=None,
    )


def _scores(
    connection: duckdb.DuckDBPyConnection, code: str, names: Mapping[str, str], *, official: bool
) -> tuple[Row | None, Row]:
    """Collect index, domains and aspects of the chosen period: a row per node, a cell per stage."""
    chosen = choose_headline(list_indices(connection, code, official=official))
    if chosen is None:
        return None, {}
    cells = read_rows(
        connection,
        """
        select node.node_id, node.parent_id, node.node_kind, node.number, node.name, node.weight_pct,
            score.stage, score.score, score.printed, score.published, score.band_low, score.band_high,
            score.coverage
        from fct_scores as score
        inner join dim_node as node on score.rulebook_id = node.rulebook_id and score.node_id = node.node_id
        where score.instansi_code = ? and score.unit_kind = 'instansi' and score.rulebook_id = ?
            and score.period = ? and node.node_kind in ('index', 'domain', 'aspect')
        order by node.sort_key
        """,
        [code, chosen["rulebook_id"], chosen["period"]],
    )
    stages = [stage for stage in wording.STAGES if any(cell["stage"] == stage for cell in cells)]
    nodes: dict[str, Row] = {}
    for cell in cells:
        node = nodes.setdefault(cell["node_id"], {**cell, "cells": {}, "published": None})
        node["cells"][cell["stage"]] = cell
        if cell["published"] is not None:
            node["published"] = cell["published"]
    ordered = list(nodes.values())
    index_rows = [node for node in ordered if node["node_kind"] == "index"]
    bars = [node for node in ordered if node["node_kind"] == "domain"] or [
        node for node in ordered if node["node_kind"] == "aspect"
    ]
    low = 0 if any((cell["band_low"] or 1) < 1 or (cell["score"] or 1) < 1 for cell in cells) else 1
    title = f"{names[chosen['rulebook_id']]}, {chosen['period']}"
    return chosen, {
        "title": title,
        "stages": stages,
        "nodes": [node for node in ordered if node["node_kind"] != "index"],
        "has_published_index": any(node["published"] is not None for node in index_rows),
        "has_published": any(node["published"] is not None for node in ordered if node not in index_rows),
        "band_chart": band_chart(
            [
                _band(stage, node["cells"][stage])
                for node in index_rows
                for stage in stages
                if stage in node["cells"]
            ],
            f"Indeks tiap tahap pada skala {low} sampai 5, {title}",
            low,
        ),
        "bar_chart": bar_chart(
            [
                BarGroup(
                    f"{node['number'] or ''} {node['name']}".strip(),
                    [
                        (
                            _STAGE_RANK[stage],
                            node["cells"][stage]["score"],
                            _missing(wording.STAGES[stage], node["cells"][stage]),
                        )
                        for stage in stages
                        if stage in node["cells"]
                    ],
                )
                for node in bars
            ],
            f"Nilai tiap domain menurut tahap pada skala {low} sampai 5, {title}",
            low,
        )
        if bars
        else None,
    }


def _missing(stage: str, cell: Row) -> str:
    """What a bar says that has no value: between which values it lies, where that is known."""
    if cell["band_low"] is None:
        return "belum ada nilai"
    low, high = (wording.decimal_text(cell[end]) for end in ("band_low", "band_high"))
    return f"{stage}: antara {low} dan {high}"


def _band(stage: str, cell: Row) -> Band:
    value = cell["score"] if cell["printed"] is not None else None
    note = wording.decimal_text(cell["printed"])
    if value is None and cell["band_low"] is not None:
        note = f"{wording.decimal_text(cell['band_low'])} sampai {wording.decimal_text(cell['band_high'])}"
    published = None if cell["published"] is None else float(cell["published"])
    return Band(wording.STAGES[stage], note, value, cell["band_low"], cell["band_high"], published)


def _levers(connection: duckdb.DuckDBPyConnection, code: str, chosen: Row | None) -> list[Row]:
    if chosen is None:
        return []
    return read_rows(
        connection,
        """
        select node.number, node.name, lever.*
        from fct_levers as lever
        inner join dim_node as node on lever.rulebook_id = node.rulebook_id and lever.node_id = node.node_id
        where lever.instansi_code = ? and lever.unit_kind = 'instansi' and lever.rulebook_id = ?
            and lever.period = ? and lever.stage = ? and lever.gain_one_level > 0
        order by lever.gain_one_level desc, node.sort_key
        limit 10
        """,
        [code, chosen["rulebook_id"], chosen["period"], chosen["stage"]],
    )


def predicates_of(connection: duckdb.DuckDBPyConnection, rulebook_id: str) -> list[Row]:
    """List the predicates of a rulebook with their borders, the lowest first; none for a rulebook without."""
    return read_rows(
        connection,
        "select * from dim_predicate where rulebook_id = ? order by lower_inclusive",
        [rulebook_id],
    )


def next_steps(connection: duckdb.DuckDBPyConnection, code: str, chosen: Row | None) -> Row | None:
    """Find the cheapest set to the next predicate: what, from which level to which, who, shown by what.

    Indicators that ask the same of the same OPD are one step.
    """
    if chosen is None:
        return None
    rows = read_rows(
        connection,
        """
        select sets.*, node.number, node.name, checklist.opd_code, coalesce(opd.opd_name, ?) as owner,
            coalesce(checklist.evidence_level >= sets.to_level, false) as is_shown
        from fct_lever_sets as sets
        inner join dim_node as node on sets.rulebook_id = node.rulebook_id and sets.node_id = node.node_id
        left join fct_evidence_checklist as checklist
            on sets.instansi_code = checklist.instansi_code and sets.period = checklist.period
            and sets.rulebook_id = checklist.rulebook_id and sets.node_id = checklist.node_id
        left join dim_opd as opd
            on checklist.instansi_code = opd.instansi_code and checklist.opd_code = opd.opd_code
        where sets.instansi_code = ? and sets.unit_kind = 'instansi' and sets.rulebook_id = ?
            and sets.period = ? and sets.stage = ? and sets.set_no = 1
        order by sets.gain desc, node.sort_key
        """,
        [wording.COORDINATOR, code, chosen["rulebook_id"], chosen["period"], chosen["stage"]],
    )
    if not rows:
        return None
    steps: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        if row["is_shown"]:
            row["evidence_asked"] = "Menurut data, bukti untuk tingkat itu sudah ada."
        key = (row["owner"], row["from_level"], row["to_level"], row["evidence_asked"])
        steps.setdefault(key, {**row, "names": []})["names"].append(
            wording.indicator_text(row["number"], row["name"])
        )
    return {
        "predicate": rows[0]["next_predicate"],
        "reached": rows[0]["index_reached"],
        "indicators": len(rows),
        "levels": sum(row["levels_up"] for row in rows),
        "cost": rows[0]["set_cost"],
        "steps": list(steps.values()),
    }


def peers_of(connection: duckdb.DuckDBPyConnection, code: str) -> Row | None:
    """Find where the instansi stands among its kind in the newest table, as far as that table reaches."""
    rows = read_rows(
        connection,
        """
        select peer.*, node.number, node.name, node.sort_key, above.instansi_name as above_name
        from fct_peers as peer
        inner join dim_node as node on peer.rulebook_id = node.rulebook_id and peer.node_id = node.node_id
        left join dim_instansi as above on peer.above_code = above.instansi_code
        where peer.instansi_code = ? and peer.rulebook_id <> ?
        qualify dense_rank() over (
            order by peer.period desc, peer.rulebook_id desc, peer.stage = 'final' desc, peer.stage
        ) = 1
        order by node.sort_key
        """,
        [code, LOCAL_RULEBOOK],
    )
    index = {row["peer_group"]: row for row in rows if row["node_kind"] == "index"}
    if "kind" not in index:
        return None
    province = read_rows(
        connection,
        "select instansi_name from dim_instansi where instansi_code = split_part(?, '.', 1)",
        [code],
    )
    kind = next(
        row["kind"]
        for row in read_rows(
            connection, "select instansi_kind as kind from dim_instansi where instansi_code = ?", [code]
        )
    )
    domains = [row for row in rows if row["node_kind"] == "domain"]
    provincial = {row["node_id"]: row for row in domains if row["peer_group"] == "province"}
    nodes = [
        {**row, "province": provincial.get(row["node_id"])} for row in domains if row["peer_group"] == "kind"
    ]
    apart = [row for row in nodes if row["neighbours"]]
    return {
        "period": index["kind"]["period"],
        "rulebook_id": index["kind"]["rulebook_id"],
        "stage": index["kind"]["stage"],
        "kind_name": kind,
        "kind": index["kind"],
        "province": index.get("province"),
        "province_name": province[0]["instansi_name"] if province else None,
        "nodes": nodes,
        "neighbours": index["kind"]["neighbours"],
        "behind": min(apart, key=lambda row: row["score"] - row["neighbours_score"], default=None),
        "ahead": max(apart, key=lambda row: row["score"] - row["neighbours_score"], default=None),
    }


def _measures(connection: duckdb.DuckDBPyConnection, code: str) -> Row:
    """List each figure with its latest month and year to date; measures without any value by name only."""
    rows = read_rows(
        connection,
        """
        select indicator.*, measure.name, measure.direction, measure.level_thresholds,
            aspect.name as aspect_name
        from fct_indicator_values as indicator
        inner join dim_measure as measure on indicator.measure_id = measure.measure_id
        left join dim_node as aspect on indicator.figure_node = aspect.node_id
        where
            indicator.instansi_code = ? and indicator.unit_kind = 'instansi'
            -- A row for each service is for the analyst, not for this page.
            and indicator.figure_service is null
        qualify row_number() over (
            partition by indicator.measure_id, indicator.figure, indicator.figure_node, indicator.window_kind
            order by indicator.window_end desc
        ) = 1
        order by
            indicator.measure_id, indicator.figure <> 'main', indicator.figure, indicator.figure_node,
            indicator.window_kind
        """,
        [code],
    )
    measures: dict[tuple[str, str, str | None], Row] = {}
    for row in rows:
        key = (row["measure_id"], row["figure"], row["figure_node"])
        entry = measures.setdefault(key, {**row, "month": None, "ytd": None})
        entry[row["window_kind"]] = row
    entries = list(measures.values())
    valued = [
        row
        for row in entries
        if any(row[kind] and row[kind]["value"] is not None for kind in ("month", "ytd"))
    ]
    known = {row["measure_id"] for row in valued}
    told = ("numerator", "denominator", "value", "level")
    return {
        # The year to date says something of its own only once there is a month before the last.
        "years_differ": any(
            row["ytd"] and (not row["month"] or any(row["ytd"][name] != row["month"][name] for name in told))
            for row in valued
        ),
        "rows": valued,
        "unknown": [row for row in entries if row["figure"] == "main" and row["measure_id"] not in known],
    }


def _findings(connection: duckdb.DuckDBPyConnection, code: str) -> Row:
    rows = read_rows(
        connection,
        "select * from fct_findings where instansi_code = ? and status = 'open' order by finding_rank",
        [code],
    )
    return {"total": len(rows), "rows": rows}


def _calls(connection: duckdb.DuckDBPyConnection, code: str) -> Row:
    months = read_rows(
        connection,
        """
        select date_trunc('month', day)::date as month, sum(calls)::bigint as calls,
            sum(succeeded)::bigint as succeeded, sum(failed)::bigint as failed,
            count(distinct consumer_opd) as consumers, count(distinct provider_opd) as providers,
            count(distinct (provider_opd, service_code)) as services
        from fct_calls_daily where instansi_code = ?
        group by all order by month desc limit 12
        """,
        [code],
    )[::-1]
    services = read_rows(
        connection,
        """
        select provider_opd, coalesce(any_value(opd.opd_name), provider_opd) as provider, service_code,
            sum(calls)::bigint as calls, sum(succeeded)::bigint as succeeded,
            sum(succeeded)::decimal(38, 0) / nullif(sum(calls), 0) as share
        from fct_calls_daily as called
        left join dim_opd as opd
            on called.instansi_code = opd.instansi_code and called.provider_opd = opd.opd_code
        where called.instansi_code = ?
        group by provider_opd, service_code order by calls desc, provider_opd, service_code limit 5
        """,
        [code],
    )
    left_out = read_rows(
        connection,
        """
        select count(*) as files, coalesce(sum(lines), 0)::bigint as lines,
            coalesce(sum(records), 0)::bigint as records, coalesce(sum(bad_lines), 0)::bigint as bad_lines,
            coalesce(sum(duplicates), 0)::bigint as duplicates, coalesce(sum(orphans), 0)::bigint as orphans,
            coalesce(sum(metaservice_calls), 0)::bigint as metaservice_calls,
            coalesce(sum(self_calls), 0)::bigint as self_calls
        from fct_log_quality where instansi_code = ?
        """,
        [code],
    )[0]
    chart = month_chart(
        [
            Month(wording.month_text(row["month"], short=True), row["succeeded"], row["failed"])
            for row in months
        ],
        "Panggilan layanan per bulan: "
        + "; ".join(
            f"{wording.month_text(row['month'])} {wording.whole_text(row['calls'])}" for row in months
        ),
    )
    network = _network(connection, code)
    return {
        "months": months,
        "services": services,
        "left_out": left_out,
        "chart": chart,
        "network": network,
        "missing": missing_logs(connection, code),
    }


def missing_logs(connection: duckdb.DuckDBPyConnection, code: str) -> list[Row]:
    """List the gateways of an instansi that lack the log of a day in the year of its newest day.

    Returns:
        Rows of `log_format`, `owed_by` (codes of OPDs) and `days` (dates in their order).
    """
    day, _ = newest_data(connection, code)
    return read_rows(
        connection,
        """
        select log_format, owed_by, list(day order by day) as days from fct_missing_log_days
        where instansi_code = ? and year(day) = ? group by all order by log_format
        """,
        [code, day.year if day else None],
    )


def _network(connection: duckdb.DuckDBPyConnection, code: str) -> Row | None:
    """Who exchanges data with whom in the latest month, among the instansi's own OPDs."""
    edges = read_rows(
        connection,
        """
        select consumer_opd, provider_opd, sum(calls)::bigint as calls, max(window_start) as window_start
        from fct_exchange_edges
        where
            instansi_code = $code and consumer_opd <> provider_opd
            and window_start = (select max(window_start) from fct_exchange_edges where instansi_code = $code)
            and consumer_opd in (select opd_code from dim_opd where instansi_code = $code and is_active)
            and provider_opd in (select opd_code from dim_opd where instansi_code = $code and is_active)
        group by all order by consumer_opd, provider_opd
        """,
        {"code": code},
    )
    if not edges:
        return None
    units = read_rows(
        connection,
        "select opd_code from dim_opd where instansi_code = ? and is_active and is_mapped order by opd_code",
        [code],
    )
    codes = sorted(
        {row["opd_code"] for row in units} | {e[k] for e in edges for k in ("consumer_opd", "provider_opd")}
    )
    short = {opd: opd.removeprefix(f"{code}-") for opd in codes}
    month = wording.month_text(edges[0]["window_start"])
    seen = sum(1 for edge in edges if edge["calls"])
    chart = network_chart(
        list(short.values()),
        [Edge(short[e["consumer_opd"]], short[e["provider_opd"]], e["calls"]) for e in edges],
        f"Jaringan pertukaran data antar-OPD {month}: {seen} arah terlihat pada log, "
        f"{len(edges) - seen} hanya dinyatakan, di antara {len(codes)} OPD",
    )
    return {"chart": chart, "month": month}


def _intake(connection: duckdb.DuckDBPyConnection, code: str) -> Row:
    """Count what came; a row that was mended counts once, with the file that it was refused in."""
    kinds = read_rows(
        connection,
        """
        select kind, count(*) as files, count(*) filter (where status = 'rejected') as rejected,
            coalesce(sum(rows_received) filter (not is_correction), 0)::bigint as received,
            coalesce(sum(rows_loaded + rows_corrected) filter (not is_correction), 0)::bigint as loaded,
            coalesce(sum(rows_quarantined - rows_corrected) filter (not is_correction), 0)::bigint
                as quarantined
        from fct_intake_files where instansi_code = ? and status not in ('duplicate', 'replaced')
        group by kind order by kind
        """,
        [code],
    )
    rejected = read_rows(
        connection,
        """
        select distinct kind, file_name, reason_text as reason from fct_intake_files
        where instansi_code = ? and status = 'rejected' order by file_name limit 10
        """,
        [code],
    )
    rules = read_rows(
        connection,
        """
        select kind, broken.rule as rule, broken.column_name as column_name, broken.expected as expected,
            count(*) as found
        from (
            select kind, unnest(broken) as broken from fct_quarantine
            where instansi_code = ? and status = 'open'
        )
        group by kind, broken.rule, broken.column_name, broken.expected
        order by found desc, kind, expected, column_name limit 5
        """,
        [code],
    )
    totals = {
        name: sum(row[name] for row in kinds)
        for name in ("files", "rejected", "received", "loaded", "quarantined")
    }
    return {"kinds": kinds, "totals": totals, "rejected": rejected, "rules": rules}


def _study(connection: duckdb.DuckDBPyConnection, code: str) -> Row:
    tables = {
        "programs": "fct_program_realization",
        "evaluation": "fct_smart_city_evaluation",
        "figures": "fct_published_figures",
    }
    return {
        name: read_rows(connection, f"select * from {table} where instansi_code = ? order by all", [code])
        for name, table in tables.items()
    }


def _licences(connection: duckdb.DuckDBPyConnection, code: str) -> list[Row]:
    """Find the attributions of the files that this instansi's numbers rest on."""
    files = read_rows(
        connection,
        """
        select distinct file_name from fct_intake_files
        where instansi_code = $code
            or file_sha256 in (select file_sha256 from fct_scores where instansi_code = $code)
        """,
        {"code": code},
    )
    with (HERE / "licences.csv").open(encoding="utf-8", newline="") as handle:
        found = {
            (entry["attribution"], entry["licence"])
            for entry in csv.DictReader(handle)
            if any(fnmatchcase(row["file_name"], entry["file_name"]) for row in files)
        }
    return [{"attribution": attribution, "licence": licence} for attribution, licence in sorted(found)]


def index_row(connection: duckdb.DuckDBPyConnection, code: str) -> Row:
    """Collect what the list of pages says of one instansi."""
    unit = instansi_row(connection, code)
    day, newest = newest_data(connection, code)
    return {
        **unit,
        "fictional": is_fictional(unit["instansi_name"]),
        "day": day,
        "newest": newest,
        "chosen": choose_headline(list_indices(connection, code)),
    }

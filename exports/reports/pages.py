"""One static page per instansi and an index of them, from the published database alone.

Belongs here: choosing rows of published tables, filling the templates, writing the files. Stays out: words
and number notation (`wording.py`), geometry (`charts.py`), computing any figure (`dbt_project/`).
"""

import csv
import re
from collections.abc import Sequence
from datetime import date
from fnmatch import fnmatchcase
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from exports.aside import write_file
from exports.database import open_published, read_rows
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
# Instansi that exist in no register of the state; their pages say so in the first line.
FICTIONAL_CODE, FICTIONAL_NAME = "99.99", "Kabupaten Contoh"
# Of the stages that an assessor gives, the later one counts; ours is shown when there is no other.
_STAGE_RANK = {
    stage: rank for rank, stage in enumerate(["evidence", "self", "document", "interview", "visit", "final"])
}

Row = dict[str, Any]


def write_reports(
    published: Path, report_dir: Path, instansi: Sequence[str] | None, generated_for: date
) -> list[Path]:
    """Write `<instansi_code>.html` for each instansi, and `index.html` that lists them.

    Args:
        published: the published database.
        report_dir: folder of the pages; other files in it are left alone.
        instansi: codes to report; None for every instansi that handed in a file or has a system or OPD.
        generated_for: the day the pages are made for, printed on them; same database and day, same bytes.

    Returns:
        The written files, the index first.

    Raises:
        FileNotFoundError: nothing has been published yet.
        LookupError: an asked instansi is not in `dim_instansi`.
    """
    report_dir.mkdir(parents=True, exist_ok=True)
    with open_published(published) as connection:
        codes = sorted(set(instansi)) if instansi is not None else _reported_codes(connection)
        pages = {code: render_instansi(connection, code, generated_for) for code in codes}
        index = render_page(
            "index.html.j2",
            rows=[_index_row(connection, code) for code in codes],
            generated_for=generated_for,
            title="Daftar laporan",
        )
    written = [report_dir / "index.html"]
    for code, page in pages.items():
        written.append(report_dir / page_name(code))
        write_file(written[-1], page)
    # The list comes last, so that it never leads to a page that is not there.
    write_file(written[0], index)
    return written


def page_name(instansi_code: str) -> str:
    """Give the file name of an instansi's page; codes are plain text, so anything else becomes `_`."""
    return re.sub(r"[^\w.-]", "_", instansi_code).lstrip(".") + ".html"


def render_instansi(
    connection: duckdb.DuckDBPyConnection, instansi_code: str, generated_for: date, link_index: bool = True
) -> bytes:
    """Fill the page of one instansi.

    Args:
        connection: the published database, open.
        instansi_code: whose page.
        generated_for: the day printed on the page.
        link_index: False where the page stands alone, as in a bundle.

    Raises:
        LookupError: the instansi is not in `dim_instansi`.
    """
    unit = _instansi(connection, instansi_code)
    chosen, scores = _scores(connection, instansi_code, official=True)
    local, local_scores = _scores(connection, instansi_code, official=False)
    return render_page(
        "instansi.html.j2",
        title=unit["instansi_name"],
        unit=unit,
        fictional=is_fictional(unit),
        generated_for=generated_for,
        link_index=link_index,
        chosen=chosen,
        index_rows=(index_rows := _index_rows(connection, instansi_code)),
        index_groups=[
            list(rows) for _, rows in groupby(index_rows, key=lambda row: (row["period"], row["rulebook_id"]))
        ],
        scores=scores,
        local=local,
        local_scores=local_scores,
        levers=_levers(connection, instansi_code, chosen),
        measures=_measures(connection, instansi_code),
        findings=_findings(connection, instansi_code),
        calls=_calls(connection, instansi_code),
        intake=_intake(connection, instansi_code),
        study=_study(connection, instansi_code),
        licences=_licences(connection, instansi_code),
    )


def is_fictional(unit: Row) -> bool:
    """Tell whether an instansi is the made-up example regency."""
    return unit["instansi_code"] == FICTIONAL_CODE or unit["instansi_name"].startswith(FICTIONAL_NAME)


def render_page(template: str, **values: Any) -> bytes:
    """Fill a template of `templates/`; what it names and is not given is an error."""
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals.update(wording=wording, page_name=page_name)
    environment.filters.update(
        angka=wording.decimal_text,
        bulat=wording.whole_text,
        ringkas=wording.short_text,
        persen=wording.percent_text,
        tanggal=wording.date_text,
    )
    return environment.get_template(template).render(**values).encode()


def _reported_codes(connection: duckdb.DuckDBPyConnection) -> list[str]:
    # No page for those that only stand in the national table, nor for who only hands in for others.
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


def _instansi(connection: duckdb.DuckDBPyConnection, code: str) -> Row:
    rows = read_rows(connection, "select * from dim_instansi where instansi_code = ?", [code])
    if not rows:
        raise LookupError(f"instansi {code}: not in dim_instansi of the published database")
    return rows[0]


def _index_rows(connection: duckdb.DuckDBPyConnection, code: str, *, official: bool = True) -> list[Row]:
    """List the indices under regulations, or under our own rubric: latest period first, then by stage."""
    rows = read_rows(
        connection,
        """
        select period, rulebook_id, stage, score, printed, predicate, published, band_low, band_high, coverage
        from fct_scores
        where instansi_code = ? and unit_kind = 'instansi' and node_kind = 'index'
            and (rulebook_id <> ?) = ?
        """,
        [code, LOCAL_RULEBOOK, official],
    )
    stages = list(wording.STAGES)
    rows.sort(key=lambda row: (stages.index(row["stage"]) if row["stage"] in stages else 99, row["stage"]))
    rows.sort(key=lambda row: (row["period"], row["rulebook_id"]), reverse=True)
    return rows


def _choose(rows: list[Row]) -> Row | None:
    """Choose the headline: the latest period with a value, its newest rulebook, its last stage."""
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


def _scores(connection: duckdb.DuckDBPyConnection, code: str, *, official: bool) -> tuple[Row | None, Row]:
    """Collect index, domains and aspects of the chosen period: a row per node, a cell per stage."""
    chosen = _choose(_index_rows(connection, code, official=official))
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
    title = f"{wording.RULEBOOKS.get(chosen['rulebook_id'], chosen['rulebook_id'])}, {chosen['period']}"
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
                            list(wording.STAGES).index(stage),
                            wording.STAGES[stage],
                            node["cells"][stage]["score"],
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


def _measures(connection: duckdb.DuckDBPyConnection, code: str) -> Row:
    """List each figure with its latest month and year to date; measures without any value by name only."""
    rows = read_rows(
        connection,
        """
        select indicator.*, measure.name, measure.unit, measure.direction, aspect.name as aspect_name
        from fct_indicator_values as indicator
        inner join dim_measure as measure on indicator.measure_id = measure.measure_id
        left join dim_node as aspect on indicator.figure = 'aspect ' || aspect.node_id
        where
            indicator.instansi_code = ? and indicator.unit_kind = 'instansi'
            -- A row for each service is for the analyst, not for this page.
            and indicator.figure not like 'service %'
        qualify row_number() over (
            partition by indicator.measure_id, indicator.figure, indicator.window_kind
            order by indicator.window_end desc
        ) = 1
        order by indicator.measure_id, indicator.figure <> 'main', indicator.figure, indicator.window_kind
        """,
        [code],
    )
    measures: dict[tuple[str, str], Row] = {}
    for row in rows:
        key = (row["measure_id"], row["figure"])
        entry = measures.setdefault(key, {**row, "month": None, "ytd": None})
        entry[row["window_kind"]] = row
    entries = list(measures.values())
    valued = [
        row
        for row in entries
        if any(row[kind] and row[kind]["value"] is not None for kind in ("month", "ytd"))
    ]
    known = {row["measure_id"] for row in valued}
    return {
        "rows": valued,
        "unknown": [row for row in entries if row["figure"] == "main" and row["measure_id"] not in known],
    }


def _findings(connection: duckdb.DuckDBPyConnection, code: str) -> Row:
    rows = read_rows(
        connection,
        "select * from fct_findings where instansi_code = ? and status = 'open' order by finding_rank",
        [code],
    )
    return {"total": len(rows), "rows": rows[:10]}


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
        select provider_opd, service_code, sum(calls)::bigint as calls, sum(succeeded)::bigint as succeeded,
            sum(succeeded)::decimal(38, 0) / nullif(sum(calls), 0) as share
        from fct_calls_daily where instansi_code = ?
        group by all order by calls desc, provider_opd, service_code limit 5
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
    return {"months": months, "services": services, "left_out": left_out, "chart": chart, "network": network}


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
    kinds = read_rows(
        connection,
        """
        select kind, count(*) as files, count(*) filter (where status = 'rejected') as rejected,
            coalesce(sum(rows_received), 0)::bigint as received,
            coalesce(sum(rows_loaded), 0)::bigint as loaded,
            coalesce(sum(rows_quarantined), 0)::bigint as quarantined
        from fct_intake_files where instansi_code = ? and status not in ('duplicate', 'replaced')
        group by kind order by kind
        """,
        [code],
    )
    rejected = read_rows(
        connection,
        """
        select distinct file_name, reason from fct_intake_files
        where instansi_code = ? and status = 'rejected' order by file_name limit 10
        """,
        [code],
    )
    rules = read_rows(
        connection,
        """
        select rule, count(*) as found
        from (select unnest(rules) as rule from fct_quarantine where instansi_code = ? and status = 'open')
        group by rule order by found desc, rule limit 5
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


def _index_row(connection: duckdb.DuckDBPyConnection, code: str) -> Row:
    unit = _instansi(connection, code)
    return {**unit, "fictional": is_fictional(unit), "chosen": _choose(_index_rows(connection, code))}

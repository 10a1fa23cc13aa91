"""A page for each OPD: what it has, whom it exchanges data with, how it sends, what it should do this month.

Belongs here: choosing rows of published tables that are the OPD's own; of another OPD only its name, where
the two exchange data. Stays out: the rows to mend, one by one (`exports/feedback.py`), words and notation
(`wording.py`), computing any figure (`dbt_project/`).
"""

import csv
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import duckdb

from exports.database import read_rows
from exports.reports import wording
from exports.reports.pages import (
    Row,
    choose_headline,
    instansi_row,
    is_fictional,
    list_indices,
    missing_logs,
    newest_data,
    next_steps,
    render_page,
)

_THIS_MONTH = 3
_EXCHANGES = """
    select edge.{own}_opd as opd_code, coalesce(opd.opd_name, 'pihak luar') as partner,
        '{direction}' as direction, sum(edge.calls)::bigint as calls,
        bool_or(edge.is_declared) as is_declared, bool_or(edge.is_observed) as is_observed,
        max(edge.window_end) as window_end
    from fct_exchange_edges as edge
    left join dim_opd as opd on edge.instansi_code = opd.instansi_code and edge.{other}_opd = opd.opd_code
    where edge.instansi_code = $code and edge.consumer_opd <> edge.provider_opd
        and edge.window_start = (
            select max(window_start) from fct_exchange_edges where instansi_code = $code
        )
    group by all order by calls desc, partner
"""
_QUERIES = {
    "systems": """
        select * from dim_system where instansi_code = $code
        qualify row_number() over (partition by system_code order by period desc) = 1
        order by system_code
    """,
    "made": _EXCHANGES.format(own="consumer", other="provider", direction="memakai"),
    "answered": _EXCHANGES.format(own="provider", other="consumer", direction="melayani"),
    "discipline": """
        select opd_code, kind,
            sum(files_received)::bigint as files_received, sum(files_rejected)::bigint as files_rejected,
            sum(rows_first_sent)::bigint as rows_first_sent,
            sum(rows_first_passed)::bigint as rows_first_passed,
            -- What is open is so at the end of the newest month; what is owed is counted month by month.
            max_by(rows_open, window_start) as rows_open,
            sum(sources_expected)::bigint as sources_expected,
            sum(sources_received)::bigint as sources_received,
            max_by(coalesce(sources_missing, 0), window_start) as sources_missing,
            sum(coalesce(files_late, 0))::bigint as files_late
        from fct_opd_discipline where instansi_code = $code
        group by all order by kind
    """,
    "documents": """
        select * from fct_documents where instansi_code = $code
        qualify row_number() over (partition by document_code order by period desc) = 1
        order by state = 'valid', document_code
    """,
    "findings": """
        select *, unit_code as opd_code from fct_findings
        where instansi_code = $code and unit_kind = 'opd' and status = 'open' order by finding_rank
    """,
    "rejected": """
        select answer_opd_code as opd_code, kind, file_name, reason_text as reason from fct_intake_files
        where instansi_code = $code and is_open
        union
        select item.answer_opd_code, file.kind, file.file_name, file.reason_text
        from fct_intake_files as file
        inner join fct_quarantine as item
            on file.file_name = item.file_name and file.file_sha256 = item.file_sha256
        where file.instansi_code = $code and file.status = 'rejected' and item.status = 'open'
        order by kind, file_name
    """,
}


def render_opds(connection: duckdb.DuckDBPyConnection, code: str) -> Iterator[tuple[Row, bytes]]:
    """Fill a page for each active OPD of an instansi; the OPD with its page.

    Raises:
        LookupError: the instansi is not in `dim_instansi`.
    """
    unit = instansi_row(connection, code)
    opds = list_opds(connection, code)
    if not opds:
        return
    own = {name: _by_opd(read_rows(connection, query, {"code": code})) for name, query in _QUERIES.items()}
    for systems in own["systems"].values():
        systems.sort(key=lambda row: (row["status"] != "active", _natural(row["system_name"])))
    steps = next_steps(connection, code, choose_headline(list_indices(connection, code)))
    day, newest = newest_data(connection, code)
    missing = missing_logs(connection, code)
    for opd in opds:
        rows = {name: found.get(opd["opd_code"], []) for name, found in own.items()}
        asked = [step for step in steps["steps"] if step["opd_code"] == opd["opd_code"]] if steps else []
        yield (
            opd,
            render_page(
                "opd.html.j2",
                title=opd["opd_name"],
                folder="../",
                unit=unit,
                fictional=is_fictional(unit["instansi_name"]),
                opd=opd,
                day=day,
                newest=newest,
                exchanges=sorted(rows["made"] + rows["answered"], key=lambda row: -row["calls"]),
                missing=[row for row in missing if opd["opd_code"] in row["owed_by"]],
                predicate=steps["predicate"] if steps else None,
                asked=asked,
                tasks=_tasks(rows, asked, steps["predicate"] if steps else None)[:_THIS_MONTH],
                **{name: found for name, found in rows.items() if name not in ("made", "answered")},
            ),
        )


def list_opds(connection: duckdb.DuckDBPyConnection, code: str) -> list[Row]:
    """List the active OPDs of an instansi by name; `is_unlisted` where it has a register without this one."""
    return read_rows(
        connection,
        """
        select *, not is_mapped and bool_or(is_mapped) over () as is_unlisted
        from dim_opd where instansi_code = ? and is_active order by opd_name, opd_code
        """,
        [code],
    )


def _natural(name: str) -> list[tuple[int, str]]:
    """Give what a name is sorted by, so that "Sistem 2" comes before "Sistem 10"."""
    parts = re.findall(r"\d+|\D+", name.casefold())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def _by_opd(rows: Sequence[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row["opd_code"]].append(row)
    return found


def _tasks(rows: dict[str, list[Row]], asked: Sequence[Row], predicate: str | None) -> list[Row]:
    """Put first what keeps data out, then what is owed, then what was found, one task for each sort."""
    tasks: list[Row] = []
    for row in rows["rejected"]:
        tasks.append(
            {
                "do": f"Perbaiki dan kirim ulang berkas {row['file_name'].rsplit('/', 1)[-1]} "
                f"({wording.sent_text(row['kind'])})",
                "why": f"Berkasnya ditolak: {wording.plain_text(row['reason'] or 'tanpa alasan')}.",
            }
        )
    open_rows = [row for row in rows["discipline"] if row["rows_open"]]
    if open_rows:
        total = sum(row["rows_open"] for row in open_rows)
        said = ", ".join(
            f"{wording.sent_text(row['kind'])} ({wording.whole_text(row['rows_open'])})" for row in open_rows
        )
        tasks.append(
            {
                "do": f"Perbaiki {wording.whole_text(total)} baris yang belum dapat dipakai",
                "why": f"{said}. Baris dan cara memperbaikinya ada pada buku kerja umpan balik.",
            }
        )
    # In their order, which begins with the heaviest.
    by_rule: dict[str, list[Row]] = defaultdict(list)
    for row in rows["findings"]:
        by_rule[row["rule_id"]].append(row)
    for rule, found in by_rule.items():
        first = wording.plain_text(found[0]["statement"])
        more = f" Dan {len(found) - 1} lagi." if len(found) > 1 else ""
        tasks.append({"do": _actions().get(rule, found[0]["title"]), "why": first + more})
    for step in asked:
        tasks.append(
            {
                "do": f"Naikkan {'; '.join(step['names'])} ke tingkat {wording.short_text(step['to_level'])}",
                "why": f"Termasuk jalan termurah menuju {predicate}. {step['evidence_asked'] or ''}".strip(),
            }
        )
    return tasks


@cache
def _actions() -> dict[str, str]:
    """What each finding asks of its OPD."""
    with (Path(__file__).parent / "actions.csv").open(encoding="utf-8", newline="") as handle:
        return {row["rule_id"]: row["action"] for row in csv.DictReader(handle)}

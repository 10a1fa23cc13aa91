"""A contract tried on what was received before: which rows of whom would newly fail or pass.

Belongs here: reading archived files again under another contract and comparing with the verdict they have.
Stays out: judging (`orchestration/intake.py`, `expectations/`); nothing is written.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from expectations.contract import Contract
from expectations.quarantine import is_loaded_sql
from expectations.quoting import literal
from orchestration import intake
from orchestration.settings import Settings
from sources.archive import find_archived
from sources.errors import FileProblem
from sources.kinds import InboxFile

if TYPE_CHECKING:
    import duckdb


@dataclass
class Outcome:
    """What a contract would change for one OPD of one instansi: rows, and rules behind the new failures."""

    rows: int = 0
    newly_failing: int = 0
    newly_passing: int = 0
    files: set[str] = field(default_factory=set)
    rules: Counter[str] = field(default_factory=Counter)


def try_contract(settings: Settings, contract: Contract) -> dict[tuple[str, str], Outcome]:
    """Judge every current file of a kind by a contract; nothing is written.

    Returns (instansi, OPD) to what would change, for every sender of a row. A file that the contract refuses
    as a whole (a required column is not there) makes each of its loaded rows fail, by the rule `file.<code>`.

    Raises:
        duckdb.IOException: the warehouse is held by a run.
    """
    import duckdb

    con = duckdb.connect(config={"storage_compatibility_version": "v1.2.0"})
    intake.prepare_check(con, settings)
    con.execute(f"attach {literal(str(settings.warehouse))} as warehouse (read_only)")
    # A correction is judged with the values of the rows it mends.
    for table in ("intake.files", "intake.corrections", f"received.{contract.kind}"):
        con.execute(f"create or replace table {table} as from warehouse.{table}")
    files = con.execute(
        "select file_id, file_sha256, file_name, instansi_code, period, size_bytes, modified_ns "
        "from warehouse.intake.files where kind = ? and rows_received > 0 "
        "and status in ('loaded', 'partly', 'rejected') order by file_order",
        [contract.kind],
    ).fetchall()
    found: dict[tuple[str, str], Outcome] = {}
    for file_id, sha256, name, instansi, period, size, modified in files:
        _keep_verdict(con, contract.kind, file_id)
        archived = find_archived(settings.archive, sha256)
        if archived is None:
            continue
        # The `.meta.toml` lies beside the file in the inbox; the bytes are those of the archive.
        beside = settings.inbox / name
        file = InboxFile(beside, name, contract.kind, None, instansi, period, size, modified)
        try:
            intake.check_file(con, settings, file, contract, archived)
        except FileProblem as problem:
            con.execute(
                "create or replace temp table judged as select row_number as _row_number, "
                "[{'rule': ?, 'severity': 'error', 'message': ''}] as _broken from before",
                [f"file.{problem.code}"],
            )
        _compare(con, name, found)
    return found


def _keep_verdict(con: duckdb.DuckDBPyConnection, kind: str, file_id: str) -> None:
    con.execute(
        "create or replace temp table before as "
        f"select _row_number as row_number, _instansi_code as instansi, _opd_code as opd, "
        f"{is_loaded_sql()} as is_loaded from warehouse.received.{kind} where _file_id = ?",
        [file_id],
    )


def _compare(con: duckdb.DuckDBPyConnection, name: str, found: dict[tuple[str, str], Outcome]) -> None:
    loads = is_loaded_sql("j._broken")
    rows = con.execute(
        f"""
        select b.instansi, b.opd, count(*), count(*) filter (b.is_loaded and not {loads}),
            count(*) filter (not b.is_loaded and {loads}),
            flatten(list(list_transform(
                list_filter(j._broken, lambda x: x.severity = 'error'), lambda x: x.rule
            )) filter (b.is_loaded))
        from before as b inner join judged as j on b.row_number = j._row_number group by 1, 2"""
    ).fetchall()
    for instansi, opd, count, failing, passing, rules in rows:
        outcome = found.setdefault((instansi, opd), Outcome())
        outcome.rows += count
        outcome.newly_failing += failing
        outcome.newly_passing += passing
        outcome.files.add(name)
        outcome.rules.update(rules or [])

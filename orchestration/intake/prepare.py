"""What a connection needs before a file can be judged on it.

Belongs here: ledger, tables, macros, reference lists; the order of the kinds. Stays out: files.
"""

from __future__ import annotations

import hashlib
import secrets
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from expectations import contract as contracts
from expectations import quarantine, reference_tables
from expectations.normalise import install_normalisers
from expectations.quoting import literal
from expectations.spellings import install_spellings
from exports.delivery.answers import read_answers
from orchestration.program import program_fingerprint
from orchestration.settings import PROJECT, Settings
from sources import lake, ledger
from sources.kinds import LOG_KIND
from sources.lake_upgrade import upgrade_lake
from sources.log_tasks import prepare_reading
from sources.privacy import KEY_BYTES, key_id, known_key, read_key
from sources.program_mark import readers_mark

if TYPE_CHECKING:
    import duckdb

# The order in which one run reads the kinds: what others refer to comes first (formats 0b).
FIRST_KINDS = ("opd_register", "rulebook", "gateway_identity", "system_inventory")
# Whose pseudonyms a warehouse holds.
_KEY = "pseudonym_key"
# The program that made what does not depend on the home.
_LAID_OUT = "laid_out"
_SEEDS = PROJECT / "dbt_project" / "seeds"


def table_kinds() -> list[str]:
    """The kinds that have a contract, in the order in which a run reads them."""
    every = contracts.kinds()
    return [*FIRST_KINDS, *(k for k in every if k not in FIRST_KINDS)]


@cache
def format_fingerprint(kind: str) -> str:
    """Changes when contract, spellings or readers of a kind change; a rejected file is then read again."""
    digest = hashlib.sha256(readers_mark().encode())
    for path in sorted([contracts.CONTRACTS / f"{kind}.odcs.yaml", *contracts.ALIASES.glob("*.csv")]):
        is_own = not path.name.endswith(".csv") or path.name.startswith(("_", f"{kind}."))
        digest.update(path.read_bytes() if is_own and path.exists() else b"")
    return digest.hexdigest()[:16]


def prepare_check(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Give a database of its own what judging a file needs, the published OPD register included."""
    con.execute("set TimeZone = 'UTC'")
    ledger.create_ledger(con)
    for kind in table_kinds():
        quarantine.create_received(con, contracts.load_contract(kind))
    path = settings.keys / "pseudonym.key"
    # A check leaves no trace, and what it masks is shown to nobody else.
    _install(con, settings, read_key(path) if path.exists() else secrets.token_bytes(KEY_BYTES))
    reference_tables.fill_lists(con, _SEEDS)
    if settings.published.exists():
        con.execute(f"attach {literal(str(settings.published))} as published (read_only)")
        reference_tables.copy_published(con)
        _know_refused(con)
        con.execute("detach published")
    else:
        reference_tables.know_none(con)


def _know_refused(con: duckdb.DuckDBPyConnection) -> None:
    """Tell a check which files came and which rows were refused, so that it can judge a correction."""
    own_id = "sha256(file_name || '|' || file_sha256)"
    con.execute(
        f"insert into intake.files by name select {own_id} as file_id, file_name, file_sha256, kind, "
        "instansi_code, opd_code, period, size_bytes, 0 as modified_ns, status, rows_received, rows_loaded, "
        "rows_quarantined, warnings, received_at, is_correction, row_number() over (order by received_at) as "
        "file_order from published.fct_intake_files where kind <> ?",
        [LOG_KIND],
    )
    for kind in table_kinds():
        con.execute(
            f"insert into received.{kind} by name select {own_id} as _file_id, file_sha256 as _file_sha256, "
            "row_number as _row_number, instansi_code as _instansi_code, opd_code as _opd_code, "
            "period as _period, raw_row as _raw_row "
            "from published.fct_quarantine where kind = ?",
            [kind],
        )


def _install(con: duckdb.DuckDBPyConnection, settings: Settings, key: bytes) -> None:
    prepare_reading(con, key)
    install_normalisers(con, settings.time_zone)
    install_spellings(con)


def _key(con: duckdb.DuckDBPyConnection, settings: Settings) -> bytes:
    """The key of the home's pseudonyms; its id is noted with them."""
    made_with = ledger.read_state(con, _KEY)
    key = known_key(settings.keys / "pseudonym.key", made_with)
    if made_with is None:
        ledger.write_state(con, _KEY, key_id(key))
    return key


def pseudonym_key_id(con: duckdb.DuckDBPyConnection) -> str:
    """Id of the key that the pseudonyms of this warehouse are made with."""
    return ledger.read_state(con, _KEY) or ""


def prepare_warehouse(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Create ledger, tables, views and macros that are missing; safe to repeat."""
    ledger.create_ledger(con)
    _install(con, settings, _key(con, settings))
    _lay_out(con)
    reference_tables.view_received(con)
    upgrade_lake(con, settings.lake)
    lake.create_lake_view(con, settings.lake)
    con.execute(
        "create or replace table raw.run_settings as select ?::date as as_of, ?::varchar as time_zone, "
        "?::varchar as instansi_code, ?::date as first_day, ?::bigint as min_calls, "
        "?::bigint as orphan_after_days, ?::decimal(18, 6) as figure_tolerance_rel, "
        "?::bigint as complaint_sla_hours",
        [
            settings.last_complete_day(),
            settings.time_zone,
            settings.instansi,
            settings.first_day,
            settings.min_calls,
            settings.orphan_after_days,
            settings.figure_tolerance_rel,
            settings.complaint_sla_hours,
        ],
    )
    con.execute(
        "create or replace table raw.instansi_names"
        " (instansi_code varchar, instansi_name varchar, instansi_kind varchar)"
    )
    for code, known in settings.instansi_names.items():
        con.execute("insert into raw.instansi_names values (?, ?, ?)", [code, known.name, known.kind])
    _fill_acknowledgements(con, settings)


def _lay_out(con: duckdb.DuckDBPyConnection) -> None:
    """Make lists, received tables and their views as the program says; once for a program."""
    program = program_fingerprint()
    laid_out = ledger.read_state(con, _LAID_OUT)
    if laid_out == program:
        return
    if laid_out:
        # A program that is changed back after this one was killed must not find its old mark.
        ledger.forget_state(con, _LAID_OUT)
    reference_tables.fill_lists(con, _SEEDS)
    every = [contracts.load_contract(kind) for kind in table_kinds()]
    for contract in every:
        quarantine.create_received(con, contract)
        con.execute(quarantine.raw_view_sql(contract))
    ledger.create_views(con, {contract.kind: contract.opd_columns for contract in every})
    ledger.write_state(con, _LAID_OUT, program)


def _fill_acknowledgements(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Take up what receivers answered to bundles, from the file that deliveries keep it in."""
    con.execute(
        "create or replace table raw.acknowledgements (bundle varchar, status varchar, reasons varchar[], "
        "received_at timestamp, answer_order bigint)"
    )
    for number, answer in enumerate(read_answers(settings.outbox)):
        con.execute(
            "insert into raw.acknowledgements values (?, ?, ?, ?::timestamptz, ?)",
            [answer.bundle, answer.status, list(answer.reasons), answer.received_at, number],
        )


def open_ledger(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Give a connection what intake needs; prepare the warehouse where no run has done so yet."""
    prepared = con.execute(
        "select 1 from information_schema.tables where table_schema = 'raw' and table_name = 'run_settings'"
    ).fetchone()
    if prepared:
        _install(con, settings, _key(con, settings))
    else:
        prepare_warehouse(con, settings)


def scratch_folder(settings: Settings) -> Path:
    """Where readers write what the next step takes up; swept at the start of a night."""
    folder = settings.home / "scratch"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder

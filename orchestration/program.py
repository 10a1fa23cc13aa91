"""What results rest on: received files, the program and its settings, as fingerprints.

Belongs here: telling whether something must be made again. Stays out: making it; importing dbt or Dagster.
"""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import version
from typing import TYPE_CHECKING

from orchestration.settings import PROJECT, Settings
from sources import ledger

if TYPE_CHECKING:
    import duckdb

DBT_PROJECT = PROJECT / "dbt_project"
# Marks of a night in `intake.state`, beside `ledger.UNFINISHED`: what the outputs rest on, and the programs
# that built all models and counted the days.
PUBLISHED, BUILT, COUNTED = "published", "program", "daily_models"
_PARTS = ("models", "seeds", "macros", "tests")
# What counting a day rests on; the variables of pairing stand in the project's file.
_DAILY_PARTS = (
    "dbt_project.yml",
    "models/intermediate/calls/daily",
    "models/staging/service_log",
    "macros/bounds.sql",
    "macros/build.sql",
    "macros/contents.sql",
    "macros/days.sql",
    "macros/durations.sql",
    "macros/kept_days.sql",
    "macros/keys.sql",
    "macros/pairing.sql",
    "macros/times.sql",
)
# Settings whose change makes no new version of a bundle: open data alone rests on these three, nothing on the
# others but what is received from now on, and what is kept how long.
_OF_OPEN_DATA = ("open_data_min_count", "open_data_licence", "open_data_url")
_OF_THE_HOUSE = {
    "home",
    "as_of",
    "output_group",
    "archive_logs",
    "archive_log_days",
    "table_max_bytes",
    "table_max_rows",
    "table_max_columns",
    "document_max_bytes",
    "log_max_bytes",
    "inflate_max_ratio",
    "reader_max_seconds",
    "reader_max_memory",
    "warehouse_copies",
    "history_days",
    "outbox_versions",
    *_OF_OPEN_DATA,
    "export_release",
    "alert_urls",
    "alert_command",
    "alert_min_free_gb",
    "deliver_to",
    "deliver_host_key",
    "deliver_key",
    "deliver_tries",
    "deliver_wait_seconds",
    "deliver_connect_seconds",
    "deliver_idle_seconds",
    "deliver_max_seconds",
    "processes",
    "workers_memory",
    "scheduler",
    "task_tries",
    "task_max_seconds",
    "ui_port",
    "ui_hosts",
}


def project_fingerprint() -> str:
    """Changes when any file of the dbt project changes, dbt itself, or the database that computes."""
    return _fingerprint("dbt_project.yml", "profiles.yml", "selectors.yml", *_PARTS)


def _fingerprint(*names: str) -> str:
    versions = [version(package) for package in ("dbt-core", "dbt-duckdb", "duckdb")]
    digest = hashlib.sha256(" ".join(versions).encode())
    parts = [DBT_PROJECT / name for name in names]
    for path in sorted(p for part in parts for p in (part, *part.rglob("*")) if p.is_file()):
        digest.update(str(path.relative_to(DBT_PROJECT)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def count_days_again(con: duckdb.DuckDBPyConnection) -> None:
    """Let every day of the lake wait for counting if other models counted it than those there are now.

    dbt keeps what the daily models built, also in a home that an earlier version of the product made, whose
    columns may be others.
    """
    counted_by = _fingerprint(*_DAILY_PARTS)
    if ledger.read_state(con, COUNTED) == counted_by:
        return
    con.execute("begin")
    for table in ("int_calls__counted_daily", "int_calls__shared_files"):
        con.execute(f"drop table if exists intermediate.{table}")
    found = con.execute("select distinct day from lake.service_call_files").fetchall()
    ledger.queue_days(con, [day for (day,) in found])
    ledger.write_state(con, COUNTED, counted_by)
    con.execute("commit")


def program_fingerprint() -> str:
    """Changes when anything changes that says what tables and views are: the project, formats, intake."""
    return _of_code(project_fingerprint(), "sources", "expectations", "orchestration/intake")


def outputs_fingerprint() -> str:
    """Changes when what is published, shown or bundled is made otherwise."""
    return _of_code(version("duckdb"), "exports", "expectations")


def _of_code(begun: str, *parts: str) -> str:
    digest = hashlib.sha256(begun.encode())
    for path in sorted(path for part in parts for path in (PROJECT / part).rglob("*")):
        is_data = "example_inbox" in path.parts or "__pycache__" in path.parts
        if path.is_file() and not is_data:
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def results_fingerprint(settings: Settings) -> str:
    """What results rest on beside received files and the day (models, outputs, settings), as sha256."""
    return hashlib.sha256(json.dumps(_made_by(settings), sort_keys=True).encode()).hexdigest()


def _made_by(settings: Settings) -> dict[str, object]:
    return {
        "models": project_fingerprint(),
        "outputs": outputs_fingerprint(),
        "settings": settings.model_dump(mode="json", exclude=_OF_THE_HOUSE),
    }


def wanted_state(con: duckdb.DuckDBPyConnection, settings: Settings) -> str:
    """What results rest on, as JSON: files, answers, day, models, program of the outputs, settings."""
    return json.dumps(
        {
            "as_of": str(settings.last_complete_day()),
            "received": ledger.received_digest(con),
            # These two of no bundle: they make no version of one.
            "answers": _answers(con),
            "open_data": settings.model_dump(mode="json", include=set(_OF_OPEN_DATA)),
            **_made_by(settings),
        },
        sort_keys=True,
    )


def _answers(con: duckdb.DuckDBPyConnection) -> str:
    """What receivers answered to bundles, as sha256; empty where nothing was taken up yet."""
    is_there = "select 1 from duckdb_tables() where schema_name = 'raw' and table_name = 'acknowledgements'"
    if con.execute(is_there).fetchone() is None:
        return ""
    said = "concat_ws('|', bundle, status, array_to_string(reasons, ';'))"
    row = con.execute(
        f"select sha256(string_agg({said}, chr(10) order by answer_order)) from raw.acknowledgements"
    ).fetchone()
    return row[0] or "" if row else ""

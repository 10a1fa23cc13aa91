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
STATE = "published"
_PARTS = ("models", "seeds", "macros", "tests")
_DAILY_PARTS = (
    "models/intermediate/calls/daily",
    "models/staging/service_log",
    "macros/days.sql",
    "macros/keys.sql",
)
_COUNTED = "daily_models"
# Settings that no result rests on.
_OF_THE_HOUSE = {
    "home",
    "as_of",
    "output_group",
    "warehouse_copies",
    "history_days",
    "outbox_versions",
    "alert_urls",
    "alert_command",
    "alert_min_free_gb",
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
    if ledger.read_state(con, _COUNTED) == counted_by:
        return
    con.execute("begin")
    con.execute("drop table if exists intermediate.int_calls__counted_daily")
    found = con.execute("select distinct day from lake.service_call_files").fetchall()
    ledger.queue_days(con, [day for (day,) in found])
    ledger.write_state(con, _COUNTED, counted_by)
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


def wanted_state(con: duckdb.DuckDBPyConnection, settings: Settings) -> str:
    """What results rest on, as JSON: received files, day, models, program of the outputs, settings."""
    own = settings.model_dump(mode="json", exclude=_OF_THE_HOUSE)
    return json.dumps(
        {
            "as_of": str(settings.last_complete_day()),
            "models": project_fingerprint(),
            "outputs": outputs_fingerprint(),
            "received": ledger.received_digest(con),
            "settings": own,
        },
        sort_keys=True,
    )

"""Which columns a column of a model is made of, read out of the SQL that dbt compiles.

Belongs here: computing it once for each state of the project, and reading it. That costs a core some ten
seconds, so a night never does it: the web interface does, in a process of its own, beside its pages.
Stays out: showing it (`translator.py`).
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from expectations import contract as contracts
from orchestration.dbt import READY, compiled_models, prepare_manifest
from orchestration.logs import log_to_home
from orchestration.processes import follow_leader
from orchestration.settings import PROJECT, Settings

# By dbt's id of a model and column: schema, table and column that it is made of.
Lineage = Mapping[str, Mapping[str, Sequence[tuple[str, str, str]]]]
_FILE = "columns.json"
_DIALECT = "duckdb"
# What `raw.<kind>` says of the file and the row, beside the columns of the contract.
_STAMPED = dict.fromkeys(
    (
        *("_file_id", "_file_sha256", "_file_name", "_row_number", "_instansi_code", "_opd_code", "_period"),
        *("_received_at", "_file_order"),
    ),
    "varchar",
)
_LONGEST_SAID = 200
_log = logging.getLogger(__name__)


def read_lineage(manifest: Path) -> Lineage:
    """What is known of the project that a manifest tells of; nothing where nobody has computed it."""
    try:
        return json.loads(manifest.with_name(_FILE).read_text("utf-8"))
    except FileNotFoundError:
        return {}


def prepare_lineage(manifest: Path) -> bool:
    """See to it that it is there, beside the manifest; whether it was not and is now."""
    file, ready = manifest.with_name(_FILE), READY / manifest.parent.name
    if file.exists():
        return False
    if not (ready / _FILE).exists():
        # A session of its own: Ctrl-C is for who asked, and this ends with him.
        words = [sys.executable, "-P", "-m", __name__]
        subprocess.run(words, cwd=PROJECT, check=False, stdin=subprocess.DEVNULL, start_new_session=True)
        if file.exists() and os.access(ready, os.W_OK):
            _write(ready / _FILE, file.read_text("utf-8"))
    elif not file.exists():
        _write(file, (ready / _FILE).read_text("utf-8"))
    return file.exists()


def _write(file: Path, text: str) -> None:
    aside = file.with_suffix(f".{os.getpid()}")
    aside.write_text(text, encoding="utf-8")
    aside.rename(file)


def find_lineage(manifest: Path) -> Lineage:
    """Compute it; a model that can not be read is left out, and the log says so.

    Raises:
        DbtNotReady: dbt can not compile its project.
    """
    nodes = json.loads(manifest.read_text("utf-8"))
    from orchestration.intake import table_kinds

    # What dbt reads of kinds, their contracts tell; the ledger's own views no file but SQL does.
    schema: dict[str, dict[str, dict[str, str]]] = {
        "raw": {
            kind: {column.name: column.type for column in contracts.load_contract(kind).columns} | _STAMPED
            for kind in table_kinds()
        }
    }
    tables = set()
    for node in [*nodes["nodes"].values(), *nodes["sources"].values()]:
        if node["resource_type"] in ("model", "seed", "source"):
            name = node.get("alias") or node["identifier"]
            tables.add((node["schema"], name))
            types = {column: told.get("data_type") or "varchar" for column, told in node["columns"].items()}
            if types:
                schema.setdefault(node["schema"], {})[name] = types
    found = {}
    for unique_id, sql in compiled_models(manifest).items():
        try:
            found[unique_id] = {
                column: [source for source in sources if source[:2] in tables]
                for column, sources in _columns(sql, schema).items()
            }
        except Exception as error:
            # Of a parser that does not know all of DuckDB's SQL; what it raises has no common type.
            _log.warning("no lineage of the columns of %s: %s", unique_id, str(error)[:_LONGEST_SAID])
    return found


def _columns(sql: str, schema: dict[str, Any]) -> dict[str, list[tuple[str, str, str]]]:
    from sqlglot import exp, parse_one
    from sqlglot.lineage import lineage
    from sqlglot.optimizer.qualify import qualify
    from sqlglot.optimizer.scope import build_scope

    tree = qualify(
        parse_one(sql, dialect=_DIALECT),
        dialect=_DIALECT,
        schema=schema,
        validate_qualify_columns=False,
        identify=False,
    )
    for union in tree.find_all(exp.SetOperation):
        # What is joined by name is read by place: right only where both are the same.
        if union.args.get("by_name") and union.left.named_selects != union.right.named_selects:
            raise ValueError("the parts of a union by name have other columns")
    found = {}
    made: dict[str, Any] = lineage(
        None, tree, schema, dialect=_DIALECT, scope=build_scope(tree), trim_selects=False
    )
    for column, node in made.items():
        leaves = (leaf for leaf in node.walk() if isinstance(leaf.source, exp.Table) and not leaf.downstream)
        # Of a table whose columns nobody told, all that can be said is `*`.
        before = {
            (leaf.source.db, leaf.source.name, leaf.name.rpartition(".")[2].strip('"'))
            for leaf in leaves
            if leaf.name != "*"
        }
        found[column] = sorted(before)
    return found


def main() -> None:
    """Compute it for the home in SPBE_HOME."""
    follow_leader()
    settings = Settings()
    log_to_home(settings)
    manifest = prepare_manifest(settings)
    _write(manifest.with_name(_FILE), json.dumps(find_lineage(manifest)))


if __name__ == "__main__":
    main()

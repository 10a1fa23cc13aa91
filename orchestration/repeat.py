"""A night's tables and tests without dbt, where the program is the one that dbt ran: the statements that dbt
noted (`dbt_project/macros/contents.sql`) are run again where what they read has other content.

Belongs here: what is run again and in which order. dbt itself is loaded, reads its project and prepares each
node, also one that stays as it is; that costs several times what the statements do. Stays out: any statement
(dbt writes them); telling of what fails: the night is handed to dbt, which meets the same and says so.
"""

from __future__ import annotations

import hashlib
import logging
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expectations.quoting import identifier, literal
from orchestration.dbt import NodeResult, prepare_manifest, read_manifest, run_dbt
from orchestration.program import DBT_PROJECT
from orchestration.settings import Settings
from orchestration.warehouse import open_warehouse

if TYPE_CHECKING:
    import duckdb

AS_IT_WAS = "AS IT WAS"
# Models of this tag are built by a link of their own.
_DAILY = "daily"
_TABLE, _KEPT, _TEST, _VIEW = "table", "kept_days", "test", "view"
_CONTENTS = "intermediate.node_contents"
# Of smaller tables sharing the work among threads costs more than it gains: DuckDB hands out groups of rows.
_SHARED_ROWS = 122_880
# As the macro `mark_of_rows` has it.
_MARK = "concat_ws(' ', count(*), sum(hash(rows_of)), bit_xor(hash(rows_of)))"
_log = logging.getLogger(__name__)


class NotRepeatable(Exception):
    """The night needs dbt: something is not noted, or does not pass."""


@dataclass(frozen=True)
class _Node:
    """A node of dbt; `inputs` are ids of the tables, seeds and sources that it reads, through views.

    Attributes:
        follows: ids of those and of the views.
    """

    unique_id: str
    kind: str
    schema: str
    name: str
    inputs: tuple[str, ...]
    follows: tuple[str, ...]
    blocks: bool


def build_changed(settings: Settings, arguments: Sequence[str]) -> Iterator[NodeResult]:
    """Make the tables whose inputs changed and hold their tests; the program is the one that built them all.

    Args:
        settings: the home, whose warehouse is not open elsewhere.
        arguments: of dbt's command line, for the rest of a night that needs dbt.

    Returns:
        What became of each table, test and mart, as it is done.

    Raises:
        DbtNotReady: dbt is needed, and did not come as far as running a node.
    """
    told = set()
    try:
        with closing(open_warehouse(settings.warehouse)) as con:
            for result in _repeat(con, prepare_manifest(settings)):
                told.add(result.unique_id)
                yield result
        return
    except NotRepeatable as reason:
        _log.info("the night is handed to dbt: %s", reason)
    for result in run_dbt(settings, arguments, changed_only=True):
        if not (result.passed and result.unique_id in told):
            yield result


def _repeat(con: duckdb.DuckDBPyConnection, manifest: Path) -> Iterator[NodeResult]:
    con.execute(f"set memory_limit = {literal(_memory())}")
    told = read_manifest(manifest)
    nodes = _nodes(told)
    rows = {(schema, name): size for schema, name, size in con.execute(_SIZES).fetchall()}
    if max(rows.values(), default=0) < _SHARED_ROWS:
        con.execute("set threads = 1")
    notes = _notes(con, nodes, rows)
    marks = {node: content for node, (_, content, _) in notes.items() if content}
    marks |= _note_sources(con, told["sources"], notes)
    for node in _in_order(nodes):
        size = rows.get((node.schema, node.name))
        if node.kind == _VIEW:
            yield _left(node, None)
            continue
        before, _, statements = notes[node.unique_id]
        recipe = _recipe(node, statements, marks)
        if recipe and recipe == before:
            yield _left(node, size)
        elif node.kind == _KEPT:
            raise NotRepeatable(f"{node.name} reads other content")
        else:
            result, mark = (_test if node.kind == _TEST else _make)(con, node, recipe, statements)
            if mark:
                marks[node.unique_id] = mark
            yield result


_SIZES = "select schema_name, table_name, estimated_size from duckdb_tables() where not internal"


def _memory() -> str:
    """As much as dbt's own connection may take."""
    [said] = re.findall(
        r"^ *memory_limit: (\S+)$", (DBT_PROJECT / "profiles.yml").read_text("utf-8"), re.MULTILINE
    )
    return str(said)


def _nodes(manifest: dict[str, Any]) -> dict[str, _Node]:
    """Tables and tests but for what counts days, and the marts that are views."""
    every = manifest["nodes"]

    def is_looked_through(name: str) -> bool:
        return name in every and every[name]["config"]["materialized"] in (_VIEW, "ephemeral")

    def reads(node: dict[str, Any]) -> Iterator[str]:
        for name in node["depends_on"]["nodes"]:
            yield name
            if is_looked_through(name):
                yield from reads(every[name])

    daily = {name for name, node in every.items() if _DAILY in node["tags"]}
    found = {}
    for name, node in every.items():
        kind = node["config"]["materialized"]
        is_told = kind in (_TABLE, _KEPT, _TEST) or (kind == _VIEW and node["fqn"][1] == "marts")
        of_days = name in daily or (kind == _TEST and daily & {*node["depends_on"]["nodes"]})
        if is_told and not of_days:
            read = sorted({*reads(node)})
            inputs = tuple(other for other in read if not is_looked_through(other))
            blocks = str(node["config"].get("severity", "")).lower() == "error"
            found[name] = _Node(name, kind, node["schema"], node["alias"], inputs, tuple(read), blocks)
    return found


def _notes(
    con: duckdb.DuckDBPyConnection, nodes: dict[str, _Node], rows: dict[tuple[str, str], int]
) -> dict[str, tuple[str | None, str | None, str]]:
    """Recipe, content and statements of every node, as dbt or an earlier night noted them."""
    columns = con.execute(f"select * from {_CONTENTS} limit 0").description or []
    if "statements" not in [column[0] for column in columns]:
        raise NotRepeatable("statements are not noted yet")
    found = con.execute(f"select node, recipe, content, statements from {_CONTENTS}").fetchall()
    notes = {node: (recipe, content, statements) for node, recipe, content, statements in found}
    for node in nodes.values():
        if node.kind != _VIEW and not (node.unique_id in notes and notes[node.unique_id][2]):
            raise NotRepeatable(f"{node.name} is not noted")
        if node.kind in (_TABLE, _KEPT) and (node.schema, node.name) not in rows:
            raise NotRepeatable(f"{node.name} is not there")
    return notes


def _note_sources(
    con: duckdb.DuckDBPyConnection,
    sources: dict[str, dict[str, Any]],
    notes: dict[str, tuple[str | None, str | None, str]],
) -> dict[str, str]:
    """Marks of what was received; records of the lake have none, so what reads them is always made."""
    there = con.execute("select table_name from information_schema.tables where table_schema = 'raw'")
    names = {name for (name,) in there.fetchall()}
    found = [
        f"select {literal(node)}, {_MARK} from raw.{identifier(source['identifier'])} as rows_of"
        for node, source in sources.items()
        if source["schema"] == "raw" and source["identifier"] in names
    ]
    marks: dict[str, str] = dict(con.execute(" union all ".join(found)).fetchall()) if found else {}
    changed = [(node, mark) for node, mark in marks.items() if (notes.get(node) or [None] * 2)[1] != mark]
    if changed:
        con.execute("begin")
        con.executemany(f"delete from {_CONTENTS} where node = ?", [(node,) for node, _ in changed])
        con.executemany(f"insert into {_CONTENTS} (node, content) values (?, ?)", changed)
        con.execute("commit")
    return marks


def _in_order(nodes: dict[str, _Node]) -> Iterator[_Node]:
    """Each after what it reads, a test before whatever else may come."""
    sorter = TopologicalSorter({n.unique_id: [i for i in n.follows if i in nodes] for n in nodes.values()})
    sorter.prepare()
    waiting: list[_Node] = []
    while sorter.is_active():
        waiting += [nodes[name] for name in sorter.get_ready()]
        waiting.sort(key=lambda node: (node.kind != _TEST, node.unique_id), reverse=True)
        node = waiting.pop()
        yield node
        sorter.done(node.unique_id)


def _recipe(node: _Node, statements: str, marks: dict[str, str]) -> str | None:
    """As the macro `recipe_of` has it."""
    if not node.inputs or not all(name in marks for name in node.inputs):
        return None
    made_of = ",".join(f"{name} {marks[name]}" for name in node.inputs)
    return hashlib.md5((statements + made_of).encode(), usedforsecurity=False).hexdigest()


def _left(node: _Node, rows: int | None) -> NodeResult:
    return NodeResult(node.unique_id, True, False, 0.0, AS_IT_WAS, 0, rows)


def _make(
    con: duckdb.DuckDBPyConnection, node: _Node, recipe: str | None, statements: str
) -> tuple[NodeResult, str | None]:
    """Make a table anew and note it, in one transaction; the mark of its rows."""
    began = time.monotonic()
    relation = f"{identifier(node.schema)}.{identifier(node.name)}"
    try:
        con.execute("begin")
        con.execute(statements)
        con.execute(f"delete from {_CONTENTS} where node = ?", [node.unique_id])
        [mark] = con.execute(
            f"insert into {_CONTENTS} (node, recipe, content, statements) "
            f"select ?, ?, {_MARK}, ? from {relation} as rows_of returning content",
            [node.unique_id, recipe, statements],
        ).fetchone() or ("",)
        con.execute("commit")
    except _errors() as error:
        con.execute("rollback")
        raise NotRepeatable(f"{node.name}: {error}") from error
    seconds = time.monotonic() - began
    rows = int(mark.partition(" ")[0])
    _log.info("made %s: %s rows, %.2f s", node.name, rows, seconds)
    return NodeResult(node.unique_id, True, False, seconds, "OK", 0, rows), mark


def _test(
    con: duckdb.DuckDBPyConnection, node: _Node, recipe: str | None, query: str
) -> tuple[NodeResult, None]:
    """Hold a test, and note what it passed against."""
    began = time.monotonic()
    try:
        failures, warns, fails = con.execute(query).fetchone() or (0, False, False)
        if fails and node.blocks:
            raise NotRepeatable(f"{node.name} does not pass")
        con.execute("begin")
        con.execute(f"delete from {_CONTENTS} where node = ?", [node.unique_id])
        con.execute(
            f"insert into {_CONTENTS} values (?, ?, null, ?)",
            [node.unique_id, None if failures else recipe, query],
        )
        con.execute("commit")
    except _errors() as error:
        raise NotRepeatable(f"{node.name}: {error}") from error
    told = f"{failures} rows" if warns else ""
    seconds = time.monotonic() - began
    return NodeResult(node.unique_id, True, False, seconds, told, failures if warns else 0), None


def _errors() -> type[Exception]:
    import duckdb

    found: type[Exception] = duckdb.Error
    return found

"""The dbt project as Dagster sees it: its manifest, its assets' names and its command line.

Belongs here: preparing the manifest, running dbt and telling Dagster what came of it. dbt runs in this
process, not in one of its own: a killed run leaves no orphan that goes on writing, and the imports and the
parsing (seconds each) are paid once a night. It has a thread of its own, so that each node is told as it
finishes. Stays out: any model (`dbt_project/`).
"""

from __future__ import annotations

import csv
import fcntl
import hashlib
import json
import logging
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import dagster as dg

from exports.dictionary import Meaning
from exports.publish import Grain
from orchestration.logs import log_file
from orchestration.program import DBT_PROJECT, project_fingerprint
from orchestration.settings import Settings

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

# Where dagster-dbt notes on a spec which dbt node it stands for.
_NODE_ID = "dagster_dbt/unique_id"
# What dbt's parser leaves: the manifest for others, and the one that dbt reads again in a tenth of the time.
_MANIFEST, _PARSED = "manifest.json", "partial_parse.msgpack"
# Indonesian words of the marts, beside dbt's own blocks of texts.
_TITLES, _DESCRIPTIONS = "titles_id.csv", "descriptions_id.csv"
# Where the set-up parses the project, for homes to copy from; dbt by hand writes into `target/`.
READY = DBT_PROJECT / ".parsed"
# Names the file of the warehouse (`dbt_project/profiles.yml`), and lets a build leave what is as it was
# (`dbt_project/macros/contents.sql`).
_WAREHOUSE, _CHANGED_ONLY = "SPBE_WAREHOUSE", "SPBE_CHANGED_ONLY"
_LEVELS = {"info": logging.INFO, "warn": logging.WARNING, "error": logging.ERROR}
_LOG_FORM = "%(asctime)s [%(levelname)-5s] [%(threadName)s]: %(message)s"
# With these a node begins to run; an error in their place is the node's.
_BEGINS = ("LogStartLine", "NodeCompiling", "NodeExecuting")
_loaded: dict[Path, Manifest] = {}


class DbtNotReady(Exception):
    """dbt could not read its project; the message holds dbt's own words."""


def target_path(settings: Settings) -> Path:
    """Where dbt keeps the artifacts of runs, and we what it has parsed: in the home, not in the checkout."""
    return settings.home / "dbt"


def prepare_manifest(settings: Settings) -> Path:
    """The manifest of the project as it is now; parsed again only when a file changed.

    Raises:
        DbtNotReady: dbt refuses the project.
    """
    return _parsed_in(target_path(settings), READY) / _MANIFEST


def prepare_project() -> None:
    """Parse the project once for all homes of this checkout; part of its set-up, not of an installed wheel's.

    Raises:
        DbtNotReady: dbt refuses the project.
    """
    _parsed_in(READY)


def _parsed_in(folder: Path, ready: Path | None = None) -> Path:
    """The folder, named by what was parsed, that holds what dbt's parser left; copied from `ready` if it is
    there.
    """
    # A manifest names files of the project by their whole path.
    mark = hashlib.sha256(f"{project_fingerprint()} {DBT_PROJECT}".encode()).hexdigest()[:16]
    parsed = folder / f"parsed-{mark}"
    if parsed.exists():
        return parsed
    with _alone(folder):
        if not parsed.exists():
            aside = folder / "parsing"
            shutil.rmtree(aside, ignore_errors=True)
            if ready and (ready / parsed.name).exists():
                shutil.copytree(ready / parsed.name, aside)
            else:
                aside.mkdir()
                _parse(aside)
            for earlier in folder.glob("parsed-*"):
                shutil.rmtree(earlier, ignore_errors=True)
            aside.rename(parsed)
    return parsed


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process at a time: page, daemon and a run by hand may start together."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _parse(target: Path) -> None:
    result = _invoke(["parse", "--write-json"], target)
    if not result.success:
        raise DbtNotReady(str(result.exception or "dbt can not parse its project"))


def compiled_models(manifest: Path) -> dict[str, str]:
    """The SQL of every model, by dbt's id, as dbt would run it on an empty warehouse.

    Args:
        manifest: as `prepare_manifest` gives it.

    Raises:
        DbtNotReady: dbt can not compile.
    """
    project = _load(manifest)
    # dbt opens a database of its own, not the warehouse, which a run may be writing.
    with tempfile.TemporaryDirectory() as target, _variable(_WAREHOUSE, ":memory:"):
        arguments = ["compile", "--select", "resource_type:model", "--indirect-selection", "empty"]
        flags = ["--no-introspect", "--no-populate-cache", "--no-write-json"]
        result = _invoke([*arguments, *flags], Path(target), project)
    if not result.success:
        raise DbtNotReady(str(result.exception or "dbt can not compile its project"))
    nodes = (r.node for r in result.result.results)
    return {node.unique_id: node.compiled_code for node in nodes if node.compiled_code}


@contextmanager
def _variable(name: str, value: str) -> Iterator[None]:
    """Set a variable that the dbt project reads, for a while."""
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def _load(path: Path) -> Manifest:
    """The parsed project beside a manifest, read once a process."""
    from dbt.contracts.graph.manifest import Manifest
    from dbt.parser.manifest import extended_mashumuro_decoder

    parsed = path.with_name(_PARSED)
    if parsed not in _loaded:
        manifest = Manifest.from_msgpack(parsed.read_bytes(), decoder=extended_mashumuro_decoder)
        manifest.build_flat_graph()
        _loaded[parsed] = manifest
    return _loaded[parsed]


@cache
def read_manifest(path: Path) -> dict[str, Any]:
    """What dbt's parser wrote, as it stands there; reading it loads no dbt.

    Args:
        path: as `prepare_manifest` gives it.
    """
    found: dict[str, Any] = json.loads(path.read_bytes())
    return found


def read_grains(settings: Settings) -> dict[str, Grain]:
    """What a row of each model stands for, and its key, by the model's name: from `meta` of the project."""
    stated = {
        node["name"]: node["config"]["meta"]
        for node in read_manifest(prepare_manifest(settings))["nodes"].values()
        if node["resource_type"] == "model" and "grain" in node["config"]["meta"]
    }
    return {name: Grain(meta["grain"], tuple(meta["primary_key"])) for name, meta in stated.items()}


def read_dictionary(settings: Settings) -> dict[tuple[str, str], Meaning]:
    """What every mart and its columns are called and mean in Indonesian, by table and column ('': the table).

    Titles stand in `models/docs/titles_id.csv`, one for each name; descriptions in `descriptions_id.csv`
    beside it, or where several models share one in the block of `columns.md` with `_id`.
    """
    manifest = read_manifest(prepare_manifest(settings))
    docs = manifest["docs"]
    titles = {row["name"]: row["title"] for row in _rows(_TITLES)}
    described = {(row["table_name"], row["column_name"]): row["description"] for row in _rows(_DESCRIPTIONS)}
    found: dict[tuple[str, str], Meaning] = {}
    for node in manifest["nodes"].values():
        if node["resource_type"] != "model" or node["fqn"][1] != "marts":
            continue
        mart = node["name"]
        found[mart, ""] = Meaning(titles.get(mart, ""), described.get((mart, ""), ""))
        for name, column in node["columns"].items():
            shared = " ".join(
                docs[f"{block}_id"]["block_contents"]
                for block in column["doc_blocks"]
                if f"{block}_id" in docs
            )
            found[mart, name] = Meaning(titles.get(name, ""), described.get((mart, name), shared))
    return found


def _rows(file: str) -> list[dict[str, str]]:
    with (DBT_PROJECT / "models" / "docs" / file).open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def _invoke(
    arguments: Sequence[str],
    target: Path,
    manifest: Manifest | None = None,
    logs: Path | None = None,
    hear: Callable[[Any], None] = lambda _: None,
) -> Any:
    """Run dbt; `hear` is told every event of it, in the thread that it happens in."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    logs = logs or target
    file = log_file(logs / "dbt.log", _LOG_FORM)

    def write(event: Any) -> None:
        # dbt's own file log words every debug line, and throws it away.
        if level := _LEVELS.get(event.info.level):
            told = {"msg": event.info.msg, "levelno": level, "levelname": event.info.level}
            file.handle(logging.makeLogRecord(told))

    flags = ["--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT)]
    flags += ["--target-path", str(target), "--log-path", str(logs), "--log-level", "none"]
    flags += ["--log-level-file", "none"]
    try:
        return dbtRunner(manifest, [write, hear]).invoke([*arguments, *flags])
    finally:
        file.close()
        # dbt keeps the file open, and a copy of it taken then lacks what stands in the write-ahead log.
        DuckDBConnectionManager.close_all_connections()


class _Left(Exception):
    """Nobody waits for the rest of a run any more."""


@dataclass(frozen=True)
class NodeResult:
    """What became of one dbt node; `failures` counts the rows that a test found.

    `rows` is how many a table or seed has, where that was asked while dbt ran.
    """

    unique_id: str
    passed: bool
    is_skipped: bool
    seconds: float
    message: str
    failures: int
    rows: int | None = None


def run_dbt(
    settings: Settings, arguments: Sequence[str], *, changed_only: bool = False
) -> Iterator[NodeResult]:
    """Run dbt in this process, and give each node as it finishes; the warehouse must not be open elsewhere.

    At the end dbt's own list of results is gone through: what it holds otherwise than was told is given then.
    Whoever leaves before waits for the node that is running; no other begins.

    Args:
        settings: the home.
        arguments: of dbt's command line.
        changed_only: leave tables whose statements and inputs are as they were, and tests that passed on
            them.

    Raises:
        DbtNotReady: dbt did not come as far as running a node.
    """
    manifest = _load(prepare_manifest(settings))
    finished: SimpleQueue[NodeResult | None] = SimpleQueue()
    left, by_day = threading.Event(), threading.Event()
    ended: list[Any] = []

    def hear(event: Any) -> None:
        if left.is_set() and event.info.name in _BEGINS:
            raise _Left("the run was left")
        # What the project runs before all nodes is told where it fails, at the end.
        if event.info.name != "NodeFinished" or event.data.node_info.resource_type == "operation":
            return
        node, result = event.data.node_info, event.data.run_result
        # A model that is built by day says so with each day: it, and what follows it, is told at the end.
        if node.materialized == "incremental":
            by_day.set()
        if not by_day.is_set():
            rows = (
                _count_rows(node.node_relation)
                if node.materialized in ("table", "seed", "kept_days")
                else None
            )
            told = (node.unique_id, result.status, result.execution_time, result.message, result.num_failures)
            finished.put(_result(*told, rows))

    def work() -> None:
        try:
            target = target_path(settings)
            with _variable(_CHANGED_ONLY, "1" if changed_only else ""):
                ended.append(_invoke([*arguments, "--no-write-json"], target, manifest, settings.logs, hear))
        except BaseException as error:
            ended.append(error)
        finally:
            finished.put(None)

    thread = threading.Thread(target=work, name="dbt")
    thread.start()
    told = {}
    try:
        while result := finished.get():
            told[result.unique_id] = result.passed
            yield result
    finally:
        left.set()
        thread.join()
    [done] = ended
    if isinstance(done, BaseException):
        raise done
    if done.result is None:
        raise DbtNotReady(str(done.exception))
    for r in done.result.results:
        result = _result(r.node.unique_id, r.status, r.execution_time, r.message or "", r.failures or 0)
        if r.node.resource_type == "operation" and result.passed:
            continue
        if told.get(result.unique_id) is not result.passed:
            yield result


def _result(
    unique_id: str, status: str, seconds: float, message: str, failures: int, rows: int | None = None
) -> NodeResult:
    passed = str(status) in ("success", "pass", "warn")
    return NodeResult(unique_id, passed, str(status) == "skipped", seconds, message, failures, rows)


def _count_rows(relation: Any) -> int | None:
    """Rows of a table that dbt has just written, read beside it: no other connection can open the file."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    environment: Any = DuckDBConnectionManager.env()
    with environment.conn.cursor() as con:
        found = con.execute(
            "select estimated_size from duckdb_tables() where schema_name = ? and table_name = ?",
            [relation.schema, relation.alias],
        ).fetchone()
    return int(found[0]) if found else None


def dbt_events(
    context: dg.AssetExecutionContext, results: Iterable[NodeResult]
) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    """Dagster events of a dbt run: what was built, what was checked; a Failure that names what was not.

    Args:
        context: of the `@dbt_assets` function.
        results: of `run_dbt`; each is told as it comes.

    Raises:
        dagster.Failure: a model failed, or a test of severity error; when all results are there.
    """
    keys = {spec.metadata.get(_NODE_ID): spec.key for spec in context.assets_def.specs}
    checks = {spec.metadata.get(_NODE_ID): spec for spec in context.assets_def.check_specs}
    wrong = {}
    for result in results:
        if result.unique_id in keys and result.passed:
            metadata: dict[str, int | float] = {"seconds": result.seconds}
            if result.rows is not None:
                metadata["dagster/row_count"] = result.rows
            yield dg.MaterializeResult(keys[result.unique_id], metadata=metadata)
        check = checks.get(result.unique_id)
        if check and not result.is_skipped and check.key in context.selected_asset_check_keys:
            rows = f"{result.failures} rows break this" if result.failures else result.message.strip()
            yield dg.AssetCheckResult(
                passed=result.passed,
                asset_key=check.asset_key,
                check_name=check.name,
                description=None if result.passed else f"{rows}: {check.description}",
                metadata={"failing rows": result.failures, "seconds": result.seconds},
            )
        if not (result.passed or result.is_skipped):
            wrong[result.unique_id] = f"{result.unique_id.split('.')[2]}: {result.message.strip()}"
    if wrong:
        raise dg.Failure("dbt: " + "; ".join(wrong.values()), allow_retries=False)


def selection(context: dg.AssetExecutionContext, everything: Sequence[str]) -> list[str]:
    """dbt's selection for a run: `everything`, or by name where only some assets were asked for."""
    if not context.is_subset:
        return list(everything)
    ids = {spec.key: str(spec.metadata[_NODE_ID]) for spec in context.assets_def.specs}
    names = sorted(ids[key].rsplit(".", 1)[-1] for key in context.selected_asset_keys)
    return ["--select", *names]


def build_arguments(chosen: Sequence[str]) -> list[str]:
    """dbt's arguments for one step: build, without unit tests (those belong to `make test`) and exposures.

    Args:
        chosen: selection flags.
    """
    return ["build", *chosen, "--exclude-resource-types", "unit_test", "exposure"]

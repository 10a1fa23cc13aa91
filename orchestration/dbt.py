"""The dbt project as Dagster sees it: its manifest, its assets' names and its command line.

Belongs here: preparing the manifest, running dbt and telling Dagster what came of it. dbt runs in this
process, not in one of its own: a killed run leaves no orphan that goes on writing, and the imports and the
parsing (seconds each) are paid once a night. Stays out: any model (`dbt_project/`).
"""

from __future__ import annotations

import datetime as dt
import fcntl
import hashlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings

from orchestration.logs import MAX_BYTES
from orchestration.program import DBT_PROJECT, project_fingerprint
from orchestration.settings import Settings

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

# Where dagster-dbt notes on a spec which dbt node it stands for.
_NODE_ID = "dagster_dbt/unique_id"
# What dbt's parser leaves: the manifest for others, and the one that dbt reads again in a tenth of the time.
_MANIFEST, _PARSED = "manifest.json", "partial_parse.msgpack"
# Where the set-up parses the project, for homes to copy from; dbt by hand writes into `target/`.
READY = DBT_PROJECT / ".parsed"
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


def _load(settings: Settings) -> Manifest:
    """The parsed project, read once a process."""
    from dbt.contracts.graph.manifest import Manifest
    from dbt.parser.manifest import extended_mashumuro_decoder

    parsed = prepare_manifest(settings).with_name(_PARSED)
    if parsed not in _loaded:
        manifest = Manifest.from_msgpack(parsed.read_bytes(), decoder=extended_mashumuro_decoder)
        manifest.build_flat_graph()
        _loaded[parsed] = manifest
    return _loaded[parsed]


def _invoke(
    arguments: Sequence[str], target: Path, manifest: Manifest | None = None, logs: Path | None = None
) -> Any:
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    flags = ["--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT)]
    flags += ["--target-path", str(target), "--log-path", str(logs or target), "--log-level", "none"]
    flags += ["--log-level-file", "info", "--log-file-max-bytes", str(MAX_BYTES)]
    try:
        return dbtRunner(manifest=manifest).invoke([*arguments, *flags])
    finally:
        # dbt keeps the file open, and a copy of it taken then lacks what stands in the write-ahead log.
        DuckDBConnectionManager.close_all_connections()


@dataclass(frozen=True)
class NodeResult:
    """What became of one dbt node; `failures` counts the rows that a test found."""

    unique_id: str
    passed: bool
    is_skipped: bool
    seconds: float
    message: str
    failures: int


def run_dbt(settings: Settings, arguments: Sequence[str]) -> list[NodeResult]:
    """Run dbt in this process; the warehouse must not be open elsewhere.

    Raises:
        DbtNotReady: dbt did not come as far as running a node.
    """
    done = _invoke([*arguments, "--no-write-json"], target_path(settings), _load(settings), settings.logs)
    if done.result is None:
        raise DbtNotReady(str(done.exception))
    return [
        NodeResult(
            r.node.unique_id,
            str(r.status) in ("success", "pass", "warn"),
            str(r.status) == "skipped",
            r.execution_time,
            r.message or "",
            r.failures or 0,
        )
        for r in done.result.results
    ]


def dbt_events(
    context: dg.AssetExecutionContext, results: Sequence[NodeResult], rows: Mapping[str, int]
) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    """Dagster events of a dbt run: what was built, what was checked; a Failure that names what was not.

    Args:
        context: of the `@dbt_assets` function.
        results: of `run_dbt`.
        rows: table name to rows, shown with each model.

    Raises:
        dagster.Failure: a model failed, or a test of severity error.
    """
    keys = {spec.metadata.get(_NODE_ID): spec.key for spec in context.assets_def.specs}
    checks = {spec.metadata.get(_NODE_ID): spec for spec in context.assets_def.check_specs}
    wrong = []
    for result in results:
        if result.unique_id in keys and result.passed:
            metadata: dict[str, int | float] = {"seconds": result.seconds}
            name = result.unique_id.rsplit(".", 1)[-1]
            if name in rows:
                metadata["dagster/row_count"] = rows[name]
            yield dg.MaterializeResult(keys[result.unique_id], metadata=metadata)
        check = checks.get(result.unique_id)
        if check and not result.is_skipped and check.key in context.selected_asset_check_keys:
            yield dg.AssetCheckResult(
                passed=result.passed,
                asset_key=check.asset_key,
                check_name=check.name,
                metadata={"failing rows": result.failures, "seconds": result.seconds},
            )
        if not (result.passed or result.is_skipped):
            wrong.append(f"{result.unique_id.split('.')[2]}: {result.message.strip()}")
    if wrong:
        raise dg.Failure("dbt: " + "; ".join(wrong), allow_retries=False)


def selection(context: dg.AssetExecutionContext, everything: Sequence[str]) -> list[str]:
    """dbt's selection for a run: `everything`, or by name where only some assets were asked for."""
    if not context.is_subset:
        return list(everything)
    ids = {spec.key: str(spec.metadata[_NODE_ID]) for spec in context.assets_def.specs}
    names = sorted(ids[key].rsplit(".", 1)[-1] for key in context.selected_asset_keys)
    return ["--select", *names]


def build_arguments(chosen: Sequence[str], days: dg.PartitionKeyRange | None = None) -> list[str]:
    """dbt's arguments for one step: build, without unit tests (those belong to `make test`).

    Args:
        chosen: selection flags.
        days: partition keys of the daily models, both ends included; dbt wants the end excluded.
    """
    arguments = ["build", *chosen, "--exclude-resource-types", "unit_test"]
    if days is None:
        return arguments
    end = dt.date.fromisoformat(days.end) + dt.timedelta(days=1)
    return [*arguments, "--event-time-start", days.start, "--event-time-end", end.isoformat()]


class SpbeTranslator(DagsterDbtTranslator):
    """Groups by folder, so that the lineage reads as the walk of the data."""

    def __init__(self) -> None:
        super().__init__(DagsterDbtTranslatorSettings(enable_source_tests_as_checks=True))

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """`seeds`, or the layer of the model: staging, intermediate, marts."""
        if dbt_resource_props["resource_type"] == "seed":
            return "seeds"
        return str(dbt_resource_props["fqn"][1])

    def get_asset_check_spec(
        self, asset_spec: dg.AssetSpec, manifest: Mapping[str, Any], unique_id: str, project: Any
    ) -> dg.AssetCheckSpec | None:
        """Tests of published tables are checks; dbt itself stops at any other that fails.

        An event of each of several hundred tests would cost more time than the tests.
        """
        if asset_spec.key.path[0] != "marts":
            return None
        return super().get_asset_check_spec(asset_spec, manifest, unique_id, project)

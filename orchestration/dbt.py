"""The dbt project as Dagster sees it: its manifest, its assets' names and its command line.

Belongs here: preparing the manifest, running dbt and telling Dagster what came of it. dbt runs in this
process, not in one of its own: a killed run leaves no orphan that goes on writing, and the imports and the
parsing (seconds each) are paid once a night. Stays out: any model (`dbt_project/`).
"""

from __future__ import annotations

import datetime as dt
import fcntl
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
_MANIFEST, _PARSED, _MARK = "manifest.json", "partial_parse.msgpack", "fingerprint"
# Where the set-up parses the project, for homes to copy from.
READY = DBT_PROJECT / "target"
_loaded: dict[tuple[Path, str], Manifest] = {}


class DbtNotReady(Exception):
    """dbt could not read its project; the message holds dbt's own words."""


def target_path(settings: Settings) -> Path:
    """Where dbt keeps manifest, parse cache and the artifacts of runs: in the home, not in the checkout."""
    return settings.home / "dbt"


def prepare_manifest(settings: Settings) -> Path:
    """The manifest of the project as it is now; parsed again only when a file changed.

    Raises:
        DbtNotReady: dbt refuses the project.
    """
    target, mark = target_path(settings), _mark()
    if not _holds(target, mark):
        with _alone(target):
            if not _holds(target, mark):
                _fill(target, mark)
    return target / _MANIFEST


def _fill(target: Path, mark: str) -> None:
    (target / _MARK).unlink(missing_ok=True)
    if _holds(READY, mark):
        for name in (_MANIFEST, _PARSED):
            shutil.copyfile(READY / name, target / name)
    else:
        _parse(target)
    (target / _MARK).write_text(mark, encoding="utf-8")


@contextmanager
def _alone(target: Path) -> Iterator[None]:
    """One process at a time: page, daemon and a run by hand may start together."""
    target.mkdir(parents=True, exist_ok=True)
    with (target / "lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def prepare_project() -> None:
    """Parse the project once for all homes of this checkout; part of its set-up, not of an installed wheel's.

    Raises:
        DbtNotReady: dbt refuses the project.
    """
    READY.mkdir(exist_ok=True)
    (READY / _MARK).unlink(missing_ok=True)
    _parse(READY)
    (READY / _MARK).write_text(_mark(), encoding="utf-8")


def _mark() -> str:
    """What a manifest is of; it names files of the project by their whole path."""
    return f"{project_fingerprint()} {DBT_PROJECT}"


def _holds(target: Path, mark: str) -> bool:
    names = (_MANIFEST, _PARSED, _MARK)
    return all((target / name).exists() for name in names) and (target / _MARK).read_text("utf-8") == mark


def _parse(target: Path) -> None:
    result = _invoke(["parse", "--write-json"], target)
    if not result.success:
        raise DbtNotReady(str(result.exception or "dbt can not parse its project"))


def _load(settings: Settings) -> Manifest:
    """The parsed project, read once a process."""
    from dbt.contracts.graph.manifest import Manifest
    from dbt.parser.manifest import extended_mashumuro_decoder

    parsed, mark = prepare_manifest(settings).with_name(_PARSED), _mark()
    if (parsed, mark) not in _loaded:
        manifest = Manifest.from_msgpack(parsed.read_bytes(), decoder=extended_mashumuro_decoder)
        manifest.build_flat_graph()
        _loaded[parsed, mark] = manifest
    return _loaded[parsed, mark]


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

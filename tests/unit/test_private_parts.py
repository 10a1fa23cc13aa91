"""Parts of other packages that they do not promise to keep: one guard each, which says what to do when it
moves.

A guard that fails after an upgrade names the file that leans on the part, what it is there for, and the way
without it.
"""

import ast
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlalchemy as sa

from expectations.duckdb_dialect import lending

ROOT = Path(__file__).parents[2]
PACKAGES = ("orchestration", "exports", "expectations", "sources")
# What dbt documents for programs; all else of it is its own affair.
OF_DBT = {"dbt.cli.main.dbtRunner"}
# By what is imported, the test that guards it.
GUARDED = {
    "dagster._cli.api.grpc_command": "test_dagster_code_server",
    "dagster._core.errors.DagsterUserCodeUnreachableError": "test_dagster_code_server",
    "dagster._core.execution.compute_logs.redirect_to_file": "test_dagster_captured_output",
    "dagster._core.launcher.base.CheckRunHealthResult": "test_dagster_launcher",
    "dagster._core.launcher.base.WorkerStatus": "test_dagster_launcher",
    "dagster._core.launcher.default_run_launcher.DefaultRunLauncher": "test_dagster_launcher",
    "dagster._core.remote_origin.GrpcServerCodeLocationOrigin": "test_dagster_workspace",
    "dagster._core.storage.compute_log_manager.CapturedLogContext": "test_dagster_captured_output",
    "dagster._core.storage.event_log.SqliteEventLogStorage": "test_dagster_event_log",
    "dagster._core.storage.local_compute_log_manager.LocalComputeLogManager": "test_dagster_captured_output",
    "dagster._core.storage.runs.sqlite.sqlite_run_storage.SqliteRunStorage": "test_dagster_stores",
    "dagster._core.storage.schedules.sqlite.sqlite_schedule_storage.SqliteScheduleStorage":
        "test_dagster_stores",
    "dagster._core.storage.sqlite.SQLITE_BUSY_TIMEOUT_SECONDS": "test_dagster_stores",
    "dagster._core.workspace.context.WorkspaceProcessContext": "test_dagster_workspace",
    "dagster._core.workspace.load_target.GrpcServerTarget": "test_dagster_workspace",
    "dagster._daemon.controller.DagsterDaemonController": "test_dagster_daemon",
    "dagster._daemon.controller.create_daemons_from_instance": "test_dagster_daemon",
    "dagster._grpc.client.DagsterGrpcClient": "test_dagster_code_server",
    "dagster._serdes.ConfigurableClassData": "test_dagster_stores",
    "dagster._utils.ensure_file": "test_dagster_captured_output",
    "dagster._utils.touch_file": "test_dagster_captured_output",
    "dagster_webserver.app.create_app_from_workspace_process_context": "test_dagster_pages",
    "dagster_webserver.version.__version__": "test_dagster_pages",
    "dbt.adapters.duckdb.connections.DuckDBConnectionManager": "test_dbt_connection",
    "dbt.contracts.graph.manifest.Manifest": "test_dbt_parsed_project",
    "dbt.parser.manifest.extended_mashumuro_decoder": "test_dbt_parsed_project",
}  # fmt: skip


def imports() -> Iterator[tuple[str, str]]:
    """File and what it imports from elsewhere, as `module.name`."""
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ImportFrom) and node.module:
                    yield from ((str(path), f"{node.module}.{name.name}") for name in node.names)
                elif isinstance(node, ast.Import):
                    yield from ((str(path), name.name) for name in node.names)


def is_private(name: str) -> bool:
    """Whether a package does not promise it: a part of its name begins with `_`, or it is dbt's affair."""
    package, *parts = name.split(".")
    if package in PACKAGES or name.startswith("__future__"):
        return False
    if package in ("dbt", "dagster_webserver"):
        return name not in OF_DBT
    return any(part.startswith("_") for part in parts)


def test_every_private_import_is_guarded() -> None:
    private = {name: path for path, name in imports() if is_private(name)}
    unguarded = [f"{path}: {name}" for name, path in private.items() if GUARDED.get(name) not in globals()]
    assert not unguarded, "give each a guard below, and a line in GUARDED"
    assert not GUARDED.keys() - private.keys(), "no longer imported: its line, and perhaps its guard, can go"


def has(owner: object, *names: str) -> bool:
    """Whether all these attributes are there."""
    return all(hasattr(owner, name) for name in names)


def takes(function: object, *names: str) -> bool:
    """Whether a function or class has all these parameters."""
    return set(names) <= inspect.signature(function).parameters.keys()  # type: ignore[arg-type]


def test_dagster_event_log() -> None:
    from dagster._core.storage.event_log import SqliteEventLogStorage as Log

    told = (
        "orchestration/events.py keeps a run's file open, and gives partitions in order. Without it: drop "
        "`event_log_storage` from orchestration/dagster.yaml (a night of a thousand events takes "
        "seconds more), and let `partitions.add_days` add the days anew, in order, where an earlier one "
        "comes"
    )
    assert has(Log, "_connect", "_initdb", "conn_string_for_shard", "get_dynamic_partitions", "dispose"), told
    assert takes(Log.__init__, "base_dir", "inst_data"), told
    assert takes(Log._connect, "shard"), told
    assert "_db_lock" in inspect.getsource(Log.__init__), told


def test_dagster_stores() -> None:
    from dagster._core.storage.runs.sqlite.sqlite_run_storage import SqliteRunStorage
    from dagster._core.storage.schedules.sqlite.sqlite_schedule_storage import SqliteScheduleStorage
    from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
    from dagster._serdes import ConfigurableClass, ConfigurableClassData

    told = (
        "orchestration/stores.py makes one engine for all statements. Without it: drop `run_storage` and "
        "`schedule_storage` from orchestration/dagster.yaml; a daemon that waits then takes some "
        "hundredths of a core more (tests/pipeline/test_ui.py measures it)"
    )
    for store in (SqliteRunStorage, SqliteScheduleStorage):
        assert has(store, "connect", "from_local"), told
        assert takes(store.from_local, "base_dir", "inst_data"), told
        assert "_conn_string" in inspect.getsource(store), told
    assert isinstance(SQLITE_BUSY_TIMEOUT_SECONDS, int), told
    assert has(ConfigurableClass, "config_type", "from_config_value"), told
    assert ConfigurableClassData, told


def test_dagster_captured_output() -> None:
    from dagster._core.execution.compute_logs import redirect_to_file
    from dagster._core.storage.compute_log_manager import CapturedLogContext
    from dagster._core.storage.local_compute_log_manager import LocalComputeLogManager as Files
    from dagster._utils import ensure_file, touch_file

    told = (
        "orchestration/captured.py sends a step's output to Dagster's files without a mirror. Without "
        "it: drop `compute_logs` from orchestration/dagster.yaml; Ctrl-C then prints tracebacks"
    )
    assert has(Files, "capture_logs", "get_captured_local_path", "complete_artifact_path"), told
    assert takes(Files.__init__, "base_dir", "inst_data"), told
    assert takes(Files.get_captured_local_path, "log_key", "extension"), told
    assert takes(CapturedLogContext, "log_key"), told
    assert callable(redirect_to_file) and callable(ensure_file) and callable(touch_file), told


def test_dagster_launcher() -> None:
    from dagster._core.launcher.base import CheckRunHealthResult, WorkerStatus
    from dagster._core.launcher.default_run_launcher import DefaultRunLauncher as Launcher

    told = (
        "orchestration/launcher.py tells the daemon of runs whose process was killed. Without it: drop "
        "`run_launcher` from orchestration/dagster.yaml; such a run then holds up the queue until "
        "`max_runtime_seconds`, or until the next night that takes the lock"
    )
    assert has(Launcher, "check_run_worker_health", "supports_check_run_worker_health", "terminate"), told
    assert has(Launcher, "_instance"), told
    assert has(WorkerStatus, "RUNNING", "FAILED"), told
    assert takes(CheckRunHealthResult, "status", "msg"), told


def test_dagster_code_server() -> None:
    from dagster._cli.api import grpc_command
    from dagster._core.errors import DagsterUserCodeUnreachableError
    from dagster._grpc.client import DagsterGrpcClient

    told = (
        "orchestration/service/code_server.py starts one code server on a private socket. Without it: "
        "`dagster dev -w workspace.yaml` does what `spbe ui` does, with more processes and open to "
        "every user of the machine"
    )
    options = {option for parameter in grpc_command.params for option in parameter.opts}
    wanted = {"--socket", "--module-name", "--working-directory", "--location-name", "--log-level"}
    assert wanted | {"--lazy-load-user-code"} <= options, told
    assert takes(DagsterGrpcClient, "socket") and has(DagsterGrpcClient, "ping"), told
    assert issubclass(DagsterUserCodeUnreachableError, Exception), told


def test_dagster_workspace() -> None:
    from dagster._core.remote_origin import GrpcServerCodeLocationOrigin
    from dagster._core.workspace.context import WorkspaceProcessContext as Workspace
    from dagster._core.workspace.load_target import GrpcServerTarget

    told = (
        "orchestration/service/host.py gives pages and daemon the one code server that it started. "
        "Without it: as for the code server; the thread that asks it each second costs a tenth of a core"
    )
    assert has(Workspace, "_start_watch_thread", "reload_code_location", "reload_workspace"), told
    assert has(Workspace, "refresh_code_location", "get_current_workspace"), told
    assert takes(Workspace.__init__, "instance", "workspace_load_target", "version"), told
    assert GrpcServerTarget(host="localhost", port=None, socket="code", location_name="ours"), told
    assert GrpcServerCodeLocationOrigin, told


def test_dagster_daemon() -> None:
    from dagster._daemon.controller import DagsterDaemonController, create_daemons_from_instance

    told = (
        "orchestration/service/host.py runs the daemon in its own process. Without it: start "
        "`dagster-daemon run` beside the pages, and end it with them"
    )
    assert takes(DagsterDaemonController.__init__, "daemons", "heartbeat_interval_seconds"), told
    assert has(DagsterDaemonController, "check_daemon_threads", "__enter__", "__exit__"), told
    assert takes(create_daemons_from_instance, "instance"), told


def test_dagster_pages() -> None:
    from dagster_webserver.app import create_app_from_workspace_process_context
    from dagster_webserver.version import __version__

    told = (
        "orchestration/service/host.py puts the guard before Dagster's pages. Without it: serve "
        "`dagster-webserver` on a socket of the home, and let the guard hand on to it"
    )
    assert takes(create_app_from_workspace_process_context, "workspace_process_context"), told
    assert __version__, told


def test_dagster_run_of_a_step() -> None:
    import dagster as dg

    @dg.asset
    def one(context: dg.AssetExecutionContext) -> None:
        keys.update(context.job_def.asset_layer.selected_asset_keys)

    @dg.asset(deps=[one])
    def two() -> None: ...

    keys: set[dg.AssetKey] = set()
    told = (
        "orchestration/assets/shared.py asks what else a run makes. Without it: ask "
        "`context.run.asset_selection`, and the job's own selection where that is None"
    )
    with dg.DagsterInstance.ephemeral() as instance:
        dg.materialize([one, two], selection=[one], instance=instance)
    assert keys == {one.key}, told


def test_dagster_dbt_node_of_a_spec() -> None:
    from dagster_dbt.asset_utils import DAGSTER_DBT_UNIQUE_ID_METADATA_KEY

    from orchestration.dbt import _NODE_ID

    told = (
        "orchestration/dbt.py finds by it which asset or check a dbt node is. Without it: let the "
        "translator note `unique_id` in the metadata itself"
    )
    assert DAGSTER_DBT_UNIQUE_ID_METADATA_KEY == _NODE_ID, told


def test_dbt_parsed_project() -> None:
    from dbt.contracts.graph.manifest import Manifest
    from dbt.parser.manifest import PARTIAL_PARSE_FILE_NAME, extended_mashumuro_decoder

    from orchestration.dbt import _PARSED

    told = (
        "orchestration/dbt.py reads what dbt parsed in a tenth of the time. Without it: give dbtRunner no "
        "manifest and `--target-path` the folder of the parsed project; each step then costs about a "
        "second more"
    )
    assert PARTIAL_PARSE_FILE_NAME == _PARSED, told
    assert has(Manifest, "from_msgpack", "build_flat_graph"), told
    whole = Manifest.from_msgpack(Manifest().to_msgpack(), decoder=extended_mashumuro_decoder)
    assert isinstance(whole, Manifest), told


def test_dbt_connection() -> None:
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.adapters.duckdb.environments.local import LocalEnvironment

    told = (
        "orchestration/dbt.py closes dbt's file, for a copy taken else lacks the last writes, and "
        "counts rows beside it. Without it: run dbt in a process of its own, and count rows after the run"
    )
    assert has(DuckDBConnectionManager, "close_all_connections", "env"), told
    assert "self.conn" in inspect.getsource(LocalEnvironment), told


def test_dbt_events() -> None:
    from dbt.events import types
    from dbt.events.core_types_pb2 import NodeFinished

    from orchestration.dbt import _BEGINS

    told = (
        "orchestration/dbt.py tells each node as it ends, and stops before the next where nobody waits. "
        "Without these events: take the results at the end of the run, and let a stopped run go on to "
        "its end"
    )
    assert has(types, *_BEGINS, "NodeFinished"), told
    assert {"node_info", "run_result"} <= set(NodeFinished.DESCRIPTOR.fields_by_name), told


@pytest.mark.parametrize("name", sorted(set(GUARDED.values())))
def test_a_guard_says_what_to_do(name: str) -> None:
    assert "Without it" in re.sub(r'"\s+"', "", inspect.getsource(globals()[name]))


def gx_source(con: duckdb.DuckDBPyConnection) -> Any:
    """A data source of Great Expectations on an open connection, as `expectations/suite.py` makes it."""
    import great_expectations as gx

    lent: dict[str, Any] = {"kwargs": {"creator": lending(con)}}
    return gx.get_context(mode="ephemeral").data_sources.add_sql("x", connection_string="duckdb://", **lent)


def test_gx_takes_an_open_connection() -> None:
    with duckdb.connect() as con:
        con.execute("create temp table own as select 1 as i")
        engine = gx_source(con).get_execution_engine().engine
        with engine.connect() as connection:
            found = connection.execute(sa.text("select i from own")).scalar()
        assert found == 1, (
            "GX no longer passes `kwargs` of a data source on to create_engine: give `suite.verdicts` an "
            "engine another way (SqlAlchemyExecutionEngine(engine=…)), or open the warehouse by its path"
        )


def test_gx_keeps_counts_in_a_basic_result_and_rows_in_a_complete_one() -> None:
    import great_expectations as gx
    from great_expectations import expectations as gxe

    rule = "select rule, count(*) as broken from {batch} group by 1"
    with duckdb.connect() as con:
        con.execute(
            "create temp table t as "
            "select case when i < 3 then i end as i, 'r' || i as rule from range(5) as x (i)"
        )
        batch = gx_source(con).add_table_asset("t").add_batch_definition_whole_table("all").get_batch()
        missing = gxe.ExpectColumnValuesToNotBeNull(column="i", meta={"rule": "a"})
        suite = gx.ExpectationSuite(name="t", expectations=[missing])
        (held,) = batch.validate(suite, result_format="BOOLEAN_ONLY").results
        (counted,) = batch.validate(
            suite, result_format={"result_format": "BASIC", "partial_unexpected_count": 0}
        ).results
        rows = batch.validate(
            gxe.UnexpectedRowsExpectation(unexpected_rows_query=rule), result_format="COMPLETE"
        )
    said = "the shape of GX's results moved: read counts and rows in `suite._judge` from where they are now"
    assert (held.success, counted.result["unexpected_count"]) == (False, 2), said
    assert counted.expectation_config.meta["rule"] == "a", said
    assert {r["rule"]: r["broken"] for r in rows.result["details"]["unexpected_rows"]} == {
        f"r{i}": 1 for i in range(5)
    }, said


def test_gx_gives_more_unexpected_rows_than_a_kind_has_rules() -> None:
    from great_expectations import constants

    from expectations.contract import kinds, load_contract
    from expectations.rules import rules_of

    most = max(len(rules_of(load_contract(kind))) for kind in kinds())
    assert most <= constants.MAX_RESULT_RECORDS, (
        "GX cuts the rows of UnexpectedRowsExpectation to fewer than a contract has rules: ask in parts"
    )


def test_gx_lets_a_metric_be_told_anew() -> None:
    from great_expectations.expectations.registry import get_sqlalchemy_metric_provider

    from expectations import suite

    suite._teach_regular_expressions()
    provider, _ = get_sqlalchemy_metric_provider("column_values.match_regex.condition")
    assert provider.__name__ == "MatchesInDuckDB", (
        "GX no longer takes another provider of a metric that it has: give the suite an execution engine of "
        "its own with the metric, or see whether GX knows DuckDB's regular expressions by now"
    )


def test_gx_does_not_need_what_is_imported_late() -> None:
    code = (
        "import sys; from expectations import suite\n"
        "with suite._delayed_import('scipy.stats'):\n    import great_expectations\n"
        "sys.exit('scipy.stats._stats_py' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 0, (
        f"GX uses scipy.stats where it only named it, so importing it late saves nothing: drop "
        f"`suite._delayed_import` {done.stderr}"
    )

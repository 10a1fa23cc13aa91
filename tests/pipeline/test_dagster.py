"""What the data engineer sees in Dagster: the same assets, one by one, and the chain of a night."""

import datetime as dt
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import dagster as dg
import pytest

from orchestration.build import build_definitions
from orchestration.chain import COUNT, PUBLISH, RECEIVE, Link, next_link
from orchestration.events import EventLog
from orchestration.night import run_night
from orchestration.owed import missing_sources
from orchestration.plan import locked_warehouse, plan_night
from orchestration.settings import Settings

COUNTED = ["intermediate", "int_calls__counted_daily"]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    with pytest.MonkeyPatch.context() as patch:
        home = tmp_path_factory.mktemp("dagster")
        patch.setenv("SPBE_HOME", str(home))
        made = Settings()
        made.prepare_home()
    return made


@pytest.fixture(scope="module")
def definitions(settings: Settings) -> dg.Definitions:
    return build_definitions(settings)


def test_the_lineage_runs_from_the_inbox_to_the_bundle(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    upstream = graph.get_ancestor_asset_keys(dg.AssetKey(["outbox", "bundle"]))
    for key in ("raw/system_inventory", "lake/service_calls", "marts/fct_scores", "published/database"):
        assert dg.AssetKey.from_user_string(key) in upstream, key


def test_a_kind_is_materialised_alone(definitions: dg.Definitions, settings: Settings) -> None:
    job = definitions.resolve_implicit_global_asset_job_def()
    file = settings.inbox / "opd_register" / "88.02" / "opd.csv"
    file.parent.mkdir(parents=True)
    file.write_text("opd_code,opd_name\n88.02-A,Dinas A\n", encoding="utf-8")
    with dg.DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(
            instance=instance, asset_selection=[dg.AssetKey(["raw", "opd_register"])]
        )
    assert result.success
    [made] = result.asset_materializations_for_node("raw__opd_register")
    assert made.metadata["dagster/row_count"].value == 1


def test_the_night_starts_at_half_past_one_local_time(definitions: dg.Definitions) -> None:
    schedule = definitions.get_schedule_def("nightly_index")
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("30 1 * * *", "Asia/Jakarta")
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING


def test_everything_says_what_it_is_whose_and_where(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    silent = [
        f"{key.to_user_string()}: {name}"
        for key in graph.get_all_asset_keys()
        for node in [graph.get(key)]
        for name, value in {
            "description": node.description,
            "owners": node.owners,
            "layer": node.tags.get("layer"),
            "personal_data": node.tags.get("personal_data"),
            "kinds": node.kinds,
            "group": node.group_name.removeprefix("default"),
            "dagster/uri": node.metadata.get("dagster/uri"),
            "dagster/code_references": node.metadata.get("dagster/code_references") or not node.is_executable,
            "dagster/table_name": node.metadata.get("dagster/table_name") or not node.kinds & {"dbt"},
            "dagster/column_schema": node.metadata.get("dagster/column_schema") or not node.kinds & {"dbt"},
        }.items()
        if not value
    ]
    repository = definitions.get_repository_def()
    automations = [*repository.schedule_defs, *repository.sensor_defs]
    jobs = [job for job in repository.get_all_jobs() if not job.name.startswith("__")]
    silent += [one.name for one in [*automations, *jobs] if not (one.description and one.owners)]
    checks = [graph.get_check_spec(key) for key in graph.asset_check_keys]
    silent += [f"{spec.asset_key}: {spec.name}" for spec in checks if not spec.description]
    assert not silent


def test_a_check_says_in_a_sentence_what_it_holds(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    told = [graph.get_check_spec(key).description or "" for key in graph.asset_check_keys]
    assert not [text for text in told if len(text.split()) < 3 or text[-1] != "." or "{" in text]


def write_log(settings: Settings, *days: str) -> None:
    """A log of nginx with a call on each of these days, written a minute ago."""
    file = settings.inbox / "service_log" / "combined" / f"gerbang_{days[0]}.log"
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = []
    for day in days:
        at = dt.date.fromisoformat(day).strftime("%d/%b/%Y")
        lines.append(f'10.0.0.1 - - [{at}:12:00:00 +0700] "GET /api/warga HTTP/1.1" 200 12 "-" "curl"\n')
    file.write_text("".join(lines))
    os.utime(file, (time.time() - 60, time.time() - 60))


def tick(definitions: dg.Definitions, instance: dg.DagsterInstance) -> dg.RunRequest | None:
    """What the sensor asks for, seen for the first time."""
    result = definitions.get_sensor_def("undone")(dg.build_sensor_context(instance))
    requests = result.run_requests if isinstance(result, dg.SensorResult) else None
    return requests[0] if requests else None


def test_the_sensor_and_the_command_walk_the_same_chain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPBE_HOME", str(tmp_path))
    settings = Settings(home=tmp_path)  # type: ignore[call-arg]
    settings.prepare_home()
    write_log(settings, "2026-10-02", "2026-10-12")
    definitions, by_sensor = build_definitions(settings), []
    with dg.instance_for_test() as instance:
        while (request := tick(definitions, instance)) and len(by_sensor) < 9:
            job = definitions.resolve_job_def(str(request.job_name))
            assert job.execute_in_process(instance=instance, tags=request.tags).success
            by_sensor.append(job.name)
        nights = {run.tags["spbe/night"] for run in instance.get_runs()}
        days = instance.get_dynamic_partitions("call_days")
    write_log(settings, "2026-10-03")
    by_command = run_night(settings, settings.inbox).links
    assert by_command == [RECEIVE, COUNT, PUBLISH]
    assert by_sensor == by_command
    assert len(nights) == 1, "all runs of a night bear its tag"
    # The touched days alone: not the years before, and not the days between.
    assert days == ["2026-10-02", "2026-10-12"]


def test_materialize_all_is_a_night(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPBE_HOME", str(tmp_path))
    settings = Settings(home=tmp_path)  # type: ignore[call-arg]
    settings.prepare_home()
    write_log(settings, "2026-10-02", "2026-10-12")
    definitions = build_definitions(settings)
    job = definitions.resolve_implicit_global_asset_job_def()
    with dg.instance_for_test() as instance:
        # As the page begins it: the button, and one of the days that are there.
        instance.add_dynamic_partitions("call_days", ["2026-10-30"])
        assert job.execute_in_process(instance=instance, partition_key="2026-10-30").success
        counted = instance.get_materialized_partitions(dg.AssetKey(COUNTED))
        assert {"2026-10-02", "2026-10-12", "2026-10-30"} <= counted
        plan = plan_night(settings, settings.inbox)
        assert plan.is_empty, plan
        # A mart alone does not reach the database, and says how it does; what brings it there follows.
        mart = [dg.AssetKey(["marts", "dim_measure"])]
        alone = job.execute_in_process(instance=instance, asset_selection=mart)
        said = [entry.user_message for entry in instance.all_logs(alone.run_id)]
    assert [text for text in said if "not in the published database yet" in text and PUBLISH in text]
    assert next_link(plan_night(settings, settings.inbox)) == Link(PUBLISH, "index, measures and exports")


def test_days_stand_in_their_order_whenever_they_come(tmp_path: Path) -> None:
    log = EventLog(str(tmp_path))
    for days in (["2026-10-02", "2026-10-03"], ["2015-05-18"]):
        log.add_dynamic_partitions("call_days", days)
    assert log.get_dynamic_partitions("call_days") == ["2015-05-18", "2026-10-02", "2026-10-03"]
    log.dispose()


def test_a_second_writer_is_told_who_holds_the_home(settings: Settings) -> None:
    from orchestration.warehouse import WarehouseBusy, run_lock

    lock = Path(settings.home) / "run.lock"
    hold = (
        "import pathlib, sys\nfrom orchestration.warehouse import run_lock\n"
        "with run_lock(pathlib.Path(sys.argv[1]), 'run one'):\n    print('held', flush=True)\n    input()\n"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", hold, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout is not None
    assert other.stdout.readline() == "held\n"
    told: list[str] = []
    with pytest.raises(WarehouseBusy, match=f"run one .process {other.pid}, since 20"), run_lock(lock, "two"):
        pass
    threading.Timer(1.5, other.communicate, ["\n"]).start()
    with run_lock(lock, "three", 60, told.append), run_lock(lock, "three again"):
        assert f"run one (process {other.pid}" in told[0]


def test_the_sensor_asks_for_what_is_undone_and_again_where_it_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPBE_HOME", str(tmp_path / "home"))
    settings = Settings(home=tmp_path / "home")  # type: ignore[call-arg]
    settings.prepare_home()
    sensor = build_definitions(settings).get_sensor_def("undone")
    with dg.instance_for_test() as instance:

        def tick(cursor: str | None) -> dg.SensorResult | dg.SkipReason:
            return sensor(dg.build_sensor_context(instance, cursor))  # type: ignore[return-value]

        # The index of a new home reads the tables that the models of a day make.
        begun = tick(None)
        assert isinstance(begun, dg.SensorResult)
        assert [request.job_name for request in begun.run_requests or []] == [COUNT]
        sent = settings.inbox / "opd_register" / "88.02" / "opd.csv"
        sent.parent.mkdir(parents=True)
        sent.write_text("opd_code,opd_name\n88.02-A,Dinas A\n")
        arriving = tick(None)
        assert isinstance(arriving, dg.SkipReason)
        assert "still arriving" in str(arriving.skip_message)
        os.utime(sent, (time.time() - 60, time.time() - 60))
        first = tick(None)
        assert isinstance(first, dg.SensorResult)
        assert [request.job_name for request in first.run_requests or []] == [RECEIVE]
        # The run came to nothing: the same is undone, and is asked for again after a while, ever later.
        failed = tick(first.cursor)
        assert isinstance(failed, dg.SensorResult)
        assert not failed.run_requests
        assert isinstance(tick(failed.cursor), dg.SkipReason)
        waited = json.loads(first.cursor or "") | {"again_at": 0}
        second = tick(json.dumps(waited))
        assert isinstance(second, dg.SensorResult)
        assert [request.job_name for request in second.run_requests or []] == [RECEIVE]
        assert json.loads(second.cursor or "")["again_at"] > time.time() + 10 * 60


def test_where_nothing_is_undone_the_sensor_rests(
    example_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPBE_HOME", str(example_home))
    settings = Settings(home=example_home)  # type: ignore[call-arg]
    sensor = build_definitions(settings).get_sensor_def("undone")
    with dg.instance_for_test() as instance:
        looked = sensor(dg.build_sensor_context(instance))
        assert isinstance(looked, dg.SensorResult)
        assert not looked.run_requests
        rests = sensor(dg.build_sensor_context(instance, looked.cursor))
        assert isinstance(rests, dg.SkipReason)
        assert rests.skip_message == "nothing changed"


def test_what_is_owed_is_one_definition_for_check_and_alert(
    example_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPBE_HOME", str(example_home))
    settings = Settings(home=example_home)  # type: ignore[call-arg]
    settings.prepare_home()
    with locked_warehouse(settings, "a test") as con:
        missing = missing_sources(con, settings.last_complete_day())
    key = dg.AssetCheckKey(dg.AssetKey(["lake", "service_calls"]), "owed_has_come")
    with dg.DagsterInstance.get() as instance:
        [record] = instance.event_log_storage.get_asset_check_execution_history(key, limit=1)
    assert record.event is not None
    found = record.event.get_dagster_event().asset_check_evaluation_data
    assert not found.passed
    assert all(str(source) in str(found.description) for source in missing)
    assert {source.source_code for source in missing} == {"service_log:combined", "service_log:xroad"}

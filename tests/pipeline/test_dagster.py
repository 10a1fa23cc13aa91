"""What the data engineer sees in Dagster: the same assets, one by one, and the chain of a night."""

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
from orchestration.settings import Settings


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


def test_the_chain_goes_on_with_the_touched_days(definitions: dg.Definitions, settings: Settings) -> None:
    # Without waiting days the index follows at once; with them, the first contiguous range does.
    from datetime import date

    from orchestration import intake
    from orchestration.warehouse import open_warehouse
    from sources import ledger

    con = open_warehouse(settings.warehouse)
    intake.prepare_warehouse(con, settings)
    ledger.queue_days(con, [date(2026, 10, 3), date(2026, 10, 2)])
    ranges = ledger.pending_ranges(con)
    ledger.settle_days(con, *ranges[0])
    assert ranges == [(date(2026, 10, 2), date(2026, 10, 3))]
    assert ledger.pending_ranges(con) == []
    con.close()


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
        assert [request.job_name for request in begun.run_requests or []] == ["nightly_days"]
        sent = settings.inbox / "opd_register" / "88.02" / "opd.csv"
        sent.parent.mkdir(parents=True)
        sent.write_text("opd_code,opd_name\n88.02-A,Dinas A\n")
        arriving = tick(None)
        assert isinstance(arriving, dg.SkipReason)
        assert "still arriving" in str(arriving.skip_message)
        os.utime(sent, (time.time() - 60, time.time() - 60))
        first = tick(None)
        assert isinstance(first, dg.SensorResult)
        assert [request.job_name for request in first.run_requests or []] == ["nightly_index"]
        # The run came to nothing: the same is undone, and is asked for again after a while, ever later.
        failed = tick(first.cursor)
        assert isinstance(failed, dg.SensorResult)
        assert not failed.run_requests
        assert isinstance(tick(failed.cursor), dg.SkipReason)
        waited = json.loads(first.cursor or "") | {"again_at": 0}
        second = tick(json.dumps(waited))
        assert isinstance(second, dg.SensorResult)
        assert [request.job_name for request in second.run_requests or []] == ["nightly_index"]
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

"""What the data engineer sees in Dagster: the same assets, one by one, and the chain of a night."""

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
    with run_lock(lock, "run one"), pytest.raises(WarehouseBusy, match="run one"), run_lock(lock, "run two"):
        pass

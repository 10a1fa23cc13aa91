"""Everything that exists, on one page."""

from __future__ import annotations

from pathlib import Path

import dagster as dg

from orchestration.assets.outputs import build_output_assets
from orchestration.assets.raw import build_intake_assets
from orchestration.assets.transform import build_dbt_assets
from orchestration.assets.upkeep import build_upkeep_asset
from orchestration.captured import console
from orchestration.checks import build_checks
from orchestration.dbt import prepare_manifest
from orchestration.jobs import build_jobs
from orchestration.resources import Warehouse
from orchestration.schedules import build_schedules
from orchestration.sensors import build_sensors
from orchestration.settings import Settings


def build_definitions(settings: Settings, inbox: Path | None = None) -> dg.Definitions:
    """Assets, checks, jobs, schedule, sensors and resources of one home.

    Args:
        settings: the home and its settings; its folders must exist (`Settings.prepare_home`).
        inbox: another folder to read than the home's own inbox.
    """
    daily, index = build_dbt_assets(settings, prepare_manifest(settings))
    marts = [key for key, group in index.group_names_by_key.items() if group == "marts"]
    jobs = build_jobs(settings, daily, index)
    return dg.Definitions(
        assets=[
            *build_intake_assets(settings, inbox or settings.inbox),
            daily,
            index,
            *build_output_assets(settings, marts),
            build_upkeep_asset(settings, inbox or settings.inbox),
        ],
        asset_checks=build_checks(),
        jobs=jobs,
        schedules=build_schedules(settings),
        sensors=build_sensors(settings, jobs),
        executor=dg.in_process_executor,
        loggers={"console": console},
        resources={
            "warehouse": Warehouse(path=str(settings.warehouse), lock_path=str(settings.lock)),
        },
    )

"""Everything that exists, on one page."""

from __future__ import annotations

import warnings
from pathlib import Path

import dagster as dg

from orchestration.assets.delivery import build_delivery_assets
from orchestration.assets.outputs import build_output_assets
from orchestration.assets.raw import build_intake_assets
from orchestration.assets.transform import build_dbt_assets
from orchestration.assets.upkeep import build_upkeep_asset
from orchestration.captured import console
from orchestration.checks import build_checks, build_owed_check
from orchestration.dbt import prepare_manifest
from orchestration.jobs import build_jobs
from orchestration.resources import Warehouse
from orchestration.schedules import build_schedules
from orchestration.sensors import build_sensors
from orchestration.settings import Settings
from orchestration.workers.resource import workers_of

# Owners of jobs and references to code are beta in Dagster, whose version is pinned.
warnings.filterwarnings("ignore", category=dg.BetaWarning)


def build_definitions(settings: Settings, inbox: Path | None = None) -> dg.Definitions:
    """Assets, checks, jobs, schedule, sensors and resources of one home.

    Args:
        settings: the home and its settings; its folders must exist (`Settings.prepare_home`).
        inbox: another folder to read than the home's own inbox.
    """
    daily, index = build_dbt_assets(settings, prepare_manifest(settings))
    marts = [key for key, group in index.group_names_by_key.items() if group == "marts"]
    owed = build_owed_check(settings)
    jobs = build_jobs(daily, index, owed)
    own = [
        *build_intake_assets(settings, inbox or settings.inbox),
        *build_output_assets(settings, marts, index.keys),
        build_upkeep_asset(settings, inbox or settings.inbox),
        *build_delivery_assets(settings),
    ]
    return dg.Definitions(
        assets=[*dg.with_source_code_references(own), daily, index],
        asset_checks=[*build_checks(settings), owed],
        jobs=jobs,
        schedules=build_schedules(settings),
        sensors=build_sensors(settings, jobs),
        executor=dg.in_process_executor,
        loggers={"console": console},
        resources={
            "warehouse": Warehouse(path=str(settings.warehouse), lock_path=str(settings.lock)),
            "workers": workers_of(settings),
        },
    )

"""dbt models as assets: the daily ones by partition, the rest as one index.

Belongs here: which models run together. Two sets only, each costs seconds of start-up. Stays out: the models
(`dbt_project/`) and the arguments (`orchestration/dbt.py`).
"""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliResource, dbt_assets

from orchestration.dbt import SpbeTranslator, build_arguments
from orchestration.partitions import call_days
from orchestration.resources import Warehouse
from orchestration.settings import Settings
from sources import ledger

DAILY = "tag:daily"


def build_dbt_assets(settings: Settings, manifest: Path) -> list[dg.AssetsDefinition]:
    """The daily models and all others."""

    @dbt_assets(
        manifest=manifest,
        select=DAILY,
        name="dbt_daily",
        partitions_def=call_days(settings),
        backfill_policy=dg.BackfillPolicy.single_run(),
        dagster_dbt_translator=SpbeTranslator(),
    )
    def dbt_daily(
        context: dg.AssetExecutionContext, dbt: DbtCliResource, warehouse: Warehouse
    ) -> Iterator[Any]:
        days = context.partition_key_range
        yield from dbt.cli(build_arguments(days), context=context).stream()
        with warehouse.connect() as con:
            ledger.settle_days(con, dt.date.fromisoformat(days.start), dt.date.fromisoformat(days.end))

    @dbt_assets(
        manifest=manifest, exclude=DAILY, name="dbt_index", dagster_dbt_translator=SpbeTranslator()
    )
    def dbt_index(
        context: dg.AssetExecutionContext, dbt: DbtCliResource, warehouse: Warehouse
    ) -> Iterator[Any]:
        yield from dbt.cli(build_arguments(), context=context).stream()

    return [dbt_daily, dbt_index]

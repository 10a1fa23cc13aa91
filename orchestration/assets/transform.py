"""dbt models as assets: the daily ones by partition, the rest as one index.

Belongs here: which models run together. Stays out: the models (`dbt_project/`) and how dbt is run
(`orchestration/dbt.py`).
"""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
from dagster_dbt import dbt_assets

from orchestration.dbt import SpbeTranslator, build_arguments, dbt_events, run_dbt, selection
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
        context: dg.AssetExecutionContext, warehouse: Warehouse
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        days = context.partition_key_range
        chosen = selection(context, ["--select", DAILY])
        results = run_dbt(settings, build_arguments(chosen, days))
        yield from dbt_events(context, results, _row_counts(warehouse))
        if not context.is_subset:
            with warehouse.connect() as con:
                ledger.settle_days(con, dt.date.fromisoformat(days.start), dt.date.fromisoformat(days.end))

    @dbt_assets(manifest=manifest, exclude=DAILY, name="dbt_index", dagster_dbt_translator=SpbeTranslator())
    def dbt_index(
        context: dg.AssetExecutionContext, warehouse: Warehouse
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        results = run_dbt(settings, build_arguments(selection(context, ["--exclude", DAILY])))
        yield from dbt_events(context, results, _row_counts(warehouse))

    return [dbt_daily, dbt_index]


def _row_counts(warehouse: Warehouse) -> dict[str, int]:
    with warehouse.connect() as con:
        found = con.execute("select table_name, estimated_size from duckdb_tables()").fetchall()
    return dict(found)

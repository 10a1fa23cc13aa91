"""dbt models as assets: the daily ones by partition, the rest as one index.

Belongs here: which models run together. Stays out: the models (`dbt_project/`) and how dbt is run
(`orchestration/dbt.py`).
"""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
from dagster_dbt import dbt_assets

from orchestration.dbt import (
    SpbeTranslator,
    build_arguments,
    dbt_events,
    run_dbt,
    selection,
)
from orchestration.partitions import call_days
from orchestration.program import program_fingerprint
from orchestration.resources import Warehouse
from orchestration.settings import Settings
from sources import ledger

DAILY = "tag:daily"
# What a night builds where all was built by this very program (`dbt_project/selectors.yml`).
NIGHT = "night"
BUILT = "program"


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
        is_built(warehouse)
        chosen = selection(context, ["--select", DAILY])
        warehouse.release()
        results = run_dbt(settings, build_arguments(chosen, days))
        yield from dbt_events(context, results)
        if not context.is_subset:
            with warehouse.connect() as con:
                ledger.settle_days(con, dt.date.fromisoformat(days.start), dt.date.fromisoformat(days.end))

    @dbt_assets(manifest=manifest, exclude=DAILY, name="dbt_index", dagster_dbt_translator=SpbeTranslator())
    def dbt_index(
        context: dg.AssetExecutionContext, warehouse: Warehouse
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        was_built = is_built(warehouse)
        # What another program built may have other columns: also what is kept by day is built anew.
        everything = ["--selector", NIGHT] if was_built else ["--full-refresh", "--exclude", DAILY]
        warehouse.release()
        results = run_dbt(settings, build_arguments(selection(context, everything)))
        yield from dbt_events(context, results)
        if not (was_built or context.is_subset):
            with warehouse.connect() as con:
                ledger.write_state(con, BUILT, program_fingerprint())

    return [dbt_daily, dbt_index]


def is_built(warehouse: Warehouse) -> bool:
    """Whether seeds and all models were built, and their tests passed, by the program as it is now.

    What an earlier program built is forgotten before dbt writes: a program that is changed back after a run
    that failed must not find its old mark.
    """
    with warehouse.connect() as con:
        built = ledger.read_state(con, BUILT)
        if built == program_fingerprint():
            return True
        if built:
            ledger.write_state(con, BUILT, "")
        return False

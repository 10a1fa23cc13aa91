"""dbt models as assets: the daily ones by partition, the rest as one index.

Belongs here: which models run together. Stays out: the models (`dbt_project/`) and how dbt is run
(`orchestration/dbt.py`).
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
from dagster_dbt import dbt_assets

from orchestration.assets.outputs import BUNDLE_KEY
from orchestration.assets.shared import makes
from orchestration.chain import PUBLISH
from orchestration.dbt import (
    build_arguments,
    dbt_events,
    run_dbt,
    selection,
)
from orchestration.partitions import CALL_DAYS, add_days
from orchestration.program import BUILT, program_fingerprint
from orchestration.repeat import build_changed
from orchestration.resources import Warehouse
from orchestration.settings import Settings
from orchestration.translator import SpbeTranslator
from sources import ledger

if TYPE_CHECKING:
    import duckdb

DAILY = "tag:daily"
# What the index is where all was built by this very program (`dbt_project/selectors.yml`).
SELECTOR = "night"


def build_dbt_assets(settings: Settings, manifest: Path) -> list[dg.AssetsDefinition]:
    """The daily models and all others."""
    translator = SpbeTranslator(settings, manifest)

    @dbt_assets(
        manifest=manifest,
        select=DAILY,
        name="dbt_daily",
        partitions_def=CALL_DAYS,
        backfill_policy=dg.BackfillPolicy.single_run(),
        dagster_dbt_translator=translator,
    )
    def dbt_daily(
        context: dg.AssetExecutionContext, warehouse: Warehouse
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        chosen = {dt.date.fromisoformat(key) for key in context.partition_keys}
        is_built(warehouse)
        with warehouse.connect() as con:
            _not_published(context, con, "service calls that were counted again")
            # What waits is counted whatever its version; a file that this very run read may have more of it.
            ledger.queue_days(con, chosen.difference(ledger.pending_days(con)))
            counted = ledger.pending_days(con)
        warehouse.release()
        models = selection(context, ["--select", DAILY])
        yield from dbt_events(context, run_dbt(settings, build_arguments(models)))
        _tell_days(context, sorted({*counted} - chosen))
        if not context.is_subset:
            with warehouse.connect() as con:
                ledger.settle_days(con, counted)

    @dbt_assets(manifest=manifest, exclude=DAILY, name="dbt_index", dagster_dbt_translator=translator)
    def dbt_index(
        context: dg.AssetExecutionContext, warehouse: Warehouse
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        was_built = is_built(warehouse)
        # What another program built may have other columns: also what is kept by day is built anew.
        everything = ["--selector", SELECTOR] if was_built else ["--full-refresh", "--exclude", DAILY]
        with warehouse.connect() as con:
            _not_published(context, con, "tables that were built again")
        warehouse.release()
        # Whoever asks for some models gets them made.
        arguments = build_arguments(selection(context, everything))
        build = build_changed if was_built and not context.is_subset else run_dbt
        yield from dbt_events(context, build(settings, arguments))
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


def _not_published(context: dg.AssetExecutionContext, con: "duckdb.DuckDBPyConnection", what: str) -> None:
    """Note that the outputs are to be made again, and say how, unless this very run makes them."""
    if not ledger.read_state(con, ledger.UNFINISHED):
        ledger.mark_unfinished(con, what)
    if not makes(context, [BUNDLE_KEY]):
        context.log.info(
            f"not in the published database yet: {what}; the job {PUBLISH} brings them there, which the "
            "sensor `undone` starts within minutes, or `spbe run`"
        )


def _tell_days(context: dg.AssetExecutionContext, days: Sequence[dt.date]) -> None:
    """Tell Dagster of days that were counted though the run was not begun for them."""
    add_days(context.instance, days)
    for key in context.selected_asset_keys:
        for day in days:
            context.log_event(dg.AssetMaterialization(key, partition=day.isoformat()))

"""The end of a night: a look at the archive, a copy of the warehouse, clearing, as an asset.

Belongs here: when it is done and what Dagster shows of it. Stays out: what is kept for how long
(`orchestration/upkeep.py`).
"""

from pathlib import Path

import dagster as dg

from orchestration import intake
from orchestration.assets.outputs import BUNDLE_KEY
from orchestration.labels import layer_tags, location, owners
from orchestration.resources import Warehouse
from orchestration.settings import Settings
from orchestration.upkeep import copy_warehouse, find_surplus

GROUP = "upkeep"
COPIES_KEY = dg.AssetKey(["home", "copies"])


def build_upkeep_asset(settings: Settings, inbox: Path) -> dg.AssetsDefinition:
    """The copies, after the last output; `inbox` may still hold what the archive lost."""

    @dg.asset(
        key=COPIES_KEY,
        group_name=GROUP,
        owners=owners(GROUP),
        tags=layer_tags(GROUP, personal="masked"),
        kinds={"duckdb"},
        metadata=location(settings.home / "copies"),
        deps=[BUNDLE_KEY],
        description="Looks at the archive, copies the warehouse, clears what spbe.toml keeps no longer.",
    )
    def copies(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:
        with warehouse.connect() as con:
            lost = intake.watch_archive(con, settings, inbox, settings.today())
        for what in lost:
            context.log.error(f"archive: {what}; put it back from a backup, or let it be sent again")
        warehouse.release()
        copied = copy_warehouse(settings)
        cleared = find_surplus(settings, context.instance)
        for surplus in cleared:
            surplus.clear()
            context.log.info(f"cleared {surplus.name}: {surplus.why}")
        return dg.MaterializeResult(
            metadata={
                "copy": dg.MetadataValue.path(copied) if copied else "none",
                "lost contents of the archive": len(lost),
                "cleared": len(cleared),
                "bytes": sum(surplus.size_bytes for surplus in cleared),
            }
        )

    return copies

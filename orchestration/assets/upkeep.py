"""The end of a night: a copy of the warehouse, and clearing what is kept no longer, as an asset.

Belongs here: when it is done and what Dagster shows of it. Stays out: what is kept for how long
(`orchestration/upkeep.py`).
"""

import dagster as dg

from orchestration.assets.outputs import BUNDLE_KEY
from orchestration.resources import Warehouse
from orchestration.settings import Settings
from orchestration.upkeep import copy_warehouse, find_surplus

GROUP = "upkeep"


def build_upkeep_asset(settings: Settings) -> dg.AssetsDefinition:
    """The copies, after the last output."""

    @dg.asset(
        key=["home", "copies"],
        group_name=GROUP,
        deps=[BUNDLE_KEY],
        description="Copies of the warehouse; what spbe.toml keeps no longer is cleared before.",
    )
    def copies(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:
        warehouse.release()
        copied = copy_warehouse(settings)
        cleared = find_surplus(settings, context.instance)
        for surplus in cleared:
            surplus.clear()
            context.log.info(f"cleared {surplus.name}: {surplus.why}")
        return dg.MaterializeResult(
            metadata={
                "copy": dg.MetadataValue.path(copied) if copied else "none",
                "cleared": len(cleared),
                "bytes": sum(surplus.size_bytes for surplus in cleared),
            }
        )

    return copies

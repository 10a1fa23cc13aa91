"""The last step of a night: bundles that wait are delivered, where the home has a target.

Belongs here: when it is done and what Dagster shows of it. Stays out: how it is done (`exports/delivery/`),
what came of it (`orchestration/delivery.py`).
"""

import dagster as dg

from orchestration.assets.outputs import BUNDLE_KEY, GROUP
from orchestration.assets.upkeep import COPIES_KEY
from orchestration.delivery import deliver_last, target_of
from orchestration.labels import layer_tags, location, owners
from orchestration.resources import Warehouse
from orchestration.settings import Settings

DELIVERY_KEY = dg.AssetKey(["outbox", "delivery"])


def build_delivery_assets(settings: Settings) -> list[dg.AssetsDefinition]:
    """The delivery, after all else; none where the home has no target."""
    target = target_of(settings)
    if target is None:
        return []

    @dg.asset(
        key=DELIVERY_KEY,
        group_name=GROUP,
        owners=owners(GROUP),
        tags=layer_tags(GROUP, personal="masked"),
        metadata=location(settings.outbox / "receipts"),
        kinds={"zip"},
        deps=[BUNDLE_KEY, COPIES_KEY],
        description="Delivers bundles that wait, with a receipt each, and keeps what the receiver answered.",
    )
    def delivery(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:
        # The run holds the home's lock by this resource; the other side may be slow.
        warehouse.release()
        outcome = deliver_last(settings, context.log.info)
        if outcome is None:
            return dg.MaterializeResult(metadata={"problem": str(settings.logs / "spbe.log")})
        for problem in outcome.problems:
            context.log.error(problem)
        for answer in outcome.answers:
            context.log.info(f"acknowledged: {answer}")
        return dg.MaterializeResult(
            metadata={
                "target": target.shown,
                "delivered": len(outcome.delivered),
                "waiting": len(outcome.waiting),
                "answers": len(outcome.answers),
                "problem": "; ".join(outcome.problems) or "none",
            }
        )

    return [delivery]

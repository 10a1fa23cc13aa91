"""The links of a night, as jobs.

Belongs here: which assets one run makes. Stays out: the order of the links (`chain.py`).
"""

import dagster as dg

from orchestration.assets.outputs import GROUP as EXPORTS
from orchestration.assets.raw import GROUP as INTAKE
from orchestration.assets.upkeep import GROUP as UPKEEP
from orchestration.chain import COUNT, PUBLISH, RECEIVE
from orchestration.labels import OPERATIONS
from orchestration.partitions import CALL_DAYS


def build_jobs(
    daily: dg.AssetsDefinition, index: dg.AssetsDefinition, owed_checks: dg.AssetChecksDefinition
) -> list:
    """The three links, in order."""
    # What is owed stands in the index; it is asked of the sources, which are the first link's.
    owed = dg.AssetSelection.checks(owed_checks)
    return [
        dg.define_asset_job(
            RECEIVE,
            dg.AssetSelection.groups(INTAKE) - owed,
            description="First link of a night: read the inbox. The sensor `undone` starts what follows.",
            owners=[OPERATIONS],
        ),
        dg.define_asset_job(
            COUNT,
            dg.AssetSelection.assets(daily),
            partitions_def=CALL_DAYS,
            description="Second link, once for each range of touched days: count their service calls.",
            owners=[OPERATIONS],
        ),
        dg.define_asset_job(
            PUBLISH,
            dg.AssetSelection.assets(index) | dg.AssetSelection.groups(EXPORTS, UPKEEP) | owed,
            description="Last link: index and measures, published database, pages, bundle, copies, delivery.",
            owners=[OPERATIONS],
        ),
    ]

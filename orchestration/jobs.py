"""The links of a night, as jobs.

Belongs here: which assets one run makes. A night is a chain of runs, because a day must be chosen before
intake knows which days a file touches: `nightly_index` (intake) ► `nightly_days` (one run per contiguous
range of touched days) ► `nightly_publish` (index, database, pages, bundle). `orchestration/night.py` chains
them in one process, `orchestration/sensors.py` in the daemon.
"""

import datetime as dt

import dagster as dg

from orchestration.assets.outputs import GROUP as EXPORTS
from orchestration.assets.raw import GROUP as INTAKE
from orchestration.assets.upkeep import GROUP as UPKEEP
from orchestration.partitions import call_days
from orchestration.settings import Settings

# Local time at which a day that has passed is made up.
NIGHT_TIME = dt.time(1, 30)
NIGHT = "nightly_index"
DAYS = "nightly_days"
PUBLISH = "nightly_publish"


def build_jobs(settings: Settings, daily: dg.AssetsDefinition, index: dg.AssetsDefinition) -> list:
    """The three links, in order."""
    return [
        dg.define_asset_job(
            NIGHT,
            dg.AssetSelection.groups(INTAKE),
            description="First link of the night: read the inbox. Days and index follow by sensor.",
        ),
        dg.define_asset_job(
            DAYS,
            dg.AssetSelection.assets(daily),
            partitions_def=call_days(settings),
            description="Second link: recompute the calls of the touched days.",
        ),
        dg.define_asset_job(
            PUBLISH,
            dg.AssetSelection.assets(index) | dg.AssetSelection.groups(EXPORTS, UPKEEP),
            description="Last link: index and measures, published database, pages, bundle, copies.",
        ),
    ]

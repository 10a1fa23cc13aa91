"""What the steps of a run ask about it."""

from collections.abc import Iterable

import dagster as dg


def makes(context: dg.AssetExecutionContext, keys: Iterable[dg.AssetKey]) -> bool:
    """Whether the run of a step makes all these assets."""
    return context.job_def.asset_layer.selected_asset_keys >= {*keys}

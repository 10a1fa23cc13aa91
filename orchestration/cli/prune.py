"""`spbe prune`: clear what spbe.toml keeps no longer, as each night does at its end."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

_SHOWN = 20


def prune(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be cleared.")] = False,
) -> None:
    """Clear old logs of the archive, runs, bundle versions, copies and empty space, as spbe.toml says."""
    import dagster as dg

    from orchestration.cli.common import open_home
    from orchestration.instance import set_broken_aside
    from orchestration.upkeep import find_surplus
    from orchestration.warehouse import run_lock

    settings = open_home()
    settings.prepare_home()
    if told := set_broken_aside(settings):
        print(f"spbe: {told}", file=sys.stderr)
    with run_lock(settings.lock, "spbe prune"), dg.DagsterInstance.get() as instance:
        found = find_surplus(settings, instance)
        for surplus in found[:_SHOWN]:
            print(f"{surplus.name}  {surplus.size_bytes:,} bytes  {surplus.why}")
        if len(found) > _SHOWN:
            print(f"… {len(found) - _SHOWN:,} more")
        if not dry_run:
            for surplus in found:
                surplus.clear()
    total = sum(surplus.size_bytes for surplus in found)
    print(f"{len(found):,} things, {total:,} bytes {'would be cleared' if dry_run else 'cleared'}.")

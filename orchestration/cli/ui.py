"""`spbe ui`: Dagster's web interface and daemon on 127.0.0.1."""

from __future__ import annotations

import sys
from typing import Annotated

import typer


def ui(
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Port; 0: any free one. Default: the setting ui_port."),
    ] = None,
    host: Annotated[
        str, typer.Option(help="Address to bind; others can reach any but 127.0.0.1, without a login.")
    ] = "127.0.0.1",
) -> None:
    """Show assets, checks and runs; schedule and sensors work while it is open. Ctrl-C ends it."""
    from orchestration import processes
    from orchestration.cli import signals
    from orchestration.cli.common import open_home
    from orchestration.logs import log_to_home

    # A home whose disk is missing must not become a new, empty one.
    settings = open_home()
    settings.prepare_home()
    log_to_home(settings)
    signals.at_stop(processes.end_followers)
    print("… starting", file=sys.stderr, flush=True)
    from orchestration.service.host import ServiceFailed, serve

    def ready(address: str) -> None:
        print(f"Dagster of {settings.home} on {address} (Ctrl-C ends it)", flush=True)

    try:
        serve(settings, host, settings.ui_port if port is None else port, ready)
    except ServiceFailed as error:
        # Dagster's threads would keep the process from ending by itself.
        signals.end(f"spbe: {error}", 1)

"""`spbe ui`: Dagster's web interface and daemon on 127.0.0.1."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer


def ui(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 3000,
    host: Annotated[
        str, typer.Option(help="Address to bind; others can reach any but 127.0.0.1.")
    ] = "127.0.0.1",
) -> None:
    """Show assets, checks and runs; schedule and sensors work while it is open. Ctrl-C ends it."""
    from orchestration.cli.common import load_settings
    from orchestration.dbt import prepare_manifest
    from orchestration.settings import PROJECT

    settings = load_settings()
    prepare_manifest(settings)
    folder = Path(sys.executable).parent
    workspace = str(PROJECT / "workspace.yaml")
    print(f"Dagster of {settings.home} on http://{host}:{port} (Ctrl-C ends it)")
    daemon = subprocess.Popen(
        [str(folder / "dagster-daemon"), "run", "-w", workspace, "--log-level", "warning"], cwd=PROJECT
    )
    try:
        subprocess.run(
            [str(folder / "dagster-webserver"), "-w", workspace, "-h", host, "-p", str(port)],
            cwd=PROJECT,
            check=False,
        )
    except KeyboardInterrupt:
        pass
    finally:
        daemon.terminate()
        daemon.wait()

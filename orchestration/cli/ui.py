"""`spbe ui`: Dagster's web interface and daemon on 127.0.0.1."""

from __future__ import annotations

import subprocess
import sys
from typing import Annotated

import typer

# Modules of this interpreter, so that no script of another is found, nor a module in the current folder.
_PYTHON = (sys.executable, "-P", "-m")
_DEFINITIONS = ("-m", "orchestration.definitions")


def ui(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 3000,
    host: Annotated[
        str, typer.Option(help="Address to bind; others can reach any but 127.0.0.1.")
    ] = "127.0.0.1",
) -> None:
    """Show assets, checks and runs; schedule and sensors work while it is open. Ctrl-C ends it."""
    from orchestration.cli.common import load_settings
    from orchestration.settings import PROJECT

    settings = load_settings()
    # Loading Dagster takes seconds; where there is no home, nobody is to wait for that answer.
    from orchestration.dbt import prepare_manifest

    prepare_manifest(settings)
    print(f"Dagster of {settings.home} on http://{host}:{port} (Ctrl-C ends it)")
    daemon = subprocess.Popen(daemon_command(), cwd=PROJECT)
    try:
        subprocess.run(web_command(host, port), cwd=PROJECT, check=False)
    except KeyboardInterrupt:
        pass
    finally:
        daemon.terminate()
        daemon.wait()


def daemon_command() -> list[str]:
    """The command line of schedule and sensors; its folder is `PROJECT`."""
    return [*_PYTHON, "dagster._daemon", "run", *_DEFINITIONS, "--log-level", "warning"]


def web_command(host: str, port: int) -> list[str]:
    """The command line of the page; its folder is `PROJECT`."""
    return [*_PYTHON, "dagster_webserver", *_DEFINITIONS, "-h", host, "-p", str(port)]

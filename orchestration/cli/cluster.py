"""`spbe cluster`: the machines that read logs besides the one that runs the nights."""

from __future__ import annotations

import ipaddress
import tempfile
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

import typer

from orchestration.cli.service import UNITS, Unit, write_unit

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Several machines that read logs (needs the extra cluster, and a home that all of them see).",
)


@app.command()
def certificates() -> None:
    """Make what the machines of a cluster know each other by, in keys/cluster of the home."""
    from orchestration.cli.common import Failure, open_home
    from orchestration.workers.machines import make_certificates

    folder = open_home().keys / "cluster"
    try:
        make_certificates(folder)
    except FileExistsError as error:
        raise Failure(f"{error} is there already; move the folder away to make new ones") from error
    print(f"written: {folder}")
    print("Machines that see the home find them there. Who holds them may run programs on every worker.")


@app.command()
def scheduler(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8786,
    silent: Annotated[
        int, typer.Option(help="Seconds after which a worker that is not heard of is taken for dead.")
    ] = 60,
) -> None:
    """Run the scheduler until it is ended."""
    from orchestration.cli.common import Failure, open_home
    from orchestration.workers.machines import run_scheduler
    from orchestration.workers.pools import WorkersLost

    settings = open_home()
    try:
        run_scheduler(settings.keys / "cluster", host, port, settings.task_tries, silent)
    except WorkersLost as error:
        raise Failure(str(error)) from error


@app.command()
def worker(
    address: Annotated[
        str,
        typer.Argument(help="Of the scheduler; none: as the setting scheduler says.", metavar="[ADDRESS]"),
    ] = "",
    processes: Annotated[int, typer.Option(help="0: one a core, as far as workers_memory goes.")] = 0,
) -> None:
    """Run the workers of this machine until they are ended."""
    from orchestration.cli.common import Failure, open_home, wrong_use
    from orchestration.workers.machines import run_worker
    from orchestration.workers.pools import WorkersLost
    from orchestration.workers.resource import workers_of

    settings = open_home()
    address = address or settings.scheduler
    if not address.startswith(("tls://", "tcp://")):
        raise wrong_use("expected the address of a scheduler, such as tls://10.0.0.1:8786")
    try:
        run_worker(
            settings.keys / "cluster",
            address,
            processes or workers_of(settings).count(),
            settings.workers_memory,
            Path(tempfile.gettempdir()),
        )
    except WorkersLost as error:
        raise Failure(str(error)) from error


@app.command()
def install(
    part: Annotated[Literal["scheduler", "worker"], typer.Argument(help="What this machine is to be.")],
    host: Annotated[str, typer.Option(help="Address that a scheduler listens on.")] = "127.0.0.1",
    allow: Annotated[
        str, typer.Option(help="Addresses of the other machines, such as 10.0.0.0/24.")
    ] = "localhost",
    user: Annotated[str, typer.Option(help="User that it runs as; it may read and write the home.")] = "spbe",
    prefix: Annotated[Path, typer.Option(help="Folder that gets the unit.")] = UNITS,
) -> None:
    """Write the unit of systemd that runs the scheduler or the workers of this machine; start nothing."""
    from orchestration.cli.common import open_home, wrong_use

    settings = open_home()
    if part == "worker" and not settings.scheduler:
        raise wrong_use("the setting scheduler is empty; it names the scheduler that the workers go to")
    named = [urlsplit(settings.scheduler).hostname or ""] if part == "worker" else []
    for word in (host, *allow.split(), *named):
        if word != "localhost" and not _is_network(word):
            raise wrong_use(
                f"{word}: expected an address, or a network as 10.0.0.0/24; a unit knows no names"
            )
    arguments = ("cluster", part) if part == "worker" else ("cluster", part, "--host", host)
    described = "scheduler of the readers of logs" if part == "scheduler" else "readers of logs"
    allowed = " ".join(dict.fromkeys(("localhost", *allow.split(), *named)))
    write_unit(settings, Unit(f"spbe-{part}.service", described, arguments, allowed), user, prefix)


def _is_network(word: str) -> bool:
    try:
        ipaddress.ip_network(word, strict=False)
    except ValueError:
        return False
    return True

"""The `spbe` command: its subcommands in the order of their meaning, and one place for exit codes.

Exit 0: done. 1: failed, or something was found wrong. 2: wrong use, such as an unknown kind. 3: a bundle is
unchanged, but its key is not known (`spbe verify`).
130, 143: stopped by Ctrl-C, by SIGTERM.
"""

from __future__ import annotations

import errno
import os
import sys
import warnings
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli import (
    alert,
    check,
    cluster,
    doctor,
    explain,
    export,
    init,
    prune,
    query,
    rebuild,
    release,
    run,
    service,
    signals,
    status,
    template,
    ui,
    verify,
)
from orchestration.cli.common import Failure

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_LONGEST_SAID = 300

app = typer.Typer(
    name="spbe",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Evidence for the SPBE and Pemdi index: from OPD files and gateway logs to a signed bundle.",
)
app.command("init")(init.init)
app.command("run")(run.run)
app.command("check")(check.check)
app.command("template")(template.template)
app.command("status")(status.status)
app.command("doctor")(doctor.doctor)
app.command("rebuild")(rebuild.rebuild)
app.command("prune")(prune.prune)
app.command("query", cls=query.WithComments)(query.query)
app.command("explain")(explain.explain)
app.command("export")(export.export)
app.command("release")(release.release)
app.command("verify")(verify.verify)
app.command("ui")(ui.ui)
app.add_typer(service.app, name="service")
app.add_typer(cluster.app, name="cluster")
app.add_typer(alert.app, name="alert")


def _show_version(is_asked: bool) -> None:
    if not is_asked:
        return
    from importlib.metadata import version

    of = {"dbt": "dbt-core", "Dagster": "dagster", "DuckDB": "duckdb"}
    others = ", ".join(f"{name} {version(package)}" for name, package in of.items())
    print(f"spbe {version('spbe-index')} ({others}, Python {sys.version.split()[0]})")
    raise typer.Exit


@app.callback()
def _spbe(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the versions and exit."),
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line; known failures and signals end in one line, not in a traceback."""
    signals.install()
    warnings.filterwarnings("ignore")
    try:
        app()
    except BrokenPipeError:
        # The reader of our output (`| head`) has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        known = _known(error) or _noted(error)
        if known is None:
            raise
        for line in str(known).splitlines():
            print(f"spbe: {line}", file=sys.stderr)
        sys.exit(known.exit_code)


def _known(error: Exception) -> Failure | None:
    """What is told of an error that is no bug of ours; None of any other."""
    from tomllib import TOMLDecodeError

    from pydantic import ValidationError

    from orchestration.home import NoGroup
    from orchestration.warehouse import WarehouseBusy, WarehouseDamaged
    from sources.errors import KeyLost

    known = None
    if isinstance(error, Failure):
        known = error
    elif isinstance(error, WarehouseBusy | WarehouseDamaged | KeyLost):
        known = Failure(str(error))
    elif isinstance(error, NoGroup):
        known = Failure(str(error), exit_code=2)
    elif isinstance(error, TOMLDecodeError):
        known = Failure(f"spbe.toml of the home is no TOML: {error}", exit_code=2)
    elif isinstance(error, OSError):
        known = _of_the_disk(error)
    elif "not a valid DuckDB database" in str(error):
        what = str(error).partition("\n")[0]
        known = Failure(f"{what} `spbe run` makes what is published again; `spbe doctor` looks the home over")
    elif isinstance(error, ValidationError):
        known = Failure("\n".join(map(_fault, error.errors())), exit_code=2)
    return known


def _noted(error: Exception) -> Failure | None:
    """What is told of a bug of ours, its traceback in the home's log; None where no home can note it."""
    import logging
    import traceback

    from orchestration.home import is_home
    from orchestration.logs import log_to_home
    from orchestration.settings import Settings
    from sources.personal_forms import masked

    try:
        settings = Settings()
        if not is_home(settings.home):
            return None
        log_to_home(settings)
        told = masked("".join(traceback.format_exception(error)))
        logging.getLogger("orchestration").error("spbe %s\n%s", masked(" ".join(sys.argv[1:])), told)
    except Exception:
        return None
    what = masked(f"{type(error).__name__}: {error}").strip().partition("\n")[0][:_LONGEST_SAID]
    return Failure(f"an error of the program ({what}); all of it stands in {settings.logs / 'spbe.log'}")


def _fault(fault: ErrorDetails) -> str:
    name = ".".join(map(str, fault["loc"]))
    if fault["type"] == "extra_forbidden":
        return f"setting {name}: there is no such setting"
    # Channels of alerts and a command that delivers hold secrets.
    found = "" if name.startswith(("alert_", "deliver_to")) else f", found {fault.get('input')!r}"
    return f"setting {name}: {fault['msg']}{found}"


def _of_the_disk(error: OSError) -> Failure | None:
    if isinstance(error, PermissionError) and error.filename is not None:
        return Failure(f"{error.filename}: no permission for user {os.geteuid()}")
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
        place = f"{error.filename}: " if error.filename else ""
        return Failure(f"{place}{error.strerror}; make room or let it be written, then run again")
    if isinstance(error, FileNotFoundError | NotADirectoryError | FileExistsError) and error.filename:
        return Failure(f"{error.filename}: {error.strerror}")
    return None

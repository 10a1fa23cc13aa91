"""The `spbe` command: its subcommands in the order of their meaning, and one place for exit codes.

Exit 0: done. 1: failed, or something was found wrong. 2: wrong use, such as an unknown kind.
"""

from __future__ import annotations

import os
import sys
import warnings

import typer

from orchestration.cli import check, explain, export, query, run, template, ui, verify

app = typer.Typer(
    name="spbe",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Evidence for the SPBE and Pemdi index: from agency files and gateway logs to a signed bundle.",
)
app.command("run")(run.run)
app.command("check")(check.check)
app.command("template")(template.template)
app.command("query")(query.query)
app.command("explain")(explain.explain)
app.command("export")(export.export)
app.command("verify")(verify.verify)
app.command("ui")(ui.ui)


def main() -> None:
    """Run the command line; known failures end in one line, not in a traceback."""
    from pydantic import ValidationError

    from orchestration.cli.common import Failure
    from orchestration.warehouse import WarehouseBusy, WarehouseDamaged
    from sources.errors import KeyLost

    warnings.filterwarnings("ignore")
    try:
        app()
    except Failure as failure:
        print(f"spbe: {failure}", file=sys.stderr)
        sys.exit(failure.exit_code)
    except (WarehouseBusy, WarehouseDamaged, KeyLost) as problem:
        print(f"spbe: {problem}", file=sys.stderr)
        sys.exit(1)
    except ValidationError as error:
        for fault in error.errors():
            name = ".".join(str(part) for part in fault["loc"])
            print(f"spbe: setting {name}: {fault['msg']}, found {fault.get('input')!r}", file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:
        # The reader of our output (`| head`) has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)

"""`spbe query`: ask the published database, read-only."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import duckdb


def query(
    sql: Annotated[str | None, typer.Argument(help="One statement; without it, an SQL shell.")] = None,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV instead of a table.")] = False,
) -> None:
    """Query the published database; the pipeline may run meanwhile."""
    import duckdb

    from orchestration.cli.common import Failure, open_published

    con = duckdb.connect(
        str(open_published()), read_only=True, config={"storage_compatibility_version": "v1.2.0"}
    )
    # A question needs no other file, and a pasted one should not read any.
    con.execute("set enable_external_access = false")
    if sql is not None:
        try:
            _answer(con, sql, csv)
        except duckdb.Error as error:
            raise Failure(str(error)) from error
        return
    _shell(con, csv)


def _answer(con: duckdb.DuckDBPyConnection, sql: str, csv: bool) -> None:
    from orchestration.cli.common import print_rows

    cursor = con.execute(sql)
    columns = [d[0] for d in cursor.description or []]
    rows = cursor.fetchall()
    if csv:
        import csv as csv_module

        writer = csv_module.writer(sys.stdout, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
    else:
        print_rows(columns, rows)


def _shell(con: duckdb.DuckDBPyConnection, csv: bool) -> None:
    import contextlib

    import duckdb

    from orchestration.cli import signals

    with contextlib.suppress(ImportError):
        import readline  # noqa: F401  line editing and history where the platform has it
    _keep_terminal()
    print("SQL, read-only, a semicolon ends a statement. `select * from readme;` lists the tables.")
    pending = ""
    while True:
        try:
            # At the prompt Ctrl-C leaves the shell; a statement it ends at once, and the shell with it.
            with signals.keyboard_interrupts():
                line = input("spbe> " if not pending else "  ... ")
        except (EOFError, KeyboardInterrupt):
            print()
            return
        if not line.strip() and not pending:
            return
        pending += line + "\n"
        if not line.rstrip().endswith(";") and line.strip():
            continue
        try:
            _answer(con, pending.strip().rstrip(";"), csv)
        except duckdb.Error as error:
            print(error, file=sys.stderr)
        pending = ""


def _keep_terminal() -> None:
    """Stopped at its prompt, the shell leaves a terminal that shows again what is typed."""
    import contextlib

    from orchestration.cli import signals

    with contextlib.suppress(ImportError, OSError, ValueError):
        import termios

        terminal = sys.stdin.fileno()
        state = termios.tcgetattr(terminal)
        signals.at_stop(lambda: termios.tcsetattr(terminal, termios.TCSANOW, state))

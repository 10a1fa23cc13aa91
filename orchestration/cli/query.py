"""`spbe query`: ask the published database, read-only."""

from __future__ import annotations

import re
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import duckdb

    Row = Sequence[object]

_HELP = """\
A semicolon ends a statement. Besides SQL:
  .tables            every table and view, and what a row of it is
  .describe NAME     its columns, their types and what they mean
  .format FORM       table, csv or json
  .help              this
  .quit              leave, as an empty line does"""


# Two dashes and a blank, or a text of several lines: no option is written so.
_COMMENT = re.compile(r"--(?:\s|[^\n]*\n)")


class Format(StrEnum):
    """How rows are written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


class WithComments(TyperCommand):
    """A command whose statements may begin with a comment, which is no option."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read arguments; a blank before what begins as a comment keeps it from being read as an option."""
        return super().parse_args(ctx, [f" {arg}" if _COMMENT.match(arg) else arg for arg in args])


def query(
    sql: Annotated[
        str | None,
        typer.Argument(
            help="Statements, a semicolon between them, or .tables, .describe NAME; else an SQL shell."
        ),
    ] = None,
    form: Annotated[
        Format, typer.Option("--format", "-f", help="How rows are written; parquet wants --output.")
    ] = Format.TABLE,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="File for the rows of the one statement."),
    ] = None,
    csv: Annotated[bool, typer.Option("--csv", help="The same as --format csv.")] = False,
) -> None:
    """Query the published database; the pipeline may run meanwhile."""
    import duckdb

    from orchestration.cli.common import Failure, open_published

    form = Format.CSV if csv else form
    if form is Format.PARQUET and output is None:
        raise Failure("--format parquet wants a file: --output FILE", 2)
    if output is not None and sql is None:
        raise Failure("--output wants a statement", 2)
    con = duckdb.connect(
        str(open_published()), read_only=True, config={"storage_compatibility_version": "v1.2.0"}
    )
    # A question needs no other file, and a pasted one should not read any.
    con.execute("set enable_external_access = false")
    if sql is None:
        _shell(con, form)
        return
    if sql.lstrip().startswith("."):
        _command(con, sql, form)
        return
    try:
        if output is not None:
            _save(con, sql, form, output)
        else:
            _answer(con, sql, form)
    except duckdb.Error as error:
        raise Failure(_explained(con, error)) from error


def _save(con: duckdb.DuckDBPyConnection, sql: str, form: Format, output: Path) -> None:
    from orchestration.cli.common import Failure

    statements = con.extract_statements(sql)
    if len(statements) != 1:
        raise Failure(f"--output wants one statement, found {len(statements)}", 2)
    con.execute(statements[0])
    try:
        if form is Format.PARQUET:
            from pyarrow import parquet

            parquet.write_table(con.to_arrow_table(), output)
            return
        with output.open("w", encoding="utf-8", newline="") as file:
            _write(con, form, lambda text: file.write(text + "\n"))
    except OSError as error:
        raise Failure(f"{output} can not be written: {error.strerror}") from error


def _answer(con: duckdb.DuckDBPyConnection, sql: str, form: Format) -> None:
    for number, statement in enumerate(con.extract_statements(sql)):
        if number:
            print()
        con.execute(statement)
        _write(con, form, print)


def _write(con: duckdb.DuckDBPyConnection, form: Format, write: Callable[[str], object]) -> None:
    """Write the rows of the statement that was just executed, line by line."""
    import shutil

    from orchestration.cli.common import table_lines

    columns = [d[0] for d in con.description or []]
    rows = con.fetchall() if columns else []
    if form is Format.CSV:
        for row in [columns, *rows]:
            write(_csv_line(row))
    elif form is Format.JSON:
        write("[" + ",\n ".join(_json(columns, row) for row in rows) + "]")
    else:
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        for line in table_lines(columns, rows, width):
            write(line)


def _csv_line(row: Row) -> str:
    import csv as csv_module
    import io

    line = io.StringIO()
    csv_module.writer(line, lineterminator="").writerow(row)
    return line.getvalue()


def _json(columns: Sequence[str], row: Row) -> str:
    """Give one row as an object of JSON; what has no form there, such as a date, as text."""
    import json
    from decimal import Decimal

    def plain(value: object) -> object:
        if isinstance(value, Decimal):
            return int(value) if value == value.to_integral_value() else float(value)
        return str(value)

    return json.dumps(dict(zip(columns, row, strict=True)), ensure_ascii=False, default=plain)


def _tables(con: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    """Name and first sentence of every table and view."""
    return con.execute(
        """
        select name, coalesce(split_part(told, '. ', 1), '') from (
            select table_name as name, comment as told from duckdb_tables()
            union all
            select view_name, comment from duckdb_views() where not internal
        ) order by name
        """
    ).fetchall()


def _explained(con: duckdb.DuckDBPyConnection, error: duckdb.Error) -> str:
    """Give DuckDB's words; where a table is not there, the names of ours that come near."""
    from exports.database import near_names

    missing = re.search(r"Table with name \"?([^\"\s]+)\"? does not exist", str(error))
    if missing is None:
        return str(error)
    names = [name for name, _ in _tables(con)]
    near = near_names(missing[1], names)
    hint = f"; near: {', '.join(near)}" if near else ""
    return f'there is no table "{missing[1]}"{hint}; `select * from readme` lists all'


def _command(con: duckdb.DuckDBPyConnection, line: str, form: Format) -> Format | None:
    """Do what a line that begins with a dot asks; the form to write in from then on, None to leave."""
    word, _, rest = line.strip().partition(" ")
    rest = rest.strip().rstrip(";")
    if word in (".quit", ".exit", ".q"):
        return None
    if word == ".tables":
        from orchestration.cli.common import print_rows

        print_rows(["table", "a row"], _tables(con))
    elif word == ".describe" and rest:
        con.execute(
            "select column_name, data_type, coalesce(comment, '') as meaning from duckdb_columns() "
            "where table_name = ? order by column_index",
            [rest],
        )
        _write(con, form, print)
    elif word == ".format" and rest in (Format.TABLE, Format.CSV, Format.JSON):
        return Format(rest)
    else:
        print(_HELP)
    return form


def _shell(con: duckdb.DuckDBPyConnection, form: Format) -> None:
    import duckdb

    from orchestration.cli import signals

    _keep_history()
    _keep_terminal()
    print("SQL, read-only, a semicolon ends a statement; .tables, .describe NAME, .help.")
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
        if line.startswith(".") and not pending:
            chosen = _command(con, line, form)
            if chosen is None:
                return
            form = chosen
            continue
        pending += line + "\n"
        if not line.rstrip().endswith(";") and line.strip():
            continue
        try:
            _answer(con, pending, form)
        except duckdb.Error as error:
            print(_explained(con, error), file=sys.stderr)
        pending = ""


def _keep_history() -> None:
    """Line editing, and lines of earlier shells, where the platform has them."""
    import atexit
    import contextlib

    from orchestration.settings import Settings

    with contextlib.suppress(ImportError, OSError):
        import readline

        history = Settings().home / "query-history"
        with contextlib.suppress(FileNotFoundError):
            readline.read_history_file(history)
        readline.set_history_length(1000)

        def keep() -> None:
            with contextlib.suppress(OSError):
                readline.write_history_file(history)

        atexit.register(keep)


def _keep_terminal() -> None:
    """Stopped at its prompt, the shell leaves a terminal that shows again what is typed."""
    import contextlib

    from orchestration.cli import signals

    if not sys.stdin.isatty():
        return
    with contextlib.suppress(ImportError, OSError, ValueError):
        import termios

        terminal = sys.stdin.fileno()
        state = termios.tcgetattr(terminal)
        signals.at_stop(lambda: termios.tcsetattr(terminal, termios.TCSANOW, state))

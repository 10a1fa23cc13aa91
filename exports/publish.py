"""From the marts to the file that analysts open: `published/spbe.duckdb`.

Belongs here: copying the marts with their comments, the table `readme`, the ready questions, the check of
the new file, the rename. Stays out: computing or changing any value; the questions' SQL (`questions/`).
"""

import csv
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import duckdb

from expectations.quoting import identifier, literal
from exports.aside import rename_in
from exports.database import (
    CONFIG,
    Table,
    count_rows,
    list_tables,
    open_published,
    read_rows,
)
from exports.dictionary import BOTH, Dictionary, Grain, Meaning, write_dictionary
from exports.labels import COMMENT, GRAIN, LABELS, write_labels

QUESTIONS = Path(__file__).parent / "questions"
MARTS_SCHEMA = "marts"

_README_COMMENT = (
    "What this database holds. Grain: one row per table or ready question. Primary key: table_name."
)
_README_COLUMNS = {
    "table_name": "Name of the table or of the ready question (a view)",
    "kind": "table, or question for a ready question",
    "grain": "What one row stands for; NULL for a question",
    "primary_key": "Columns that tell its rows apart; NULL for a question",
    "description": "What the table holds, or the question that the view answers (Indonesian, then English)",
    "rows": "Number of rows on the day of publishing",
    "example_query": "A query to start from",
}


class PublishError(RuntimeError):
    """The marts cannot be published; the message says which table, column or question is at fault."""


def publish_database(
    warehouse: Path,
    published: Path,
    questions: Path | None = None,
    patience_seconds: float = 20,
    grains: Mapping[str, Grain] | None = None,
    dictionary: Dictionary | None = None,
) -> list[tuple[str, int]]:
    """Copy every mart, with comments, into a new published database and rename it in.

    Args:
        warehouse: the pipeline's database; its schema `marts` is published.
        published: the file analysts open; readers that hold the old file keep it.
        questions: folder of `<view>.sql` files whose first two lines are the question in Indonesian and in
            English, and `columns.csv`: what their columns mean in both, by `<column>`, or `<view>.<column>`
            where one view means something else; default: ours.
        patience_seconds: how long to wait for a process that still holds the warehouse.
        grains: of each mart by its name; added to its comment and shown in the table `readme`.
        dictionary: titles and descriptions in Indonesian, for the table `data_dictionary`; None: without it.

    Returns:
        (table, rows) of every published mart, by name.

    Raises:
        PublishError: warehouse missing, held or without marts; an undocumented table or column; a question
            that does not run; a copy that differs from its mart. The old published file then stays.
    """
    published.parent.mkdir(parents=True, exist_ok=True)
    aside = published.with_name(f".{published.name}.new")
    # A crashed run may have left these; a stale WAL would be replayed into the new file.
    for leftover in (aside, aside.with_name(f"{aside.name}.wal")):
        leftover.unlink(missing_ok=True)
    try:
        grains = grains or {}
        copied = [
            (replace(table, comment=f"{table.comment} {grains[table.name].sentence()}"), rows)
            if table.name in grains
            else (table, rows)
            for table, rows in _copy_marts(warehouse, aside, patience_seconds)
        ]
        tables = [table for table, _ in copied]
        views = _add_guides(aside, tables, grains, dictionary, questions or QUESTIONS)
        _check(aside, copied, views)
        rename_in(aside, published)
    finally:
        aside.unlink(missing_ok=True)
    return [(table.name, rows) for table, rows in copied]


def _copy_marts(warehouse: Path, aside: Path, patience_seconds: float) -> list[tuple[Table, int]]:
    connection = _open_warehouse(warehouse, patience_seconds)
    try:
        connection.execute("set TimeZone = 'UTC'")
        # Merges a WAL that a killed process left, so that what is copied is what stands on disk.
        connection.execute("checkpoint")
        # A mart that is a view in the warehouse is a table in the published file.
        tables = list_tables(connection, MARTS_SCHEMA, with_views=True)
        if not tables:
            raise PublishError(f"{warehouse}: schema {MARTS_SCHEMA} holds no table; build the marts first")
        _refuse_undocumented(tables)
        connection.execute(f"attach {literal(str(aside))} as published (storage_version 'v1.2.0')")
        copied = []
        for table in tables:
            name = identifier(table.name)
            # `order by all` is total up to equal rows, so equal marts give equal tables.
            connection.execute(
                f"create table published.main.{name} as select * from {MARTS_SCHEMA}.{name} order by all"
            )
            rows = connection.execute(f"select count(*) from {MARTS_SCHEMA}.{name}").fetchone()
            copied.append((table, rows[0] if rows else 0))
        connection.execute("detach published")
        return copied
    finally:
        connection.close()


def _open_warehouse(warehouse: Path, patience_seconds: float) -> duckdb.DuckDBPyConnection:
    if not warehouse.is_file():
        raise PublishError(f"{warehouse}: no warehouse; run the chain first (`spbe run`)")
    deadline = time.monotonic() + patience_seconds
    while True:
        try:
            # Read-write on purpose: it fails while any other process still holds the file, where a read-only
            # connection would copy the state that process has not written yet.
            return duckdb.connect(str(warehouse), config=CONFIG)
        except duckdb.IOException as error:
            if time.monotonic() >= deadline:
                raise PublishError(
                    f"{warehouse}: still held by another process after {patience_seconds:g} s; "
                    f"end it and run again ({error})"
                ) from error
            time.sleep(min(0.5, max(patience_seconds, 0.01)))


def _refuse_undocumented(tables: list[Table]) -> None:
    missing = [f"{table.name} (table)" for table in tables if not table.comment]
    missing += [
        f"{table.name}.{column.name}" for table in tables for column in table.columns if not column.comment
    ]
    if missing:
        raise PublishError(
            "without a description, so not published: "
            + ", ".join(missing)
            + "; describe them in the model's .yml"
        )


def _add_guides(
    aside: Path,
    tables: list[Table],
    grains: Mapping[str, Grain],
    dictionary: Dictionary | None,
    questions: Path,
) -> list[str]:
    """Write comments, ready questions and the tables that tell of others; the names of the views."""
    connection = duckdb.connect(str(aside), config=CONFIG)
    try:
        connection.execute("set TimeZone = 'UTC'")
        # One transaction: each of a thousand comments would wait for the disk by itself.
        connection.execute("begin")
        readme: list[tuple[str, str, str | None, list[str] | None, str, int, str]] = []
        for table in tables:
            _comment(connection, table)
            readme.append(
                (
                    table.name,
                    "table",
                    grains[table.name].row if table.name in grains else None,
                    list(grains[table.name].key) if table.name in grains else None,
                    table.comment,
                    count_rows(connection, table.name),
                    f"select * from {table.name} limit 20",
                )
            )
        views = []
        words: dict[tuple[str, str], Meaning] = {}
        meanings = _question_columns(questions)
        titles = {column: told.title for (_, column), told in sorted((dictionary or {}).items())}
        for path in sorted(questions.glob("*.sql")):
            comment, rows, told = _create_question(connection, path, meanings)
            views.append(path.stem)
            words |= {
                (path.stem, name): Meaning(
                    (titles.get(name) if name else None) or _title(name or path.stem), indonesian
                )
                for name, indonesian in told.items()
            }
            readme.append((path.stem, "question", None, None, comment, rows, f"select * from {path.stem}"))
        labels = write_labels(connection)
        readme.append(
            (LABELS, "table", GRAIN.row, list(GRAIN.key), COMMENT, labels, f"select * from {LABELS} limit 20")
        )
        connection.execute(
            "create table readme (table_name varchar, kind varchar, grain varchar, primary_key varchar[], "
            'description varchar, "rows" bigint, example_query varchar)'
        )
        connection.executemany("insert into readme values (?, ?, ?, ?, ?, ?, ?)", readme)
        connection.execute(f"comment on table readme is {literal(_README_COMMENT)}")
        for name, comment in _README_COLUMNS.items():
            connection.execute(f"comment on column readme.{identifier(name)} is {literal(comment)}")
        if dictionary is not None:
            write_dictionary(connection, {**dictionary, **words})
        connection.execute("commit")
        return views
    finally:
        connection.close()


def _comment(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    name = identifier(table.name)
    comments = [f"comment on table {name} is {literal(table.comment)}"]
    comments += [
        f"comment on column {name}.{identifier(column.name)} is {literal(column.comment)}"
        for column in table.columns
    ]
    connection.execute("; ".join(comments))


def _title(name: str) -> str:
    """Write a name of a question or of its column as people would."""
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:]


def _question_columns(questions: Path) -> dict[str, tuple[str, str]]:
    """What a column of a question means, Indonesian and English, by its name, or by view and name
    (`columns.csv`).
    """
    path = questions / "columns.csv"
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        return {row["column"]: (row["description_id"], row["description_en"]) for row in csv.DictReader(file)}


def _create_question(
    connection: duckdb.DuckDBPyConnection, path: Path, meanings: Mapping[str, tuple[str, str]]
) -> tuple[str, int, dict[str, str]]:
    """Make one view from its file.

    Returns:
        Its comment in both languages, how many rows it answers with, and what it and its columns mean in
        Indonesian, by name; the view itself as ''.
    """
    first, second, query = (path.read_text(encoding="utf-8") + "\n\n").split("\n", 2)
    asked, asked_en = (line.removeprefix("--").strip() for line in (first, second))
    for number, (line, said) in enumerate(((first, asked), (second, asked_en)), 1):
        if not line.startswith("--") or not said:
            raise PublishError(
                f"{path}: line {number} must be the question as a comment (`-- …`), Indonesian, then "
                f"English; found {line!r}"
            )
    try:
        connection.execute(f"create view {identifier(path.stem)} as {query}")
        # All columns are read: a count alone would not meet an error in one of them.
        cursor = connection.execute(f"select * from {identifier(path.stem)}")
        columns = [described[0] for described in cursor.description or []]
        rows = len(cursor.fetchall())
    except duckdb.Error as error:
        raise PublishError(f"{path}: the question does not run: {error}") from error
    comment = BOTH.join((asked, asked_en))
    connection.execute(f"comment on view {identifier(path.stem)} is {literal(comment)}")
    told = {"": asked}
    for name in columns:
        meaning = meanings.get(f"{path.stem}.{name}") or meanings.get(name)
        if meaning:
            column = f"{identifier(path.stem)}.{identifier(name)}"
            connection.execute(f"comment on column {column} is {literal(BOTH.join(meaning))}")
            told[name] = meaning[0]
    return comment, rows, told


def _check(aside: Path, copied: list[tuple[Table, int]], views: list[str]) -> None:
    """Reopen the new file as an analyst would and compare it with what was to be copied."""
    with open_published(aside) as connection:
        found = {table.name: table for table in list_tables(connection)}
        for table, rows in copied:
            if found.get(table.name) != table:
                raise PublishError(
                    f"{table.name}: the published table differs from its mart in columns or comments"
                )
            published_rows = count_rows(connection, table.name)
            if published_rows != rows:
                raise PublishError(f"{table.name}: {rows} rows in the mart, {published_rows} published")
        _refuse_undocumented(list(found.values()))
        commented = read_rows(
            connection,
            "select view_name from duckdb_views() where not internal and comment <> '' order by all",
        )
        if [row["view_name"] for row in commented] != sorted(views):
            raise PublishError(f"questions asked for: {sorted(views)}; found as views: {commented}")

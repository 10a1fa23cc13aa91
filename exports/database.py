"""The published database as its readers see it: how to open it, which tables and columns it has.

Belongs here: reading names, types and comments. Stays out: what a table means (`dbt_project/`).
"""

import difflib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from expectations.quoting import identifier

# Files must open in DuckDB 1.2 and later, and one process cannot open a file with two configurations.
CONFIG: dict[str, str | bool | int | float | list[str]] = {"storage_compatibility_version": "v1.2.0"}


@dataclass(frozen=True)
class Column:
    """One column: its name, DuckDB type and comment (empty when undocumented)."""

    name: str
    data_type: str
    comment: str


@dataclass(frozen=True)
class Table:
    """One table: its name, comment (empty when undocumented) and columns in order."""

    name: str
    comment: str
    columns: tuple[Column, ...]

    @property
    def column_names(self) -> list[str]:
        """Names of the columns in the order of the table."""
        return [column.name for column in self.columns]


@contextmanager
def open_published(published: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the published database read-only, times in UTC, and close it at the end.

    Raises:
        FileNotFoundError: nothing has been published yet.
    """
    if not published.is_file():
        raise FileNotFoundError(f"{published}: no published database; run the chain first (`spbe run`)")
    connection = duckdb.connect(str(published), read_only=True, config=CONFIG)
    try:
        connection.execute("set TimeZone = 'UTC'")
        yield connection
    finally:
        connection.close()


def rulebook_names(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """The name on pages of every rulebook, by its id."""
    return dict(connection.execute("select rulebook_id, short_name from dim_rulebook").fetchall())


def list_tables(
    connection: duckdb.DuckDBPyConnection, schema: str = "main", *, with_views: bool = False
) -> list[Table]:
    """List the tables, on request also the views, of one schema of the connection's own database, by name."""
    columns: dict[str, list[Column]] = {}
    for table, name, data_type, comment in connection.execute(
        """
        select table_name, column_name, data_type, coalesce(comment, '')
        from duckdb_columns()
        where schema_name = ? and database_name = current_database() and not internal
        order by table_name, column_index
        """,
        [schema],
    ).fetchall():
        columns.setdefault(table, []).append(Column(name, data_type, comment.strip()))
    return [
        Table(name, comment.strip(), tuple(columns[name]))
        for name, comment in connection.execute(
            """
            select table_name, coalesce(comment, '')
            from (
                select table_name, comment, schema_name, database_name, internal from duckdb_tables()
                union all
                select view_name, comment, schema_name, database_name, internal from duckdb_views()
                where $views
            )
            where schema_name = $schema and database_name = current_database() and not internal
            order by table_name
            """,
            {"schema": schema, "views": with_views},
        ).fetchall()
    ]


def read_rows(
    connection: duckdb.DuckDBPyConnection, query: str, parameters: list[Any] | dict[str, Any] | None = None
) -> list[dict[str, Any]]:
    """Run a query and return its rows as dictionaries by column name."""
    result = connection.execute(query, parameters or [])
    names = [column[0] for column in result.description or []]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def insert_texts(
    connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Sequence[str | None]]
) -> None:
    """Add rows to a table whose columns are all texts; at once, since each statement is planned anew.

    Args:
        connection: of a database that can be written.
        table: its name.
        rows: at least one, each with a text for every column.
    """
    columns = [list(column) for column in zip(*rows, strict=True)]
    texts = ", ".join("unnest(?::varchar[])" for _ in columns)
    connection.execute(f"insert into {identifier(table)} select {texts}", columns)


def count_rows(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    """Count the rows of one table or view."""
    row = connection.execute(f"select count(*) from {identifier(table)}").fetchone()
    assert row is not None
    return int(row[0])


def near_names(wanted: str, names: Sequence[str]) -> list[str]:
    """Give the names that a slip in `wanted` may have meant, the nearest first; six at most."""
    near = difflib.get_close_matches(wanted, names, n=3, cutoff=0.5)
    return near + [name for name in names if wanted.lower() in name and name not in near][:3]

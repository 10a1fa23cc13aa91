"""DuckDB as SQLAlchemy sees it: as much of a dialect as Great Expectations asks for, and no more.

Belongs here: connecting, statements, names, and the columns of a relation. Stays out: what is asked
(`suite.py`). Importing this registers the dialect: `duckdb://` is a database in memory,
`duckdb:///<path>?<setting>=<value>` a file with settings of DuckDB's own (`access_mode=read_only`);
`create_engine("duckdb://", creator=lending(con))` uses a connection that is open already.

The package duckdb-engine is not used: its last release is of March 2025, and what we need of it (an open
connection, DuckDB's own names) was reached through its private attributes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import duckdb
from sqlalchemy import URL, Pool, StaticPool, exc, types
from sqlalchemy.dialects import registry
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.sql.compiler import IdentifierPreparer

# Most types bear DuckDB's names in SQLAlchemy, too.
_OTHER_NAMES = {"ENUM": "VARCHAR", "TINYINT": "SMALLINT", "UTINYINT": "SMALLINT", "USMALLINT": "INTEGER"} | {
    "UINTEGER": "BIGINT",
    "UBIGINT": "NUMERIC",
    "HUGEINT": "NUMERIC",
    "UHUGEINT": "NUMERIC",
    "JSON": "VARCHAR",
}


def sql_type(name: str) -> types.TypeEngine[Any]:
    """SQLAlchemy's type for one of DuckDB's, as DESCRIBE writes it.

    NullType, whose values pass as they are, where SQLAlchemy has no word for it (STRUCT, MAP, UNION, …).
    """
    if items := re.fullmatch(r"(.*)\[\d*\]", name):
        return types.ARRAY(sql_type(items[1]))
    if decimal := re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", name):
        return types.DECIMAL(int(decimal[1]), int(decimal[2]))
    if name.endswith(" WITH TIME ZONE"):
        return (types.TIMESTAMP if name.startswith("TIMESTAMP") else types.TIME)(timezone=True)
    # TIMESTAMP_NS, ENUM('a', 'b').
    word = re.split("[(_]", name)[0]
    known = getattr(types, _OTHER_NAMES.get(word, word), types.NullType)
    return known() if issubclass(known, types.TypeEngine) else types.NullType()


class _Cursor:
    """The rows of one statement, all of them: Great Expectations reads some after closing the connection."""

    arraysize = 1
    rowcount = -1

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self._con = con
        self._rows: list[tuple[Any, ...]] = []
        self.description: list[Any] | None = None

    def execute(self, statement: str, parameters: Sequence[Any] = ()) -> None:
        self._con.execute(statement, list(parameters))
        self.description = self._con.description
        self._rows = self._con.fetchall()[::-1]

    def fetchone(self) -> tuple[Any, ...] | None:
        return self._rows.pop() if self._rows else None

    def fetchmany(self, size: int = 1) -> list[tuple[Any, ...]]:
        return [self._rows.pop() for _ in range(min(size, len(self._rows)))]

    def fetchall(self) -> list[tuple[Any, ...]]:
        return self.fetchmany(len(self._rows))

    def close(self) -> None:
        """Nothing is held open."""


class _Connection:
    """A connection whose cursors share its temporary tables and macros; DuckDB's own cursors do not."""

    def __init__(self, con: duckdb.DuckDBPyConnection, is_lent: bool = False) -> None:
        self._con, self._is_lent = con, is_lent

    def cursor(self) -> _Cursor:
        return _Cursor(self._con)

    def commit(self) -> None:
        """Every statement commits itself."""

    def rollback(self) -> None:
        """SQLAlchemy asks for it whenever a connection goes back to its pool."""

    def close(self) -> None:
        if not self._is_lent:
            self._con.close()


def lending(con: duckdb.DuckDBPyConnection) -> Callable[[], _Connection]:
    """The `creator` of an engine that uses an open connection and leaves it open."""
    return lambda: _Connection(con, is_lent=True)


class _Names(IdentifierPreparer):
    """Quotes every name: then no word of DuckDB's grammar, and no sign in it, matters."""

    def quote(self, ident: str, force: Any = None) -> str:
        return self.quote_identifier(ident)


class DuckDBDialect(DefaultDialect):
    """DuckDB through the driver that comes with it."""

    name = "duckdb"
    driver = "duckdb"
    preparer = _Names
    supports_statement_cache = True
    supports_native_boolean = True
    supports_native_decimal = True
    supports_native_uuid = True
    supports_sane_rowcount = False

    @classmethod
    def import_dbapi(cls) -> Any:
        """DuckDB's own module."""
        return duckdb

    @classmethod
    def get_pool_class(cls, url: URL) -> type[Pool]:
        """One connection for all: a second one would be another database in memory."""
        return StaticPool

    def create_connect_args(self, url: URL) -> tuple[list[str], dict[str, Any]]:
        """Path and settings of the URL."""
        return [url.database or ":memory:"], {"config": dict(url.query)}

    def connect(self, *args: Any, **kwargs: Any) -> _Connection:  # type: ignore[override]
        """Open the database.

        Raises:
            duckdb.Error: there is no such file, or it is held by a process that writes.
        """
        return _Connection(duckdb.connect(*args, **kwargs))

    def get_columns(  # type: ignore[override]
        self, connection: Any, table_name: str, schema: str | None = None, **_: Any
    ) -> list[dict[str, Any]]:
        """Names and types of a table or view, in its order.

        Raises:
            sqlalchemy.exc.NoSuchTableError: there is none of that name.
        """
        relation = ".".join(self.identifier_preparer.quote(name) for name in (schema, table_name) if name)
        try:
            rows = connection.exec_driver_sql(f"describe {relation}").fetchall()
        except exc.ProgrammingError as error:
            raise exc.NoSuchTableError(relation) from error
        return [
            {"name": name, "type": sql_type(type_), "nullable": null != "NO", "default": None}
            for name, type_, null, *_ in rows
        ]


registry.register("duckdb", __name__, "DuckDBDialect")

"""What Great Expectations needs of SQLAlchemy to talk to DuckDB.

GX reads rows after it has closed their cursor and asks for PostgreSQL's regular expressions; duckdb-engine
alone answers neither (most expectations then fail with "list index out of range"). Register by importing.
"""

from __future__ import annotations

from typing import Any

import duckdb
import duckdb_engine
from sqlalchemy import BigInteger, Boolean, Date, DateTime, Double, Integer, Numeric, String
from sqlalchemy.dialects import registry

_TYPES = {
    "BIGINT": BigInteger,
    "BOOLEAN": Boolean,
    "DATE": Date,
    "DECIMAL": Numeric,
    "DOUBLE": Double,
    "INTEGER": Integer,
    "TIMESTAMP": DateTime,
}


class _Cursor(duckdb_engine.CursorWrapper):
    """Holds its rows, so that they can be read after the cursor is closed."""

    def __init__(self, cursor: Any, connection: Any) -> None:
        super().__init__(cursor, connection)
        self._raw, self._described, self._at = cursor, None, 0
        self._rows: list[Any] = []

    def execute(self, statement: str, parameters: Any = None, context: Any = None) -> None:
        super().execute(statement, parameters, context)
        self._described, self._at = self._raw.description, 0
        try:
            self._rows = self._raw.fetchall() if self._described else []
        except duckdb.Error:
            self._rows = []

    @property
    def description(self) -> Any:
        return self._described

    @property
    def rowcount(self) -> int:
        return -1

    def fetchmany(self, size: int | None = None) -> list[Any]:
        rows = self._rows[self._at : self._at + (size or 1)]
        self._at += len(rows)
        return rows

    def fetchall(self) -> list[Any]:
        rows = self._rows[self._at :]
        self._at = len(self._rows)
        return rows

    def fetchone(self) -> Any:
        return next(iter(self.fetchmany(1)), None)


class _Connection(duckdb_engine.ConnectionWrapper):
    def __init__(self, connection: Any) -> None:
        super().__init__(connection)
        self._raw = connection

    def cursor(self) -> _Cursor:
        return _Cursor(self._raw, self)


_opened: list[_Connection] = []


def close_connections() -> None:
    """Close every connection that was opened through the dialect: GX keeps some beyond its engine's end."""
    while _opened:
        _opened.pop().close()


class Dialect(duckdb_engine.Dialect):
    """DuckDB, introduced to GX as PostgreSQL."""

    name = "postgresql"
    supports_statement_cache = True

    def connect(self, *args: Any, **kwargs: Any) -> _Connection:  # type: ignore[override]
        """Open a connection that `close_connections` knows."""
        _opened.append(_Connection(super().connect(*args, **kwargs)._ConnectionWrapper__c))
        return _opened[-1]

    def get_columns(  # type: ignore[override]
        self, connection: Any, table_name: str, schema: str | None = None, **_: Any
    ) -> list[dict[str, Any]]:
        """Names and types of a table; PostgreSQL's catalogue, which DuckDB imitates, costs ten times more."""
        relation = ".".join(f'"{name}"' for name in (schema, table_name) if name)
        rows = connection.exec_driver_sql(f"describe {relation}").fetchall()
        return [
            {"name": row[0], "type": _TYPES.get(row[1].partition("(")[0], String)(), "nullable": True}
            for row in rows
        ]


registry.register("duckdb.gx", __name__, "Dialect")

"""The dialect on a real DuckDB: names, types and values as they are, in memory, in a file, lent."""

import datetime as dt
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
import sqlalchemy as sa

from expectations.duckdb_dialect import lending

NAMES = ["select", "qualify", 'a "quoted" name', "Ünïcødé 測試", "usage.row.is_month", "Besar"]
# Expression in DuckDB, the value in Python, SQLAlchemy's type of the column.
VALUES = [
    ("1.10::decimal(10, 2)", Decimal("1.10"), sa.Numeric),
    ("9223372036854775807::bigint", 2**63 - 1, sa.BigInteger),
    ("1::utinyint", 1, sa.SmallInteger),
    ("0.1::double", 0.1, sa.Double),
    ("true", True, sa.Boolean),
    ("'Ünïcødé 測試 %s ? :x'", "Ünïcødé 測試 %s ? :x", sa.String),
    ("date '2026-11-24'", dt.date(2026, 11, 24), sa.Date),
    ("timestamp '2026-11-24 01:30:00.000001'", dt.datetime(2026, 11, 24, 1, 30, 0, 1), sa.DateTime),  # noqa: DTZ001
    ("timestamptz '2026-11-24 01:30:00+00'", dt.datetime(2026, 11, 24, 1, 30, tzinfo=dt.UTC), sa.DateTime),
    ("['a', null]", ["a", None], sa.ARRAY),
    ("[1.5::decimal(4, 1)]", [Decimal("1.5")], sa.ARRAY),
    ("{'x': 1, 'y z': null::varchar}", {"x": 1, "y z": None}, sa.types.NullType),
    ("map {'k': 1}", {"k": 1}, sa.types.NullType),
    ("null::varchar", None, sa.String),
]


def make_table(con: duckdb.DuckDBPyConnection) -> None:
    """A row of all values, in a table with a schema, under a name that needs quoting."""
    columns = ", ".join(f'{sql} as "c{i}"' for i, (sql, _, _) in enumerate(VALUES))
    con.execute(f'create schema "s p"; create table "s p"."order" as select {columns}')


def read_back(engine: sa.Engine) -> None:
    """Types by reflection, and values through the reflected types."""
    columns = sa.inspect(engine).get_columns("order", schema="s p")
    assert [c["name"] for c in columns] == [f"c{i}" for i in range(len(VALUES))]
    for column, (sql, _, type_) in zip(columns, VALUES, strict=True):
        assert isinstance(column["type"], type_), sql
    assert (columns[0]["type"].precision, columns[0]["type"].scale) == (10, 2)
    assert columns[8]["type"].timezone
    assert not columns[7]["type"].timezone
    assert isinstance(columns[10]["type"].item_type, sa.Numeric)
    table = sa.Table(
        "order", sa.MetaData(), *(sa.Column(c["name"], c["type"]) for c in columns), schema="s p"
    )
    with engine.connect() as connection:
        result = connection.execute(sa.select(table))
    # Rows outlive the connection, which went back to its pool.
    assert list(result.one()) == [value for _, value, _ in VALUES]


def test_types_and_values_in_a_file_that_is_only_read(tmp_path: Path) -> None:
    path = tmp_path / "gudang data.duckdb"
    with duckdb.connect(str(path)) as con:
        make_table(con)
    engine = sa.create_engine(f"duckdb:///{path}?access_mode=read_only")
    read_back(engine)
    with engine.connect() as connection, pytest.raises(sa.exc.DBAPIError, match="read-only"):
        connection.execute(sa.text("create table t (i int)"))
    engine.dispose()
    # Disposing lets go of the file: it can be written again.
    with duckdb.connect(str(path)) as con:
        con.execute("create table t (i int)")
    with pytest.raises(sa.exc.DBAPIError, match="does not exist"):
        sa.create_engine(f"duckdb:///{tmp_path / 'none.duckdb'}?access_mode=read_only").connect()


def test_a_lent_connection_is_used_as_it_is_and_stays_open() -> None:
    with duckdb.connect() as con:
        make_table(con)
        con.execute("begin; create temp table own (i int); create temp macro twice(x) as 2 * x")
        engine = sa.create_engine("duckdb://", creator=lending(con))
        read_back(engine)
        with engine.connect() as connection:
            connection.execute(sa.text("insert into own values (1)"))
            assert connection.execute(sa.text("select twice(i) from own")).scalar() == 2
            connection.rollback()
        engine.dispose()
        # Neither pool nor SQLAlchemy ended the lender's transaction.
        assert con.execute("select * from own").fetchall() == [(1,)]
        con.execute("rollback")


def test_every_name_is_quoted_and_every_parameter_bound() -> None:
    engine = sa.create_engine("duckdb://")
    table = sa.Table(NAMES[0], sa.MetaData(), *(sa.Column(name, sa.String) for name in NAMES))
    with engine.connect() as connection:
        columns = ", ".join('"' + name.replace('"', '""') + '" varchar' for name in NAMES)
        connection.exec_driver_sql(f'create table "{NAMES[0]}" ({columns})')
        row = dict.fromkeys(NAMES, "'; drop table x; --")
        connection.execute(table.insert().values(row))
    with engine.connect() as connection:
        # In memory, too, a second connection sees the same database.
        found = connection.execute(sa.select(table).where(table.c[NAMES[2]].in_(["'; drop table x; --"])))
        assert found.mappings().one() == row
    assert [c["name"] for c in sa.inspect(engine).get_columns(NAMES[0])] == NAMES
    with pytest.raises(sa.exc.NoSuchTableError):
        sa.inspect(engine).get_columns("nothing")


def test_rows_are_given_once_and_in_order() -> None:
    with sa.create_engine("duckdb://").connect() as connection:
        result = connection.execute(sa.text("select * from range(5)"))
        assert result.fetchone() == (0,)
        assert result.fetchmany(2) == [(1,), (2,)]
        assert result.fetchall() == [(3,), (4,)]
        assert connection.execute(sa.text("select 1 where false")).fetchone() is None

"""Everything that can be read out of the files of a home.

Belongs here: unpacking databases, Parquet, workbooks, gz and PDF, so that a search meets what a reader would;
a search in bytes alone cannot fail on compressed columns. Stays out: what is searched for.
"""

import gzip
import re
import sqlite3
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import duckdb


def database_texts(path: Path) -> Iterator[tuple[str, str]]:
    con = duckdb.connect(str(path), read_only=True, config={"storage_compatibility_version": "v1.2.0"})
    try:
        tables = con.execute(
            "select database_name, schema_name, table_name from duckdb_tables() where not internal"
        ).fetchall()
        for table in tables:
            name = ".".join(f'"{part}"' for part in table)
            for (row,) in con.execute(f"select to_json(t)::varchar from {name} as t").fetchall():
                yield name, row
        for (text,) in con.execute(
            "select concat_ws(' ', sql, comment) from duckdb_tables() union all"
            " select concat_ws(' ', sql, comment) from duckdb_views()"
        ).fetchall():
            yield "definitions", text
    finally:
        con.close()


def sqlite_texts(path: Path) -> Iterator[tuple[str, str]]:
    con = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        for (name,) in con.execute("select name from sqlite_master where type = 'table'").fetchall():
            for row in con.execute(f'select * from "{name}"'):
                yield name, repr(row)
    finally:
        con.close()


def texts(path: Path) -> Iterator[tuple[str, str]]:
    """Everything that can be read out of a file, unpacked, and its raw bytes."""
    data = path.read_bytes()
    if path.suffix == ".duckdb":
        yield from database_texts(path)
    elif data.startswith(b"SQLite format 3"):
        yield from sqlite_texts(path)
    elif path.suffix == ".parquet":
        with duckdb.connect() as con:
            rows = con.execute(f"select to_json(t)::varchar from read_parquet('{path}') as t").fetchall()
        for (row,) in rows:
            yield "rows", row
    elif data.startswith(b"\x1f\x8b"):
        yield "gz", gzip.decompress(data).decode("utf-8", "replace")
    elif data.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                yield name, archive.read(name).decode("utf-8", "replace")
    elif data.startswith(b"%PDF"):
        for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", data, re.DOTALL):
            try:
                yield "stream", zlib.decompress(stream).decode("latin-1")
            except zlib.error:
                yield "stream", stream.decode("latin-1")
    yield "bytes", data.decode("latin-1")
    yield "name", str(path)

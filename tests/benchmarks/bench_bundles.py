"""How long a hub's bundles take: as many instansi as there are regencies, from one database in one run.

Run by hand: `.venv/bin/python tests/benchmarks/bench_bundles.py PUBLISHED [INSTANSI [AT_ONCE]]`, PUBLISHED
the `published/spbe.duckdb` of a home that ran the example. It copies the rows of 99.99 for each instansi into
one database, builds a bundle of each, then all again where nothing happened, and prints processor seconds and
the largest memory, after the first and after every AT_ONCE bundles: they should not grow. No threshold:
numbers to compare on the same machine.
"""

import resource
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import duckdb

from exports.bundle import build_bundle, measured_instansi
from exports.database import CONFIG, identifier, list_tables

MODEL = "99.99"


def multiply(source: Path, target: Path, instansi: int) -> int:
    """Write a published database with the rows of `MODEL` for each of so many codes; how many rows it has."""
    rows = 0
    with duckdb.connect(str(target), config=CONFIG) as connection:
        connection.execute(f"attach '{source}' as one (read_only)")
        connection.execute(
            f"create temp table codes as select printf('7%04d', i) as hub_code from range({instansi}) as t(i)"
        )
        connection.execute("use one")
        tables = list_tables(connection)
        connection.execute("use " + identifier(target.stem))
        for table in tables:
            name = identifier(table.name)
            if "instansi_code" not in table.column_names:
                connection.execute(f"create table {name} as from one.{name}")
                continue
            own = [column.name for column in table.columns if column.data_type == "VARCHAR"]
            said = ", ".join(f"{_of_another(column)} as {identifier(column)}" for column in own)
            connection.execute(
                f"create table {name} as select * exclude (hub_code) replace ({said}) from one.{name}, codes "
                f"where instansi_code = '{MODEL}' order by all"
            )
            [count] = connection.execute(f"select count(*) from {name}").fetchone() or (0,)
            rows += count
    return rows


def _of_another(column: str) -> str:
    """The value of a column for another instansi: its code in every text, files of its own."""
    name = identifier(column)
    if column.endswith("sha256"):
        return f"case when {name} is not null then sha256(hub_code || {name}) end"
    return f"replace({name}, '{MODEL}', hub_code)"


def peak_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def build_all(published: Path, folder: Path, at_once: int) -> tuple[int, float]:
    began = last = time.process_time()
    new = 0
    for number, (code, period) in enumerate(measured_instansi(published), start=1):
        made = build_bundle(
            published,
            folder / "outbox",
            instansi_code=code,
            period=period,
            signing_key=folder / "signing.key",
            as_of=date(2026, 10, 31),
            made_by="a program",
        )
        new += made.is_new
        if number == 1 or number % at_once == 0:
            now = time.process_time()
            print(
                f"  after {number}: {now - last:.2f} CPU s since, largest memory {peak_mb()} MB", flush=True
            )
            last = now
    return new, time.process_time() - began


def main() -> None:
    source = Path(sys.argv[1])
    instansi = int(sys.argv[2]) if len(sys.argv) > 2 else 514
    at_once = int(sys.argv[3]) if len(sys.argv) > 3 else 50
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = multiply(source, folder / "hub.duckdb", instansi)
        print(f"{instansi} instansi, {rows:,} rows", flush=True)
        for what in ("built", "again, unchanged"):
            new, seconds = build_all(folder / "hub.duckdb", folder, at_once)
            print(f"{what}: {new} new, {seconds:.1f} CPU s, {seconds / instansi:.3f} each", flush=True)


if __name__ == "__main__":
    main()

"""What the models after counting cost in a hub: one home with the instansi of a province and of the nation.

Run by hand: `.venv/bin/python tests/benchmarks/bench_hub.py HOME [INSTANSI …]` (default 33 100 552), HOME a
home that ran the example. It copies what was received of 99.99 and its counted calls for each instansi into
one warehouse, builds seeds and all models after counting there, and prints processor seconds, peak memory and
the models that take longest; after the first size, by how much more than its size each grew. No threshold:
numbers to compare on the same machine.
"""

import json
import re
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import duckdb
from service_logs import ROOT, measure

from exports.database import CONFIG, identifier

MODEL = "99.99"
SIZES = (33, 100, 552)
COUNTED = "int_calls__counted_daily"
OWNERS = ("instansi_code", "_instansi_code")
# A model that takes less is the start of a query.
TOLD_SECONDS = 0.5


@dataclass(frozen=True)
class Built:
    """One build: of the whole command, and wall seconds by model."""

    instansi: int
    cpu_seconds: float
    memory_mb: int
    warehouse_mb: float
    models: dict[str, float]


def multiply(source: Path, target: Path, instansi: int) -> int:
    """Write a warehouse with the received rows of `MODEL` for each of so many codes; how many calls."""
    with duckdb.connect(str(target), config=CONFIG) as con:
        con.execute(f"attach '{source}' as one (read_only)")
        con.execute(
            "create temp table codes as select i, printf('7%04d', i) as hub_code"
            f" from range(1, {instansi + 1}) as t (i)"
        )
        # Views of the warehouse name its tables without the database.
        con.execute("use one")
        tables = con.execute(
            "select table_schema, table_name from information_schema.tables where table_catalog = 'one'"
            " and (table_schema in ('raw', 'reference') or table_name = ?"
            " or table_schema = 'lake' and table_name = 'service_call_files') order by all",
            [COUNTED],
        ).fetchall()
        hub = identifier(target.stem)
        for schema in sorted({schema for schema, _ in tables}):
            con.execute(f"create schema if not exists {hub}.{identifier(schema)}")
        for schema, table in tables:
            _copy(con, f"{identifier(schema)}.{identifier(table)}", hub)
        con.execute(
            f"create table {hub}.lake.service_calls as select * from one.lake.service_calls where false"
        )
        [calls] = con.execute(f"select sum(calls) from {hub}.intermediate.{COUNTED}").fetchone() or (0,)
        return int(calls)


def _copy(con: duckdb.DuckDBPyConnection, table: str, hub: str) -> None:
    columns = con.execute(f"describe one.{table}").fetchall()
    names = [name for name, *_ in columns]
    owner = next((name for name in OWNERS if name in names), None)
    said = [f"{sql} as {identifier(name)}" for name, kind, *_ in columns if (sql := _of_another(name, kind))]
    if table.endswith(identifier("service_call_files")):
        chosen = (
            f"where file_id in (select file_id from one.raw.intake_files where instansi_code = '{MODEL}')"
        )
    elif owner and not table.endswith(identifier("run_settings")):
        chosen = f"where {owner} = '{MODEL}'"
    else:
        con.execute(f"create table {hub}.{table} as from one.{table}")
        return
    replaced = f" replace ({', '.join(said)})" if said else ""
    con.execute(
        f"create table {hub}.{table} as"
        f" select * exclude (hub_code, i){replaced} from one.{table}, codes {chosen}"
    )


def _of_another(column: str, kind: str) -> str | None:
    """The value of a column for another instansi: its code in every text, files of its own."""
    name = identifier(column)
    if column == "filed":
        owned = "sha256(hub_code || f.file_id)"
        partner = "case when f.partner_file_id is not null then sha256(hub_code || f.partner_file_id) end"
        kept = re.findall(r"(\w+) (?:VARCHAR|BOOLEAN|BIGINT)", kind)
        parts = {part: f"f.{part}" for part in kept} | {"file_id": owned, "partner_file_id": partner}
        packed = ", ".join(f"{part} := {sql}" for part, sql in parts.items())
        return f"list_transform(filed, lambda f: struct_pack({packed}))"
    if column.endswith("file_order"):
        return f"{name} + i * 1000000"
    if kind != "VARCHAR":
        return None
    if column.endswith(("sha256", "file_id")):
        return f"case when {name} is not null then sha256(hub_code || {name}) end"
    return f"replace({name}, '{MODEL}', hub_code)"


def measure_index(home: Path, instansi: int) -> Built:
    """Build seeds and all models after counting for so many instansi."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        warehouse = folder / "hub.duckdb"
        multiply(home / "warehouse.duckdb", warehouse, instansi)
        command = ["env", f"SPBE_WAREHOUSE={warehouse}", str(Path(sys.executable).with_name("dbt")), "build"]
        command += ["--quiet", "--project-dir", str(ROOT / "dbt_project"), "--exclude", "tag:daily"]
        command += ["--profiles-dir", str(ROOT / "dbt_project"), "--exclude-resource-types"]
        command += ["test", "unit_test", "exposure"]
        command += ["--target-path", str(folder / "target"), "--log-path", str(folder / "logs")]
        cpu, _, memory = measure(command)
        results = json.loads((folder / "target" / "run_results.json").read_text("utf-8"))["results"]
        models = {r["unique_id"].rsplit(".", 1)[1]: r["execution_time"] for r in results}
        return Built(instansi, cpu, memory, warehouse.stat().st_size / 1e6, models)


def main() -> None:
    """Build at every size; print one line each, and the models that take longest."""
    home = Path(sys.argv[1])
    before: Built | None = None
    for instansi in [int(text) for text in sys.argv[2:]] or SIZES:
        built = measure_index(home, instansi)
        print(
            f"{instansi} instansi: {built.cpu_seconds:.1f} CPU s, {built.memory_mb} MB at most, "
            f"warehouse {built.warehouse_mb:.0f} MB",
            flush=True,
        )
        for model, took in sorted(built.models.items(), key=lambda item: -item[1])[:15]:
            if took < TOLD_SECONDS:
                break
            grew = ""
            if before and before.models.get(model):
                factor = took / before.models[model] / (instansi / before.instansi)
                grew = f"  {factor:.2f} x its share of {before.instansi}"
            print(f"  {took:7.1f} s  {model}{grew}", flush=True)
        before = built


if __name__ == "__main__":
    main()

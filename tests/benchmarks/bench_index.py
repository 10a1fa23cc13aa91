"""How long the index takes for a nation: 10,000 instansi, 47 indicators, 5 stages, 5 years.

Run by hand: `.venv/bin/python tests/benchmarks/bench_index.py [INSTANSI [MEMORY]]`, MEMORY as DuckDB writes
it (`3GB`). It fills the raw table that intake would fill, runs the models from there to printed and ranked
scores of every node, reads every column of every score once (`fct_scores` is a view), and prints seconds a
model, processor seconds and the largest memory. Beside them what DuckDB takes for the bare work: the levels
summed to their aspects, and sums and levels written. No threshold: a number to compare on the same machine.
"""

import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

ROOT = Path(__file__).parents[2]
RAW = ROOT / "tests" / "data" / "raw_index.sql"
# The index alone: what the measures hand to it stands in RAW, empty.
MODELS = (
    "resource_type:seed",
    "staging.self_assessment",
    "staging.published_index",
    "staging.rulebook",
    "staging.scores",
    "staging.opd_register",
    "int_instansi_names__matched",
    "int_units__scored",
    "int_rulebooks__listed",
    "int_nodes__weighted",
    "int_scores__received",
    "int_assessments__listed",
    "int_score_files__listed",
    "int_scores__observed",
    "int_scores__aggregated",
    "int_scores__framed",
    "int_scores__completed",
    "dim_node",
    "fct_scores",
    "fct_ranks",
)
ONLY_MODELS = ("--exclude-resource-types", "test", "unit_test")


def fill(warehouse: Path, instansi: int) -> int:
    """Levels of every indicator, stage and year, one in forty missing. Returns the number of rows."""
    config: dict[str, str | bool | int | float | list[str]] = {"storage_compatibility_version": "v1.2.0"}
    with duckdb.connect(str(warehouse), config=config) as connection:
        connection.execute(RAW.read_text(encoding="utf-8"))
        connection.execute("insert into raw.run_settings values ('12.07')")
        connection.execute(
            """
            insert into raw.self_assessment by name
            select 'instansi-' || lpad(cast(i as varchar), 5, '0') as instansi_code,
                cast(2021 + y as varchar) as period, 'permenpanrb-59-2020' as rulebook_id,
                s.stage, 'p59.i' || lpad(cast(n as varchar), 2, '0') as node_id,
                case when hash(i, y, s.stage, n) % 40 > 0 then 1 + hash(n, s.stage, y, i) % 5 end as level,
                'file-' || i as _file_sha256, 'self_assessment/' || i || '.csv' as _file_name,
                row_number() over () as _row_number, timestamp '2026-01-01' as _received_at, i as _file_order
            from range(?) as t(i), range(5) as u(y), range(1, 48) as v(n),
                (values ('self'), ('document'), ('interview'), ('visit'), ('final')) as s(stage)
            """,
            [instansi],
        )
        row = connection.execute("select count(*) from raw.self_assessment").fetchone()
        assert row is not None
        return int(row[0])


def profiles(folder: Path, memory: str | None) -> Path:
    """The project's profiles, with another limit of memory than theirs."""
    text = (ROOT / "dbt_project" / "profiles.yml").read_text("utf-8")
    if memory:
        text = re.sub(r"memory_limit: \S+", f"memory_limit: {memory}", text)
    (folder / "profiles.yml").write_text(text, "utf-8")
    return folder


def processor_seconds(who: int) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def timed(warehouse: Path, query: str, read_only: bool) -> float:
    """Processor seconds of one statement."""
    config: dict[str, str | bool | int | float | list[str]] = {"storage_compatibility_version": "v1.2.0"}
    with duckdb.connect(str(warehouse), read_only=read_only, config=config) as connection:
        before = processor_seconds(resource.RUSAGE_SELF)
        connection.execute(query)
        return processor_seconds(resource.RUSAGE_SELF) - before


BARE = """
    create table main.bare as
    with levels as (
        select hash(instansi_code, period, stage) as assessment, substr(node_id, 6)::tinyint as node, level
        from raw.self_assessment where level is not null
    )
    select assessment, node, level from levels
    union all
    select assessment, 100 + node // 6 as node, sum(level) from levels group by all
"""


def main() -> None:
    """Fill, run, report."""
    instansi = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    memory = sys.argv[2] if len(sys.argv) > 2 else None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        warehouse = folder / "warehouse.duckdb"
        rows = fill(warehouse, instansi)
        options = ["--project-dir", str(ROOT / "dbt_project")]
        options += ["--profiles-dir", str(profiles(folder, memory))]
        options += ["--target-path", str(folder / "target"), "--log-path", str(folder / "logs")]
        started = time.monotonic()
        built = subprocess.run(
            [
                str(Path(sys.executable).with_name("dbt")),
                "build",
                *options,
                "--select",
                *MODELS,
                *ONLY_MODELS,
            ],
            env={**os.environ, "SPBE_WAREHOUSE": str(warehouse)},
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.monotonic() - started
        if built.returncode:
            sys.exit(built.stdout[-4000:])
        results = json.loads((folder / "target" / "run_results.json").read_text("utf-8"))["results"]
        processor = processor_seconds(resource.RUSAGE_CHILDREN)
        with duckdb.connect(str(warehouse), read_only=True) as connection:
            scores = connection.execute("select count(*) from marts.fct_scores").fetchone()
            columns = connection.execute("describe marts.fct_scores").fetchall()
        counts = ", ".join(f"count({column[0]})" for column in columns)
        read = timed(warehouse, f"select {counts} from marts.fct_scores", read_only=True)
        bare = timed(warehouse, BARE, read_only=False)
    memory_used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    models = {r["unique_id"].rsplit(".", 1)[1]: r["execution_time"] for r in results}
    for model, took in sorted(models.items(), key=lambda item: -item[1])[:12]:
        print(f"{took:8.1f} s  {model}")
    print(f"{sum(models.values()):8.1f} s  all models and seeds; {seconds:.1f} s with dbt's start")
    print(f"{processor:8.1f} s  of processor, dbt's start included")
    print(f"{read:8.1f} s  of processor to read every column of fct_scores once")
    print(f"{bare:8.1f} s  of processor for the bare work")
    print(f"{rows:,} levels, {scores[0] if scores else 0:,} scored nodes, {memory_used:.1f} GB at most")


if __name__ == "__main__":
    main()

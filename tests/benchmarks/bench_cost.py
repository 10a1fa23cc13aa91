"""What a night costs by its records: measured, fitted, and written as `orchestration/COST.md`.

Run by hand: `.venv/bin/python tests/benchmarks/bench_cost.py [--records 1,10] [--processes 1,2] [--long]
[--hub HOME]`, records in millions of log lines of one day; `--long` adds 40 and 100. Each is the real command
on an empty home, with `SPBE_PROCESSES` as asked; CPU seconds and peak memory are those of the command and all
it starts. `--hub HOME`, a home that ran the example, measures the models after counting at 33, 100 and 552
instansi, too (`bench_hub.py`). Rows that were measured stand in the page and are kept until they are measured
again, so sizes and processes can be added one at a time. All else of the page is computed from those rows.
"""

import argparse
import math
import re
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent))
from bench_hub import SIZES, measure_index
from generate_logs import generate
from service_logs import ROOT, measure

from orchestration.settings import Settings

PAGE = ROOT / "orchestration" / "COST.md"
TEXT = Path(__file__).with_name("cost_page.md")
# An empty night, in millions of records: what is paid before the first one.
EMPTY = 0.001
# A night's window (01:30 to 06:30), the cores of one large machine, nights of logs that an archive keeps.
WINDOW_MINUTES, MACHINE_CORES, KEPT_NIGHTS = 300, 64, 365
# In the generated mix half is X-Road, where a call leaves two records: three calls leave four.
RECORDS_PER_CALL = 4 / 3
# Instansi, and millions of calls a night: the nation's billion, shared evenly.
PLACES = (("a regency", 1, 1.8), ("a province", 33, 60.0), ("the nation", 552, 1000.0))
SPBE = [sys.executable, "-c", "from orchestration.cli.main import main; main()", "run", "--inbox"]


class Night(NamedTuple):
    """One measured night: records in millions, storage in MB."""

    records: float
    processes: int
    cpu_s: float
    wall_s: float
    memory_mb: int
    lake_mb: float
    archive_mb: float
    warehouse_mb: float


class Index(NamedTuple):
    """Seeds and models after counting at so many instansi."""

    instansi: int
    cpu_s: float
    memory_mb: int
    warehouse_mb: float


class Line(NamedTuple):
    """A fixed part, and one for each unit of size."""

    fixed: float
    each: float

    def at(self, size: float) -> float:
        return self.fixed + self.each * size


def fit(points: Sequence[tuple[float, float]]) -> Line:
    """The line of least squares of relative errors, so that a small night says as much as a large one."""
    weighed = [(1 / max(value, 1.0) ** 2, size, value) for size, value in points]
    whole = sum(weight for weight, _, _ in weighed)
    mean = sum(weight * size for weight, size, _ in weighed) / whole
    level = sum(weight * value for weight, _, value in weighed) / whole
    spread = sum(weight * (size - mean) ** 2 for weight, size, _ in weighed)
    each = sum(weight * (size - mean) * (value - level) for weight, size, value in weighed) / spread
    return Line(level - each * mean, each)


def run_night(records: float, processes: int, inbox: Path, home: Path) -> Night:
    """The command on an empty home and an inbox of one day's logs."""
    # Before there was the setting, every night ran in one process.
    asked = [f"SPBE_PROCESSES={processes}"] if processes > 1 or "processes" in Settings.model_fields else []
    cpu, wall, memory = measure(["env", *asked, *SPBE, str(inbox)], home)
    sizes = [_megabytes(home / part) for part in ("lake", "archive", "warehouse.duckdb")]
    return Night(records, processes, round(cpu, 1), round(wall, 1), memory, *sizes)


def _megabytes(path: Path) -> float:
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return round(sum(file.stat().st_size for file in files) / 1e6, 1)


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [header, ["---:"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def kept_rows(page: str, header: Sequence[str]) -> list[list[str]]:
    """Cells of the page's table with this header; none where it has no such table."""
    head = re.escape(table(header, []).splitlines()[0])
    found = re.search(rf"^{head}\n\|.*\n((?:\|.*\n)*)", page, re.MULTILINE)
    rows = found[1].splitlines() if found else []
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def read_nights(page: str) -> dict[tuple[float, int], Night]:
    """Nights that the page holds, by records and processes."""
    nights = {}
    for records, processes, cpu, wall, memory, *sizes in kept_rows(page, Night._fields):
        lake, archive, warehouse = map(float, sizes)
        night = Night(
            float(records), int(processes), float(cpu), float(wall), int(memory), lake, archive, warehouse
        )
        nights[night.records, night.processes] = night
    return nights


def read_indexes(page: str) -> dict[int, Index]:
    """Builds of the models after counting that the page holds, by instansi."""
    rows = kept_rows(page, Index._fields)
    return {int(i): Index(int(i), float(cpu), int(memory), float(size)) for i, cpu, memory, size in rows}


class Model(NamedTuple):
    """Lines of what was measured: a night by its millions of records, the index by its instansi."""

    cpu_s: Line
    lake_mb: Line
    archive_mb: Line
    process_mb: int
    index_cpu_s: Line
    index_mb: Line
    # CPU seconds of a million records, as if the largest night had no fixed part.
    most_cpu_s: float

    def cpu(self, instansi: int, calls: float) -> tuple[float, float]:
        """CPU seconds of a night, by the line and at most; measured nights hold the index of one instansi."""
        records, others = calls * RECORDS_PER_CALL, self.index_cpu_s.each * (instansi - 1)
        return self.cpu_s.at(records) + others, self.cpu_s.fixed + self.most_cpu_s * records + others

    def needs(self, instansi: int, calls: float) -> list[str]:
        """CPU hours (line, at most), cores, GB of memory, minutes, GB a night, TB of all kept nights."""
        least, seconds = self.cpu(instansi, calls)
        cores = max(1, math.ceil(seconds / 60 / WINDOW_MINUTES))
        memory = max(self.process_mb * cores, self.index_mb.at(instansi))
        stored = sum(line.each for line in (self.lake_mb, self.archive_mb)) * calls * RECORDS_PER_CALL
        return [
            f"{least / 3600:,.2f}",
            f"{seconds / 3600:,.2f}",
            f"{cores:,}",
            f"{memory / 1e3:,.1f}",
            f"{seconds / 60 / cores:,.0f}",
            f"{stored / 1e3:,.2f}",
            f"{stored * KEPT_NIGHTS / 1e6:,.2f}",
        ]

    def calls_within(self, cores: int, instansi: int) -> float:
        """Millions of calls a night that so many cores end within the window."""
        _, before = self.cpu(instansi, 0)
        return max(0.0, (cores * WINDOW_MINUTES * 60 - before) / self.most_cpu_s / RECORDS_PER_CALL)


def model_of(nights: Sequence[Night], indexes: Sequence[Index]) -> Model:
    """The lines through nights of one number of processes and through all builds."""
    return Model(
        fit([(night.records, night.cpu_s) for night in nights]),
        fit([(night.records, night.lake_mb) for night in nights]),
        fit([(night.records, night.archive_mb) for night in nights]),
        max(night.memory_mb for night in nights),
        fit([(index.instansi, index.cpu_s) for index in indexes]),
        fit([(index.instansi, index.memory_mb) for index in indexes]),
        max((night.records, night.cpu_s / night.records) for night in nights)[1],
    )


def write_page(nights: Sequence[Night], indexes: Sequence[Index]) -> str:
    """The page (`cost_page.md`), its figures from measured rows alone."""
    by_processes: dict[int, list[Night]] = {}
    for night in nights:
        by_processes.setdefault(night.processes, []).append(night)
    models = {count: model_of(some, indexes) for count, some in sorted(by_processes.items()) if len(some) > 1}
    first = models[min(models)]
    header = [
        "a night of",
        "M calls",
        "instansi",
        "processes",
        "CPU h",
        "at most",
        "cores",
        "memory GB",
        "minutes",
    ]
    return TEXT.read_text("utf-8").format(
        nights=table(Night._fields, nights),
        indexes=table(Index._fields, indexes),
        lines=table(
            ["processes", "CPU s", "lake MB", "archive MB"],
            [
                [
                    count,
                    *(
                        f"{round(line.fixed):,} + {line.each:,.1f} M"
                        for line in (model.cpu_s, model.lake_mb, model.archive_mb)
                    ),
                ]
                for count, model in models.items()
            ],
        ),
        index_cpu=f"{first.index_cpu_s.fixed:,.1f} + {first.index_cpu_s.each:,.2f}",
        index_memory=f"{first.index_mb.fixed:,.0f} + {first.index_mb.each:,.1f}",
        needs=table(
            [*header, "GB a night", f"TB in {KEPT_NIGHTS} nights"],
            [
                [name, f"{calls:,.1f}", instansi, count, *model.needs(instansi, calls)]
                for name, instansi, calls in PLACES
                for count, model in models.items()
            ],
        ),
        largest=f"{max(night.records for night in nights):g}",
        largest_hub=max(index.instansi for index in indexes),
        window=WINDOW_MINUTES,
        process_mb=first.process_mb,
        most=f"{first.most_cpu_s:,.1f}",
        nation_gb=first.needs(*PLACES[-1][1:])[-2],
        one_core=f"{first.calls_within(1, 1):,.0f}",
        cores=MACHINE_CORES,
        all_cores=f"{first.calls_within(MACHINE_CORES, PLACES[-1][1]):,.0f}",
        index_minutes=f"{first.index_cpu_s.at(PLACES[-1][1]) / 60:,.0f}",
        index_gb=f"{first.index_mb.at(PLACES[-1][1]) / 1e3:,.1f}",
    )


def main() -> None:
    """Measure what is asked, keep the rest, write the page."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", default="1,10", help="millions, with commas; empty: none")
    parser.add_argument("--processes", default="1,2", help="with commas")
    parser.add_argument("--long", action="store_true", help="40 and 100 million, too")
    parser.add_argument("--hub", type=Path, help="a home that ran the example")
    asked = parser.parse_args()
    page = PAGE.read_text("utf-8") if PAGE.exists() else ""
    nights, indexes = read_nights(page), read_indexes(page)
    sizes = [float(text) for text in asked.records.split(",") if text] + [40.0, 100.0] * asked.long
    for records in [EMPTY, *sizes] if sizes else []:
        with tempfile.TemporaryDirectory() as name:
            generate(inbox := Path(name) / "inbox", round(records * 1e6))
            for processes in map(int, asked.processes.split(",")):
                home = Path(name) / f"home-{processes}"
                nights[records, processes] = run_night(records, processes, inbox, home)
                print(nights[records, processes], flush=True)
                shutil.rmtree(home)
    for instansi in SIZES if asked.hub else ():
        built = measure_index(asked.hub, instansi)
        indexes[instansi] = Index(
            instansi, round(built.cpu_seconds, 1), built.memory_mb, round(built.warehouse_mb, 1)
        )
        print(indexes[instansi], flush=True)
    if len(nights) < 2 or len(indexes) < 2:
        sys.exit("the page wants two sizes of nights and of instansi: ask for --records and --hub")
    PAGE.write_text(
        write_page([night for _, night in sorted(nights.items())], [i for _, i in sorted(indexes.items())]),
        "utf-8",
    )


if __name__ == "__main__":
    main()

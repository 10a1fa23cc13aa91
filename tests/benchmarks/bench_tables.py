"""How long a large table takes from file to judged rows, and how much memory: inventories of 30 columns.

Run by hand: `.venv/bin/python tests/benchmarks/bench_tables.py [ROWS …]` (default 10,000 and 100,000). Each
file is received in a process of its own by the real intake: one row in twenty breaks a rule. Prints seconds
by step, processor seconds (which other work on the machine does not lengthen) and the largest memory; the
last line is Great Expectations on the same rows. No threshold.
"""

import csv
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

KIND = "system_inventory"
COLUMNS = 30


def rows_of(count: int, first: int = 0) -> Iterator[list[str]]:
    """Header and rows of an inventory; codes and addresses differ, one row in twenty is wrong.

    The first row has the number `first`.
    """
    from expectations.contract import load_contract, value_aliases

    columns = load_contract(KIND).columns[:COLUMNS]
    names = [c.name for c in columns]
    yield names
    aliases = value_aliases(KIND)
    chance = random.Random(4)
    choices = {c.name: [*c.codes, *aliases.get(c.name, {})] for c in columns if c.codes}
    for i in range(first, first + count):
        row = {c.name: chance.choice(choices[c.name]) if c.codes else c.example or "" for c in columns}
        row |= {
            "system_code": f"DAA-{i:06}",
            "system_name": f"Aplikasi {i}",
            "url": f"https://a{i}.contoh.go.id",
            "opd_code": f"12.07-OPD{i % 60:02}",
            "opd_name": f"OPD {i % 60}",
        }
        if i % 20 == 0:
            row[chance.choice(["status", "has_api", "hosting", "year_built", "opd_code"])] = "salah"
        yield list(row.values())


def write_file(path: Path, count: int, first: int = 0) -> None:
    """A CSV or, by its ending, an XLSX file of `rows_of`."""
    if path.suffix == ".csv":
        with path.open("w", encoding="utf-8", newline="") as f:
            csv.writer(f).writerows(rows_of(count, first))
        return
    import xlsxwriter

    with xlsxwriter.Workbook(str(path), {"constant_memory": True, "strings_to_urls": False}) as book:
        sheet = book.add_worksheet()
        for i, row in enumerate(rows_of(count, first)):
            sheet.write_row(i, 0, row)


def receive(home: Path, path: Path) -> dict[str, float]:
    """Receive one file in this process; seconds by step, and the largest memory in MB."""
    os.environ["SPBE_HOME"] = str(home)
    from expectations import suite
    from expectations.contract import load_contract
    from orchestration import intake
    from orchestration.intake import judge
    from orchestration.settings import Settings
    from orchestration.warehouse import open_warehouse
    from sources.tables.process import end_child

    spent: dict[str, float] = {}

    def timed(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            began = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                spent[name] = spent.get(name, 0) + time.perf_counter() - began

        return call

    settings = Settings(home=home)
    settings.prepare_home()
    con = open_warehouse(settings.warehouse)
    intake.prepare_warehouse(con, settings)
    con.execute(
        "create or replace view reference.opd_register as select '12.07' as instansi_code, "
        "'12.07-OPD' || lpad(i::varchar, 2, '0') as opd_code, 'OPD ' || i as opd_name, "
        "null::varchar as short_name, true as is_active from range(60) as t (i)"
    )
    judge.read_table = timed("read", judge.read_table)
    judge.land_table = timed("land", judge.land_table)
    inbox = path.parents[2]
    [file] = intake.new_files(con, inbox, KIND)
    began, busy = time.perf_counter(), time.process_time()
    record = intake.receive_file(con, settings, inbox, file).record
    spent_on_processor = time.process_time() - busy
    end_child()
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent_on_processor += children.ru_utime + children.ru_stime
    total = time.perf_counter() - began
    assert record.status == "partly", record
    spent["judge, keep, commit"] = total - sum(spent.values())
    spent["all"] = total
    spent["all, processor"] = spent_on_processor
    spent["memory MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    spent["memory of the reader MB"] = children.ru_maxrss / 1024
    spent["quarantined rows"] = record.rows_quarantined
    contract = load_contract(KIND)
    suite.create_judged_view(con, contract, [record.file_id])
    began = time.perf_counter()
    suite.verdicts(con, [contract])
    spent["great expectations"] = time.perf_counter() - began
    con.close()
    return spent


def main() -> None:
    """Write the files, receive each in a process of its own, print a table."""
    if sys.argv[1:2] == ["--receive"]:
        print(json.dumps(receive(Path(sys.argv[2]), Path(sys.argv[3]))))
        return
    counts = [int(n) for n in sys.argv[1:]] or [10_000, 100_000]
    with tempfile.TemporaryDirectory() as scratch:
        for count in counts:
            for ending in ("csv", "xlsx"):
                folder = Path(scratch) / f"{count}-{ending}"
                path = folder / "inbox" / KIND / "12.07" / f"inventaris.{ending}"
                path.parent.mkdir(parents=True)
                write_file(path, count)
                done = subprocess.run(
                    [sys.executable, __file__, "--receive", str(folder / "home"), str(path)],
                    check=True,
                    capture_output=True,
                    text=True,
                )
                spent = json.loads(done.stdout)
                size = path.stat().st_size / 1e6
                print(f"{count:>8,} rows x {COLUMNS} columns, {ending} of {size:.1f} MB")
                for name, value in spent.items():
                    print(f"    {name:<22} {value:>10.2f}")


if __name__ == "__main__":
    main()

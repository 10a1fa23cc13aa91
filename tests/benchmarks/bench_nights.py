"""Nights of a year on one home: what each costs, and how large the home is.

Run by hand: `.venv/bin/python tests/benchmarks/bench_nights.py [NIGHTS [FOLDER]]` (default 365). Each is the
real command on one day's logs and, each month, a new version of an inventory. Prints every tenth night: CPU
seconds of the command and its children, megabytes of the parts of the home.
"""

import datetime as dt
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from generate_logs import generate

FIRST = dt.date(2025, 1, 1)
PARTS = (
    "warehouse.duckdb",
    "archive",
    "lake",
    "published",
    "feedback",
    "outbox",
    "dagster",
    "dbt",
    "logs",
    "copies",
)
INVENTORY = "system_code,system_name,opd_code,url,hosting\n"


def main() -> None:
    """Run the nights."""
    nights = int(sys.argv[1]) if len(sys.argv) > 1 else 365
    home = Path(sys.argv[2] if len(sys.argv) > 2 else tempfile.mkdtemp()) / "home"
    inbox = home / "inbox"
    generated = Path(tempfile.mkdtemp())
    generate(generated, nights * 400, days=nights, first_day=FIRST)
    days = sorted({path.name for path in generated.rglob("*.gz")})
    print("night  cpu_s  " + "  ".join(f"{part[:9]:>9}" for part in PARTS) + "  (MB)")
    for number, name in enumerate(days[:nights], 1):
        for path in generated.rglob(name):
            target = inbox / path.relative_to(generated)
            target.parent.mkdir(parents=True, exist_ok=True)
            path.rename(target)
        if number % 30 == 1:
            table = inbox / "system_inventory" / "99.98" / "aplikasi.csv"
            table.parent.mkdir(parents=True, exist_ok=True)
            rows = (f"A-{n},Aplikasi {n},99.98-OPD-{n % 9},,national_dc\n" for n in range(number))
            table.write_text(INVENTORY + "".join(rows))
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        day = dt.date.fromisoformat(name[:10])
        _run(home, day)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        if number % 10 == 1 or number == nights:
            sizes = "  ".join(f"{_megabytes(home / part):9.1f}" for part in PARTS)
            print(f"{number:5}  {cpu:5.1f}  {sizes}", flush=True)


def _run(home: Path, day: dt.date) -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SPBE_")}
    environment |= {"SPBE_HOME": str(home), "SPBE_INSTANSI": "99.98", "SPBE_AS_OF": day.isoformat()}
    command = [str(Path(sys.executable).with_name("spbe")), "run"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)


def _megabytes(path: Path) -> float:
    files = [path] if path.is_file() else path.rglob("*")
    return sum(file.lstat().st_size for file in files) / 1e6


if __name__ == "__main__":
    main()

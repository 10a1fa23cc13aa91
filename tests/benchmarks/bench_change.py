"""What a small change costs: one file of 20 rows into a home that has an index, all outputs published; then
a run with nothing new.

Run by hand: `.venv/bin/python tests/benchmarks/bench_change.py [FOLDER]`. FOLDER keeps the example's home for
the next time. Prints CPU seconds by part (`cpu_parts.py`) of each run.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HEADER = "system_code,system_name,opd_code,url,hosting\n"
SENT = Path("inbox", "system_inventory", "99.99", "2026", "tambahan.csv")


def main() -> None:
    """Make the home if it is not there, then run on a copy of it."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp())
    made, home = folder / "made", folder / "home"
    if not (made / "published" / "spbe.duckdb").exists():
        _run(made, "the example, from nothing", "--example")
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(made, home)
    path = home / SENT
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = (f"TBH-{n},Aplikasi Tambahan {n},99.99-DISDUKCAPIL,,national_dc\n" for n in range(20))
    path.write_text(HEADER + "".join(rows), encoding="utf-8")
    _run(home, "one file of 20 rows")
    _run(home, "nothing new")


def _run(home: Path, what: str, *arguments: str) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SPBE_")}
    command = [sys.executable, str(Path(__file__).with_name("cpu_parts.py")), "run", *arguments]
    done = subprocess.run(
        command, env={**environment, "SPBE_HOME": str(home)}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    print(what)
    print("\n".join(line for line in done.stderr.splitlines() if not line.startswith("…")), flush=True)


if __name__ == "__main__":
    main()

"""From gzip logs to marts against a bare read of the same files: `service_logs.py RECORDS [DAYS] [FOLDER]`.

Prints, from one run on this machine: CPU and wall seconds of DuckDB's bare, unchecked read of every file to
Parquet; of `spbe run` on an empty home (the fixed start-up); of `spbe run` on the logs, and the peak memory
of all its processes; of a second run after one day's file grew. Ratios count, seconds do not: machines are
shared. Nothing is asserted.
"""

import gzip
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from generate_logs import generate

ROOT = Path(__file__).parents[2]
_BARE = """
import sys, duckdb
con = duckdb.connect()
con.execute("set threads = 2; set memory_limit = '1500MB'")
lines = "columns = {{'line': 'VARCHAR'}}, delim = '\\x01', quote = '', escape = '', header = false"
for file in sys.argv[1:]:
    if "/xroad/" in file or "/kong/" in file:
        source = "read_json('{}', format = 'newline_delimited', ignore_errors = true)"
    elif "/wso2/" in file:
        source = "read_csv('{}', " + lines + ", auto_detect = false)"
    else:
        columns = ", ".join(f"'c{n}': 'VARCHAR'" for n in range(10))
        source = "read_csv('{}', delim = ' ', quote = '\\"', header = false, auto_detect = false, "
        source += "strict_mode = false, ignore_errors = true, columns = {{" + columns + "}})"
    con.execute(f"copy (select * from {source.format(file)}) to '/dev/null' (format parquet)")
"""


def measure(command: list[str], home: Path | None = None) -> tuple[float, float, int]:
    """CPU seconds, wall seconds and peak memory (MB, proportional set size) of a command and its children."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    if home:
        environment |= {"SPBE_HOME": str(home), "SPBE_INSTANSI": "99.98", "SPBE_AS_OF": "2026-10-31"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    peak = [0]
    watcher = threading.Thread(target=_watch, args=(process, peak))
    watcher.start()
    code = process.wait()
    watcher.join()
    if code:
        raise SystemExit(f"{command[-1]} failed with {code}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, time.monotonic() - began, peak[0] // 1024


def _watch(process: subprocess.Popen[bytes], peak: list[int]) -> None:
    while process.poll() is None:
        total = 0
        for pid in _family(process.pid):
            try:
                text = Path(f"/proc/{pid}/smaps_rollup").read_text()
            except OSError:
                continue
            total += int(text.split("Pss:")[1].split()[0])
        peak[0] = max(peak[0], total)
        time.sleep(0.2)


def _family(pid: int) -> list[int]:
    family = [pid]
    for parent in family:
        for task in Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                family += [int(child) for child in task.read_text().split()]
            except OSError:
                continue
    return family


def _say(label: str, measured: tuple[float, float, int]) -> None:
    cpu, wall, memory = measured
    print(f"{label:16} cpu {cpu:7.1f} s  wall {wall:7.1f} s  memory {memory:5d} MB", flush=True)


def main() -> None:
    """Run all and print one line each."""
    records = int(sys.argv[1])
    days = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    folder = Path(sys.argv[3] if len(sys.argv) > 3 else tempfile.mkdtemp(prefix="spbe-bench-"))
    inbox, home, empty = folder / f"inbox-{records}-{days}", folder / "home", folder / "empty"
    files = sorted(inbox.rglob("*.gz")) or generate(inbox, records, days)
    spbe = [sys.executable, "-c", "from orchestration.cli.main import main; main()", "run", "--inbox"]
    for path in (home, empty):
        shutil.rmtree(path, ignore_errors=True)
    (empty / "inbox" / "service_log").mkdir(parents=True)
    small = generate(folder / "small", 1000)
    print(
        f"{records:,} records, {days} days, {sum(f.stat().st_size for f in files) / 1e6:.0f} MB gzip",
        flush=True,
    )
    bare = measure([sys.executable, "-c", _BARE, *map(str, files)])
    _say("bare read", bare)
    start = measure([*spbe, str(small[0].parents[3])], empty)
    _say("start-up (1,000)", start)
    whole = measure([*spbe, str(inbox)], home)
    _say("spbe run", whole)
    print(f"beyond start-up: {(whole[0] - start[0]) / bare[0]:.2f} x the CPU of the bare read", flush=True)
    if days > 1:
        grown = next(f for f in files if "/xroad/" in str(f))
        text = gzip.decompress(grown.read_bytes())
        grown.write_bytes(gzip.compress(text + text[: text.index(b"\n") + 1], 1))
        again = measure([*spbe, str(inbox)], home)
        _say("one day changed", again)
        print(
            f"beyond start-up: 1/{(whole[0] - start[0]) / max(again[0] - start[0], 0.01):.0f} of all",
            flush=True,
        )


if __name__ == "__main__":
    main()

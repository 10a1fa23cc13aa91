"""What a file and an odd line cost at the door: `bench_intake.py [files] [tables] [lines] [wide]`, else all.

Prints CPU seconds beside DuckDB's bare, unchecked read of the same logs in the same run; ratios count, not
seconds. The data are the same for the same seed. Nothing is asserted.

- files: 300 logs of 200 lines in four formats into an empty home: what a file costs beyond the first of its
  kind; then 120,000 lines of Kong in one file and in 12, 120 and 1,200.
- tables: the same of 100 inventories of 20 rows: CSV, workbooks, and CSV with the columns in five orders.
- lines: 60,000 lines of Kong in one file, and the same with one thing changed at a time; beside each the
  plain file is read again, in turns, since the machine is not the same from minute to minute.
- wide: 2 million records in 40 files, ten days of four formats, of which many values are distinct; in each
  file a blank line, one of prose, one that is no text and an array.
"""

import csv
import gzip
import os
import re
import resource
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[2]))
from bench_tables import write_file
from generate_logs import generate

DAY_MS = 86_400_000
_BARE = {
    "kong": "read_json({}, format = 'newline_delimited', ignore_errors = true)",
    "xroad": "read_json({}, format = 'newline_delimited', ignore_errors = true)",
    "wso2": "read_csv({}, columns = {{'line': 'VARCHAR'}}, delim = '\x01', quote = '', escape = '',"
    " header = false, auto_detect = false, ignore_errors = true)",
    "combined": "read_csv({}, delim = ' ', quote = '\"', header = false, auto_detect = false,"
    " strict_mode = false, ignore_errors = true, columns = {{"
    + ", ".join(f"'c{n}': 'VARCHAR'" for n in range(10))
    + "}})",
}


def cpu() -> float:
    """CPU seconds so far of this process and of those that it waited for."""
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in spent)


def timed(work: Callable[[], Any]) -> float:
    """CPU seconds of some work."""
    before = cpu()
    work()
    return cpu() - before


def beside(one: Callable[[], Any], other: Callable[[], Any], turns: int = 3) -> tuple[float, float]:
    """The least CPU seconds of each of two works, done in turns."""
    spent = [(timed(one), timed(other)) for _ in range(turns)]
    return min(first for first, _ in spent), min(second for _, second in spent)


def bare_read(files: Sequence[Path]) -> None:
    """Each file of logs to Parquet, as DuckDB reads it without looking."""
    import duckdb

    con = duckdb.connect(config={"threads": 2})
    for file in files:
        log_format = next(name for name in _BARE if f"/{name}/" in str(file))
        source = _BARE[log_format].format(f"'{file}'")
        con.execute(f"copy (select * from {source}) to '/dev/null' (format parquet)")


def lines_of(folder: Path, log_format: str, count: int) -> list[bytes]:
    """Whole lines of one format."""
    share = {"xroad": 2, "wso2": 5, "combined": 5, "kong": 10}[log_format]
    [file] = [path for path in generate(folder, count * share * 11 // 10) if path.parts[-3] == log_format]
    last = b"}" if log_format != "combined" else b'"'
    return [line for line in gzip.decompress(file.read_bytes()).split(b"\n") if line.endswith(last)][:count]


def receive(home: Path, inbox: Path, kind: str) -> tuple[float, int]:
    """CPU seconds of receiving every file of a kind into a new home, and how many there were."""
    from orchestration import intake
    from orchestration.settings import Settings
    from orchestration.warehouse import open_warehouse
    from sources.tables.process import end_child

    settings = Settings(home=home)
    settings.prepare_home()
    con = open_warehouse(settings.warehouse)
    intake.prepare_warehouse(con, settings)
    found: list[Any] = []

    def work() -> None:
        found.extend(intake.receive(con, settings, inbox, kind))
        end_child()

    spent = timed(work)
    con.close()
    assert all(record.status in ("loaded", "partly") for record in found), found
    return spent, len(found)


def lay(folder: Path, lines: Sequence[bytes], files: int) -> list[Path]:
    """Lines in so many files."""
    folder.mkdir(parents=True)
    size = len(lines) // files
    paths = [folder / f"{n:04}.log" for n in range(files)]
    for n, path in enumerate(paths):
        path.write_bytes(b"\n".join(lines[n * size : (n + 1) * size]) + b"\n")
    return paths


def many_files(scratch: Path) -> None:
    """What one small file costs."""
    logs: list[Path] = []
    for log_format in _BARE:
        lines = lines_of(scratch / log_format, log_format, 200 * 75)
        logs += lay(scratch / "inbox" / "service_log" / log_format / "99.98", lines, 75)
    first = scratch / "first"
    for log in logs[::75]:
        target = first / log.relative_to(scratch / "inbox")
        target.parent.mkdir(parents=True)
        target.write_bytes(log.read_bytes())
    bare = timed(lambda: bare_read(logs))
    print(f"{'300 logs of 200 lines, bare read':44} {bare:8.2f} s")
    start, _ = receive(scratch / "home1", first, "service_log")
    spent, count = receive(scratch / "home2", scratch / "inbox", "service_log")
    each = (spent - start) / (count - 4)
    print(f"{'the same, received':44} {spent:8.2f} s {spent / bare:6.1f} x {each:7.3f} s a file beyond")
    lines = lines_of(scratch / "many", "kong", 120_000)
    one = 0.0
    for files in (1, 12, 120, 1200):
        lay(scratch / f"in{files}" / "service_log" / "kong" / "99.98", lines, files)
        spent, _ = receive(scratch / f"out{files}", scratch / f"in{files}", "service_log")
        one = one or spent
        print(
            f"120,000 lines of Kong in {files:5} files {'':12} {spent:8.2f} s {spent / one:6.1f} x one file"
        )


def many_tables(scratch: Path) -> None:
    """What one small table costs; one row of each is refused."""
    for name, ending, headers in (("CSV", "csv", 1), ("XLSX", "xlsx", 1), ("CSV, five headers", "csv", 5)):
        for count in (1, 100):
            inbox = scratch / f"{name}{count}"
            folder = inbox / "system_inventory" / "12.07"
            folder.mkdir(parents=True)
            for n in range(count):
                path = folder / f"{n:03}.{ending}"
                write_file(path, 20, 20 * n)
                if n % headers:
                    with path.open(encoding="utf-8", newline="") as file:
                        rows = [row[n % headers :] + row[: n % headers] for row in csv.reader(file)]
                    with path.open("w", encoding="utf-8", newline="") as file:
                        csv.writer(file).writerows(rows)
            spent, _ = receive(scratch / f"home {name}{count}", inbox, "system_inventory")
            if count == 1:
                start = spent
        said = f"100 inventories of 20 rows, {name}"
        print(f"{said:44} {spent:8.2f} s {'':8} {(spent - start) / 99:7.3f} s a file beyond {start:.2f} s")


def _shifted(line: bytes, days: int) -> bytes:
    return re.sub(rb'"started_at":(\d+)', lambda m: b'"started_at":%d' % (int(m[1]) - days * DAY_MS), line)


def _docker(line: bytes) -> bytes:
    told = line.replace(b'"', b'\\"')
    return b'{"log":"' + told + b'\\n","stream":"stdout","time":"2026-10-18T05:00:00Z"}'


def odd_lines(scratch: Path) -> None:
    """What one odd line costs in a file of many."""
    import duckdb

    from sources import lake
    from sources.privacy import install_masking

    text = lines_of(scratch, "kong", 60_000)
    first, half = text[0], len(text) // 2

    def with_line(line: bytes) -> list[bytes]:
        return [*text[:half], line, *text[half:]]

    def joined(lines: Iterable[bytes]) -> bytes:
        return b"\n".join(lines) + b"\n"

    shapes: dict[str, list[bytes] | bytes] = {
        "one blank line": with_line(b""),
        "a blank line at the start": [b"", *text],
        "a hundredth blank": [
            line for n, x in enumerate(text) for line in ((x, b"") if n % 100 == 0 else (x,))
        ],
        "one cut line": with_line(first[:50]),
        "a thousandth cut": [x[:50] if n % 1000 == 0 else x for n, x in enumerate(text)],
        "one line of prose": with_line(b"hello world"),
        "one byte that is no text": with_line(first.replace(b"okhttp", b"ok\xfftp")),
        "one letter that is no ASCII": with_line(first.replace(b"okhttp", "é".encode())),
        "one line that is an array": with_line(b"[" + first + b"]"),
        "one line in an envelope": with_line(_docker(first)),
        "one line of 0.9 MB": with_line(first.replace(b"okhttp", b"x" * 900_000)),
        "one line of 5 MB": with_line(first.replace(b"okhttp", b"x" * 5_000_000)),
        "CRLF": b"\r\n".join(text),
        "two days": [_shifted(x, n * 2 // len(text)) for n, x in enumerate(text)],
        "thirty days": [_shifted(x, n % 30) for n, x in enumerate(text)],
        "gz": gzip.compress(joined(text), 1),
        "gz of 600 members": b"".join(
            gzip.compress(joined(text[n : n + 100]), 1) for n in range(0, len(text), 100)
        ),
        "a user a line": [x.replace(b'"app-', b'"app-%d-' % n) for n, x in enumerate(text)],
        "5,000 services": [x.replace(b'"svc-', b'"svc-%d-' % (n % 5000)) for n, x in enumerate(text)],
        "a path a line": [x.replace(b"/pbb/v1/", b"/pbb/p%x-a/" % n) for n, x in enumerate(text)],
        "all lines in envelopes": [_docker(x) for x in text],
    }
    con = duckdb.connect(config={"threads": 2})
    con.execute("set TimeZone = 'UTC'")
    con.execute("set disabled_optimizers = 'join_order'")
    install_masking(con, bytes(32))
    path = scratch / "kong" / "log"
    path.parent.mkdir()

    def write(log: Path) -> None:
        lake.write_log(
            con,
            log,
            log_format="kong",
            instansi_code="99.99",
            file_id="a" * 64,
            file_name="log",
            lake_dir=scratch / "lake",
            time_zone="Asia/Jakarta",
            first_day=date(2015, 1, 1),
            received_at=datetime(2026, 11, 1),  # noqa: DTZ001  UTC, as the ledger has it
        )

    plain_path = scratch / "plain" / "kong" / "log"
    plain_path.parent.mkdir(parents=True)
    plain_path.write_bytes(joined(text))
    bare, plain = beside(lambda: bare_read([plain_path]), lambda: write(plain_path))
    print(f"{'60,000 lines of Kong, bare read':44} {bare:8.2f} s")
    print(f"{'read':44} {plain:8.2f} s {plain / bare:6.1f} x bare")
    for name, lines in shapes.items():
        path.write_bytes(lines if isinstance(lines, bytes) else joined(lines))
        plain, spent = beside(lambda: write(plain_path), lambda: write(path))
        print(f"{name:44} {spent:8.2f} s {plain:8.2f} s plain {spent / plain:6.2f} x", flush=True)


def wide_log(scratch: Path) -> None:
    """What a log costs of which many values are distinct."""
    inbox = scratch / "inbox"
    files = generate(inbox, 2_000_000, 10, widely=True)
    first = scratch / "first"
    for file in files:
        lines = gzip.decompress(file.read_bytes()).split(b"\n")
        lines[500:500] = [b"", b"hello world", b"\xff" + lines[0], b"[" + lines[1] + b"]"]
        file.write_bytes(gzip.compress(b"\n".join(lines), 1))
        target = first / file.relative_to(inbox)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(gzip.compress(b"\n".join(lines[:100]), 1))
    start, _ = receive(scratch / "start", first, "service_log")
    bare = timed(lambda: bare_read(files))
    spent, count = receive(scratch / "home", inbox, "service_log")
    print(f"{'2 million records of many values, bare read':44} {bare:8.2f} s")
    print(f"{f'the same in {count} files, received':44} {spent:8.2f} s {spent / bare:6.1f} x")
    print(f"{'of it beyond 40 files of 100 lines':44} {spent - start:8.2f} s {(spent - start) / bare:6.1f} x")


def main() -> None:
    """Each benchmark in a folder of its own."""
    os.environ |= {"SPBE_INSTANSI": "12.07", "SPBE_AS_OF": "2026-10-31"}
    every = {"files": many_files, "tables": many_tables, "lines": odd_lines, "wide": wide_log}
    for name in sys.argv[1:] or every:
        with tempfile.TemporaryDirectory(prefix="spbe-bench-") as scratch:
            every[name](Path(scratch))


if __name__ == "__main__":
    main()

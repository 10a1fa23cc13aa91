"""Who reads logs changes nothing of what is read: any number of processes, killed, frozen or gone."""

import datetime as dt
import gzip
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import odd_files
import odd_logs
import pytest
from generate_logs import generate

from orchestration import intake
from orchestration.dbt import run_dbt
from orchestration.intake.receive_logs import receive_logs
from orchestration.processes import identity
from orchestration.settings import PROJECT, Settings
from orchestration.warehouse import open_warehouse
from orchestration.workers.local import Processes
from orchestration.workers.pools import Call, OwnProcess, Pending, Pool, WorkerDied
from orchestration.workers.process import program_mark
from sources import lake, ledger, log_tasks
from sources.privacy import key_id_of

KEY = "ab" * 32
# What two homes of the same files must have alike; a part of a log is cut as its readers were.
ALIKE = (
    "select * exclude (filename) from read_parquet('{lake}/service_calls/day=*/*.parquet', filename = true,"
    " hive_partitioning = true) order by all",
    # A rule of times tells the moment of receipt.
    "select file_id, row_number, regexp_replace(broken::varchar, ' sampai [-0-9: .]+', '', 'g'), raw_row"
    " from intake.bad_lines order by all",
    "select * exclude (received_at, modified_ns) from intake.files order by all",
    "select * from intake.left_out order by all",
    "select distinct file_id, day from intake.lake_files order by all",
    "select day from intake.pending_days order by all",
)

COUNTED = ("intermediate.int_calls__counted_daily", "intermediate.int_calls__shared_files")
MARTS = ("fct_calls_daily", "fct_call_days", "fct_exchange_edges", "fct_log_quality")


def home(folder: Path) -> Settings:
    settings = Settings(home=folder, as_of=dt.date(2026, 10, 31))
    settings.prepare_home()
    settings.keys.mkdir(exist_ok=True)
    (settings.home / "spbe.toml").touch()
    (settings.keys / "pseudonym.key").write_text(KEY)
    return settings


@contextmanager
def opened(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    con = open_warehouse(settings.warehouse)
    try:
        intake.prepare_warehouse(con, settings)
        yield con
    finally:
        con.close()


def processes(settings: Settings, key_id: str, size: int = 2, **terms: Any) -> Processes:
    call = partial(Call, key=settings.keys / "pseudonym.key", key_id=key_id, program=program_mark())
    given: dict[str, Any] = {"memory_bytes": 750_000_000, "tries": 3, "seconds": 60, **terms}
    given["scratch"] = settings.home / "scratch"
    return Processes(call, size=size, **given)


def read(
    settings: Settings,
    inbox: Path,
    pool_of: Callable[[duckdb.DuckDBPyConnection], Pool] = OwnProcess,
    chunk_bytes: int = 1 << 27,
) -> list[list[tuple[Any, ...]]]:
    """What is in a home that has read all logs of an inbox."""
    with opened(settings) as con:
        pool = pool_of(con)
        try:
            entries = intake.new_files(con, inbox, "service_log")
            list(receive_logs(con, settings, inbox, entries, pool, chunk_bytes))
        finally:
            if isinstance(pool, Processes):
                pool.close()
        return [con.execute(sql.format(lake=settings.lake)).fetchall() for sql in ALIKE]


def built(settings: Settings, *chosen: str, tables: Sequence[str]) -> dict[str, list[tuple[Any, ...]]]:
    """Tables of a home, once dbt has built what is chosen."""
    arguments = ["build", *chosen, "--exclude-resource-types", "test", "unit_test", "exposure"]
    assert not [result for result in run_dbt(settings, arguments) if not result.passed]
    with opened(settings) as con:
        # Each home receives at a moment of its own.
        left_out = {"marts.fct_log_quality": "exclude (received_at)"}
        return {
            table: con.execute(f"select * {left_out.get(table, '')} from {table} order by all").fetchall()
            for table in tables
        }


def counted(settings: Settings) -> dict[str, list[tuple[Any, ...]]]:
    """What the calls of a home are counted to."""
    return built(settings, "--select", "tag:daily", tables=COUNTED)


def marts(settings: Settings) -> dict[str, list[tuple[Any, ...]]]:
    """The marts of calls, of a home whose calls are counted."""
    chosen = ["--select", *(f"+{mart}" for mart in MARTS), "--exclude", "tag:daily"]
    return built(settings, *chosen, tables=[f"marts.{mart}" for mart in MARTS])


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Logs of every format, ordinary and odd, one of them large, some under two names; two instansi hold
    sides of the same calls.
    """
    folder = tmp_path_factory.mktemp("logs")
    generate(folder, 6_000, days=2)
    xroad = folder / "service_log" / "xroad"
    (xroad / "99.97").mkdir()
    for path in sorted((xroad / "99.98").glob("*.gz")):
        lines = gzip.decompress(path.read_bytes()).splitlines(keepends=True)
        (xroad / "99.97" / path.name).write_bytes(gzip.compress(b"".join(lines[::5])))
    for number, case in enumerate(odd_logs.LOGS):
        odd_files.lay(case, number, folder)
    # The order of reading follows the times.
    for number, path in enumerate(sorted(folder.rglob("*"))):
        if path.is_file():
            os.utime(path, (1_790_000_000 + number,) * 2)
    return folder


@dataclass(frozen=True)
class Expected:
    """What the run's own process reads, and what becomes of it."""

    read: list[list[tuple[Any, ...]]]
    counted: dict[str, list[tuple[Any, ...]]]
    marts: dict[str, list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def expected(inbox: Path, tmp_path_factory: pytest.TempPathFactory) -> Expected:
    settings = home(tmp_path_factory.mktemp("own"))
    found = Expected(read(settings, inbox), counted(settings), marts(settings))
    assert all(map(len, found.counted.values())) and all(map(len, found.marts.values()))
    return found


@contextmanager
def killer(seed: int) -> Iterator[None]:
    """Meanwhile processes of this one are killed at any moment."""
    chance = random.Random(seed)
    is_over = threading.Event()

    def kill() -> None:
        for _ in range(5):
            if is_over.wait(chance.uniform(1.0, 3.0)):
                return
            if children := multiprocessing.active_children():
                chance.choice(children).kill()

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


@pytest.mark.parametrize(
    ("size", "chunk_bytes", "many_files", "seed"),
    [(2, 1 << 27, 256, None), (3, 100_000, 5, None), (2, 250_000, 20, 1)],
)
def test_results_do_not_depend_on_who_reads_and_how_it_is_cut(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    inbox: Path,
    expected: Expected,
    size: int,
    chunk_bytes: int,
    many_files: int,
    seed: int | None,
) -> None:
    monkeypatch.setattr(lake, "MANY_FILES", many_files)
    settings = home(tmp_path)

    def pool(con: duckdb.DuckDBPyConnection) -> Pool:
        return processes(settings, key_id_of(con), size, tries=30)

    if seed is None:
        found = read(settings, inbox, pool, chunk_bytes)
    else:
        with killer(seed):
            found = read(settings, inbox, pool, chunk_bytes)
    for ours, theirs in zip(found, expected.read, strict=True):
        assert ours == theirs
    assert counted(settings) == expected.counted
    # What the marts rest on was compared; of the most cut and the killed they are built, too.
    if size == 3 or seed is not None:
        assert marts(settings) == expected.marts
    if seed is None:
        assert not list(settings.lake.glob(f"{lake.ASIDE}*"))


def die(con: duckdb.DuckDBPyConnection, task: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def freeze(con: duckdb.DuckDBPyConnection, task: object) -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


class Deadly(OwnProcess):
    """Hands tasks to processes; whoever reads, or archives, a log of that name is struck."""

    size = 2

    def __init__(
        self, others: Pool, name: str, how: Callable[..., None], task: type = log_tasks.ReadTask
    ) -> None:
        self.tally, self._others, self._name, self._how, self._task = others.tally, others, name, how, task
        self.asked: list[log_tasks.ReadTask] = []

    def submit(self, function: Callable[..., Any], task: Any) -> Pending[Any]:
        names: list[str] = []
        if isinstance(task, log_tasks.ReadTask):
            names = [source.file_name for source in task.sources]
            self.asked.append(task)
        elif isinstance(task, log_tasks.ArchiveTask):
            names = [str(path) for path in task.paths]
        struck = isinstance(task, self._task) and any(name.endswith(self._name) for name in names)
        return self._others.submit(self._how if struck else function, task)


@pytest.mark.parametrize(
    ("how", "task"),
    [(die, log_tasks.ReadTask), (freeze, log_tasks.ReadTask), (die, log_tasks.ArchiveTask)],
)
def test_a_log_that_ends_every_worker_is_refused_and_the_others_are_read(
    tmp_path: Path, how: Callable[..., None], task: type
) -> None:
    folder = tmp_path / "inbox" / "service_log" / "combined"
    folder.mkdir(parents=True)
    for number in range(6):
        (folder / f"{number}.log").write_text(
            "".join(odd_logs.combined(n) + "\n" for n in range(number, number + 20))
        )
    settings = home(tmp_path / "home")
    with opened(settings) as con:
        others = processes(settings, key_id_of(con), seconds=5, tries=2 if how is die else 1)
        try:
            pool = Deadly(others, "/3.log", how, task)
            entries = intake.new_files(con, tmp_path / "inbox", "service_log")
            verdicts = list(receive_logs(con, settings, tmp_path / "inbox", entries, pool))
        finally:
            others.close()
        found = {v.record.file_name[-5:]: (v.record.status, v.record.records) for v in verdicts}
        assert found.pop("3.log")[0] == "rejected"
        assert set(found.values()) == {("loaded", 20)}
        assert set(ledger.lake_ids(con)[0]) == {
            v.record.file_id for v in verdicts if v.record.status == "loaded"
        }
    [details] = [v.details for v in verdicts if v.record.status == "rejected"]
    assert details and WorkerDied.__name__ in details
    assert others.tally.deaths >= 2


def test_what_takes_more_memory_than_a_worker_has_is_done_by_the_run(
    tmp_path: Path, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # So that no task is done before it is looked at: archiving, too.
    monkeypatch.setattr("orchestration.workers.local._LOOK_SECONDS", 0.0001)
    wanted = read(home(tmp_path / "own"), inbox)
    settings = home(tmp_path / "small")
    pools: list[Processes] = []

    def small(con: duckdb.DuckDBPyConnection) -> Pool:
        pools.append(processes(settings, key_id_of(con), memory_bytes=60_000_000))
        return pools[0]

    for ours, theirs in zip(read(settings, inbox, small, 250_000), wanted, strict=True):
        assert set(ours) == set(theirs)
    assert pools[0].tally.deaths > 1


def test_a_killed_run_leaves_no_process(tmp_path: Path, inbox: Path) -> None:
    settings = home(tmp_path)
    run = subprocess.Popen(
        [sys.executable, "-c", _RUN, str(settings.home), str(inbox)],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert run.stdout is not None
    children = [identity(int(pid)) for pid in run.stdout.readline().split()]
    assert len(children) == 2 and all(children)
    run.send_signal(signal.SIGKILL)
    run.wait()
    give_up = time.monotonic() + 30
    while any(identity(int(child.split(":")[0])) == child for child in children):
        assert time.monotonic() < give_up
        time.sleep(0.1)


_RUN = """
import sys
from functools import partial
from pathlib import Path
sys.path[:0] = ["tests/pipeline", "tests/benchmarks"]
import multiprocessing
from orchestration.settings import Settings
from orchestration.workers.local import Processes
from orchestration.workers.pools import Call
from sources.log_tasks import ArchiveTask, archive
from sources.archive import ByteLimits
from orchestration.workers.process import program_mark
import time
if __name__ == "__main__":
    home = Path(sys.argv[1])
    call = partial(Call, key=home / "keys" / "pseudonym.key", key_id="", program=program_mark())
    pool = Processes(call, size=2, memory_bytes=750_000_000, tries=1, seconds=60, scratch=home / "scratch")
    for _ in range(2):
        pool.submit(time.sleep, 60)
    while len(multiprocessing.active_children()) < 2:
        time.sleep(0.1)
    print(*(child.pid for child in multiprocessing.active_children()), flush=True)
    time.sleep(60)
"""

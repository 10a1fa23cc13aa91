"""Two workers and a scheduler of Dask on 127.0.0.1 over TLS, and what may happen to them in a night."""

import contextlib
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import odd_logs
import psutil
import pytest
from distributed import Client
from distributed.security import Security
from generate_logs import generate
from test_workers import ALIKE, Deadly, die, home, opened, read

from orchestration import intake
from orchestration.intake.receive_logs import receive_logs
from orchestration.settings import PROJECT, Settings
from orchestration.workers import cluster
from orchestration.workers.cluster import open_client
from orchestration.workers.pools import WorkerDied, WorkersLost
from orchestration.workers.resource import Workers, workers_of
from sources import lake, log_tasks, nights
from sources.privacy import key_id_of
from sources.received import Verdict

SPBE = Path(sys.executable).with_name("spbe")


class Machines:
    """A scheduler and workers as an operator starts them."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        # Workers find the functions of trials, too.
        tests = os.pathsep.join(str(PROJECT / "tests" / name) for name in ("pipeline", "benchmarks"))
        self.environment = {**os.environ, "SPBE_HOME": str(settings.home), "PYTHONPATH": tests}
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"tls://127.0.0.1:{self.port}"
        self.running: list[subprocess.Popen[bytes]] = []

    def spbe(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """A command of the home, to its end."""
        return subprocess.run(
            [SPBE, *words],
            check=False,
            env={**self.environment, **variables},
            capture_output=True,
            text=True,
            timeout=120,
        )

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """A command of the home that goes on, with a group of its own."""
        log = (self.settings.home / "machines.log").open("ab")
        process = subprocess.Popen(
            [SPBE, "cluster", *words], env=self.environment, stdout=log, stderr=log, start_new_session=True
        )
        self.running.append(process)
        return process

    def scheduler(self) -> subprocess.Popen[bytes]:
        """Started, and listening."""
        process = self.start("scheduler", "--port", str(self.port), "--silent", "10")
        give_up = time.monotonic() + 60
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return process
            assert process.poll() is None and time.monotonic() < give_up
            time.sleep(0.1)

    def worker(self, processes: int = 2) -> subprocess.Popen[bytes]:
        """Started; it joins by itself."""
        return self.start("worker", self.address, "--processes", str(processes))

    def processes(self) -> list[psutil.Process]:
        """All that run on these machines."""
        found = []
        for process in self.running:
            with contextlib.suppress(psutil.Error):
                leader = psutil.Process(process.pid)
                found += [leader, *leader.children(recursive=True)]
        return found

    def reading(self) -> list[psutil.Process]:
        """Those of them that do tasks."""
        return [p for p in self.processes() if "spawn_main" in " ".join(p.cmdline())]

    def wait_for(self, count: int) -> None:
        """Until so many workers are there."""
        give_up = time.monotonic() + 90
        while True:
            with (
                contextlib.suppress(WorkersLost),
                open_client(self.address, self.settings.keys / "cluster", least=count) as client,
            ):
                if len(client.scheduler_info(n_workers=-1)["workers"]) == count:
                    return
            assert time.monotonic() < give_up
            time.sleep(0.2)

    def workers(self) -> Workers:
        """What a run has whose settings name the scheduler."""
        settings = self.settings.model_copy(update={"scheduler": self.address, "task_max_seconds": 300.0})
        return workers_of(settings).model_copy(update={"worth_bytes": 0})

    def stop(self, process: subprocess.Popen[bytes], how: signal.Signals = signal.SIGKILL) -> None:
        """The whole machine."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, how)
        if how is signal.SIGKILL:
            process.wait()


@contextlib.contextmanager
def machines_of(settings: Settings) -> Iterator[Machines]:
    machines = Machines(settings)
    try:
        yield machines
    finally:
        for process in machines.running:
            machines.stop(process)


@pytest.fixture(autouse=True)
def log_by_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """A night of many tasks."""
    monkeypatch.setattr(lake, "MANY_FILES", 1)


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("logs")
    generate(folder, 20_000, days=3)
    # One that is no log of this format, one that is cut, one that another has said already.
    [xroad, *_] = sorted((folder / "service_log" / "xroad").rglob("*.gz"))
    wrong = folder / "service_log" / "kong" / "99.98"
    (wrong / "wrong.log.gz").write_bytes(xroad.read_bytes())
    (wrong.parent.parent / "xroad" / "99.98" / "cut.log.gz").write_bytes(xroad.read_bytes()[:-2000])
    (wrong.parent.parent / "xroad" / "99.98" / "zz-again.log.gz").write_bytes(xroad.read_bytes())
    for number, path in enumerate(sorted(folder.rglob("*.gz"))):
        os.utime(path, (1_790_000_000 + number,) * 2)
    return folder


@pytest.fixture(scope="module")
def expected(inbox: Path, tmp_path_factory: pytest.TempPathFactory) -> list[list[tuple[Any, ...]]]:
    return read(home(tmp_path_factory.mktemp("own")), inbox)


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    """A scheduler and a machine of two workers, with the key and certificates of a home."""
    settings = home(tmp_path_factory.mktemp("cluster"))
    with opened(settings), machines_of(settings) as found:
        pass
    with machines_of(settings) as found:
        made = found.spbe("cluster", "certificates")
        assert made.returncode == 0, made.stderr
        found.scheduler()
        found.worker()
        found.wait_for(2)
        yield found


def night(
    machines: Machines, inbox: Path, strike: Callable[[], None] | None = None
) -> list[list[tuple[Any, ...]]]:
    """What is in the home after a night whose logs the workers read; before it nothing is.

    `strike` is done in its midst: the first log is kept, others are being read.
    """
    settings = machines.settings
    left = [strike] if strike else []

    def tell(_: Verdict) -> None:
        if left:
            left.pop()()

    with opened(settings) as con:
        nights.begin_link(con, f"run-{time.monotonic_ns()}", "receive", nights.now_utc())
        try:
            list(intake.receive(con, settings, inbox, "service_log", tell, machines.workers().reading))
        finally:
            nights.end_night(con, nights.now_utc())
        return [con.execute(sql.format(lake=settings.lake)).fetchall() for sql in ALIKE]


@pytest.fixture
def empty(machines: Machines) -> Machines:
    """The cluster, its home without a file."""
    with opened(machines.settings) as con:
        waiting = ("pending_days", "pending_instansi")
        for table in ("files", "bad_lines", "left_out", "lake_files", "night_workers", *waiting):
            con.execute(f"delete from intake.{table}")
        for log in lake.lake_files(machines.settings.lake):
            lake.remove_logs(machines.settings.lake, [log[0]])
    return machines


def test_a_cluster_reads_what_one_process_reads_and_says_who_did(
    empty: Machines, inbox: Path, expected: list[list[tuple[Any, ...]]]
) -> None:
    assert night(empty, inbox) == expected
    with opened(empty.settings) as con:
        rows = con.execute("select host, processes, tasks > 10, lost from intake.night_workers").fetchall()
    assert rows in [[(socket.gethostname(), processes, True, 0)] for processes in (1, 2)]
    assert not list(empty.settings.lake.glob(f"{lake.ASIDE}*"))


def test_nothing_listens_but_on_this_machine_and_strangers_are_refused(machines: Machines) -> None:
    own = {
        connection.laddr.ip
        for process in machines.processes()
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert own == {"127.0.0.1"}
    with pytest.raises(OSError), Client(machines.address.replace("tls", "tcp"), timeout=3):
        pass
    other = Security(require_encryption=True)
    with pytest.raises((OSError, TypeError)), Client(machines.address, security=other, timeout=3):
        pass


@pytest.mark.parametrize("words", [("scheduler", "--host", "0.0.0.0"), ("worker", "tcp://10.0.0.1:8786")])
def test_without_certificates_nothing_leaves_this_machine(tmp_path: Path, words: tuple[str, ...]) -> None:
    with machines_of(home(tmp_path)) as machines:
        refused = machines.spbe("cluster", *words)
    assert refused.returncode == 1
    assert "TLS" in refused.stderr and refused.stderr.count("\n") == 1


def test_doctor_tries_the_cluster_and_tells_what_is_wrong_with_it(
    machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    well = machines.spbe("doctor", "--quick", "--cluster", SPBE_SCHEDULER=machines.address)
    assert "ok     cluster" in well.stdout
    monkeypatch.setattr(cluster, "_CONNECT_SECONDS", 1)
    keys = machines.settings.keys
    with opened(machines.settings) as con:
        key_id = key_id_of(con)

    def look(address: str, known: str) -> list[str]:
        found = cluster.look(
            address, keys / "cluster", machines.settings.lake, (keys,), keys / "pseudonym.key", known
        )
        return [what for what, _ in found]

    [gone] = look("tls://127.0.0.1:1", key_id)
    assert gone.startswith("tls://127.0.0.1:1 can not be reached: ")
    of_another_key = look(machines.address, "0" * 12)
    assert len(of_another_key) == 2 and all("is another key" in what for what in of_another_key)


def test_another_program_on_a_worker_is_refused(
    machines: Machines, monkeypatch: pytest.MonkeyPatch, inbox: Path
) -> None:
    monkeypatch.setattr(cluster, "program_mark", lambda: "another")
    with opened(machines.settings) as con, pytest.raises(WorkersLost, match="another version"):
        list(intake.receive(con, machines.settings, inbox, "service_log", workers=machines.workers().reading))


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_a_worker_that_dies_or_freezes_changes_nothing(
    empty: Machines, inbox: Path, expected: list[list[tuple[Any, ...]]], how: signal.Signals
) -> None:
    [worker, *_] = empty.reading()
    try:
        assert night(empty, inbox, lambda: worker.send_signal(how)) == expected
    finally:
        with contextlib.suppress(psutil.NoSuchProcess):
            worker.kill()
    with opened(empty.settings) as con:
        assert con.execute("select sum(lost) from intake.night_workers").fetchall() == [(1,)]
    empty.wait_for(2)


def test_a_machine_that_is_lost_changes_nothing(
    empty: Machines, inbox: Path, expected: list[list[tuple[Any, ...]]]
) -> None:
    second = empty.worker(1)
    empty.wait_for(3)
    assert night(empty, inbox, lambda: empty.stop(second)) == expected
    empty.wait_for(2)


def test_a_lost_scheduler_fails_the_night_in_one_line_and_the_next_night_ends_it(
    tmp_path: Path, machines: Machines, inbox: Path, expected: list[list[tuple[Any, ...]]]
) -> None:
    settings = home(tmp_path)
    with machines_of(settings) as lost:
        shutil.copytree(machines.settings.keys / "cluster", settings.keys / "cluster")
        scheduler = lost.scheduler()
        worker = lost.worker()
        lost.wait_for(2)
        with pytest.raises(WorkersLost) as failed:
            night(lost, inbox, lambda: lost.stop(scheduler))
        assert "\n" not in str(failed.value)
        lost.stop(worker)
        lost.scheduler()
        lost.worker()
        lost.wait_for(2)
        with opened(settings) as con:
            intake.sweep_lake(con, settings)
        assert night(lost, inbox) == expected


def test_a_log_that_ends_every_worker_is_refused_and_a_task_done_twice_is_done_once(
    empty: Machines, tmp_path: Path
) -> None:
    folder = tmp_path / "inbox" / "service_log" / "combined"
    folder.mkdir(parents=True)
    for number in range(3):
        (folder / f"{number}.log").write_text("".join(odd_logs.combined(n) + "\n" for n in range(number, 9)))
    with opened(empty.settings) as con, empty.workers().reading(con, 1) as pool:
        entries = intake.new_files(con, tmp_path / "inbox", "service_log")
        deadly = Deadly(pool, "/1.log", die)
        verdicts = list(receive_logs(con, empty.settings, tmp_path / "inbox", entries, deadly))
        assert [v.record.status for v in verdicts] == ["loaded", "rejected", "loaded"]
        assert [v.details and WorkerDied.__name__ in v.details for v in verdicts] == [None, True, None]
        first = deadly.asked[0]
        twice = [pool.submit(log_tasks.read, first) for _ in range(2)]
        one, other = (pending.result() for pending in twice)
        assert set(one.folders).isdisjoint(other.folders)
        assert _contents(con, one) == _contents(con, other)
        for reading in (one, other):
            reading.drop()


def _contents(con: duckdb.DuckDBPyConnection, reading: log_tasks.Reading) -> list[Any]:
    return [
        (log.file_id, day, part, con.execute("from read_parquet(?)", [str(path)]).fetchall())
        for log in reading.logs
        for (day, part), (path, _) in log.files.items()
    ]


def test_a_worker_whose_disk_takes_no_more_fails_the_night_and_the_next_one_ends_it(
    tmp_path: Path, machines: Machines, inbox: Path, expected: list[list[tuple[Any, ...]]]
) -> None:
    settings = home(tmp_path)
    with machines_of(settings) as full:
        shutil.copytree(machines.settings.keys / "cluster", settings.keys / "cluster")
        full.scheduler()
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1]))
        try:
            worker = full.worker(1)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        full.wait_for(1)
        with pytest.raises((OSError, WorkersLost), match="too large"):
            night(full, inbox)
        full.stop(worker)
        full.worker(1)
        full.wait_for(1)
        assert night(full, inbox) == expected

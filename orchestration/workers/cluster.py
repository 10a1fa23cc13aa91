"""Tasks on the workers of a Dask scheduler, which see the same home under the same path.

Belongs here: reaching it safely, and what its errors mean. Stays out: scheduler and workers themselves
(`machines.py`). Needs the extra `cluster`.

Who reaches a scheduler runs code on its workers. So it is spoken to over TLS by those alone who hold a
certificate of the same authority, or not at all beyond this machine.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import ipaddress
import logging
import os
import platform
import secrets
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from orchestration.workers.pools import Call, Done, Found, Pending, Tally, Task, WorkerDied, WorkersLost
from orchestration.workers.process import answer, program_mark
from sources import lake
from sources.errors import KeyLost
from sources.privacy import known_key

if TYPE_CHECKING:
    import duckdb
    from distributed import Client, Future
    from distributed.security import Security

AUTHORITY, CERTIFICATE, KEY = "authority.pem", "machine.pem", "machine.key"
_CONNECT_SECONDS = 10
# How often a task that takes long is looked after, and how long a scheduler may be without workers.
_LOOK_SECONDS = 10
_ALONE_SECONDS = 60
# Clocks that differ by more would tell a late record from an early one wrongly.
_CLOCK_SECONDS = 60
_SOON_DAYS = 30
_EXTRA = "the setting scheduler needs the extra cluster: pip install 'spbe-index[cluster]'"


def is_of_this_machine(address: str) -> bool:
    """Whether an address, such as `tcp://127.0.0.1:8786`, leads nowhere else."""
    host = urlsplit(address).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def security_of(address: str, certificates: Path) -> Security | None:
    """What an address is spoken to with; None: with nothing, on this machine alone.

    Raises:
        WorkersLost: it must not be, or a file of certificates is not there.
    """
    try:
        from distributed.security import Security
    except ImportError as error:
        raise WorkersLost(_EXTRA) from error

    if not address.startswith("tls://"):
        if not is_of_this_machine(address):
            raise WorkersLost(
                f"{address}: without TLS anybody could run programs on the workers; use tls:// "
                "(`spbe cluster certificates` makes what it needs)"
            )
        return None
    files = [certificates / name for name in (AUTHORITY, CERTIFICATE, KEY)]
    for file in files:
        if not file.is_file():
            raise WorkersLost(f"{file} is not there; `spbe cluster certificates` makes it")
    authority, certificate, key = map(str, files)
    return Security(
        tls_ca_file=authority,
        tls_client_cert=certificate,
        tls_client_key=key,
        tls_scheduler_cert=certificate,
        tls_scheduler_key=key,
        tls_worker_cert=certificate,
        tls_worker_key=key,
        require_encryption=True,
    )


@contextmanager
def connected(
    address: str, certificates: Path, call: Callable[..., Call], seconds: float
) -> Iterator[Cluster]:
    """The workers of a scheduler.

    Args:
        address: of the scheduler.
        certificates: folder with the authority's and this machine's certificate and key.
        call: makes a call of a function and its task.
        seconds: that a task may take.

    Raises:
        WorkersLost: it can not be reached, has no workers, or workers of another program.
    """
    client = open_client(address, certificates)
    try:
        yield Cluster(client, address, call, seconds)
    finally:
        with contextlib.suppress(Exception):
            client.close(timeout=5)


def open_client(address: str, certificates: Path, *, least: int = 1) -> Client:
    """A client of a scheduler whose workers, so many at least, run this program; as `connected`."""
    security = security_of(address, certificates)
    from distributed import Client

    # What goes wrong is said once, by us.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    try:
        client = Client(address, security=security, timeout=_CONNECT_SECONDS, set_as_default=False)
    except Exception as error:
        raise WorkersLost(f"{address} can not be reached: {_first_line(error)}") from error
    try:
        with contextlib.suppress(TimeoutError):
            client.wait_for_workers(least, timeout=_CONNECT_SECONDS)
        # A worker that does not answer is the scheduler's to tell from one that lives.
        asked = client.run(_mark, on_error="return")
        marks = {worker: mark for worker, mark in asked.items() if isinstance(mark, str)}
        if not marks:
            raise WorkersLost(f"{address} has no workers; start `spbe cluster worker` on the machines")
        others = sorted(worker for worker, mark in marks.items() if mark != program_mark())
        if others:
            raise WorkersLost(
                f"{', '.join(others)}: another version of this program than the run's; install the same on "
                "every machine and start the workers again"
            )
    except BaseException as error:
        client.close(timeout=5)
        if isinstance(error, WorkersLost | KeyboardInterrupt):
            raise
        raise WorkersLost(f"{address}: {_first_line(error)}") from error
    return client


def _mark() -> str:
    return program_mark()


def _first_line(error: BaseException) -> str:
    said = str(error).strip().splitlines()
    return (said[0] if said else type(error).__name__)[:200]


class Cluster:
    """A pool of the workers of a scheduler."""

    def __init__(self, client: Client, address: str, call: Callable[..., Call], seconds: float) -> None:
        self._client, self._address, self._call, self._seconds = client, address, call, seconds
        workers = client.scheduler_info(n_workers=-1)["workers"]
        self._began_with = set(workers)
        self.size = max(sum(worker["nthreads"] for worker in workers.values()), 2)
        self.tally = Tally()

    def submit(
        self, function: Callable[[duckdb.DuckDBPyConnection, Task], Found], task: Task
    ) -> Pending[Found]:
        """Hand a task out."""
        # Each has a name of its own: Dask would give the same answer again to the same question.
        try:
            future = self._client.submit(answer, self._call(function, task), pure=False)
        except Exception as error:
            raise self._lost(error) from error
        return _OnWorker(self, future)

    def count_lost(self) -> None:
        """Count the workers that were there and are not any more; one that was started again is another."""
        with contextlib.suppress(Exception):
            now = self._client.scheduler_info(n_workers=-1)["workers"]
            self.tally.deaths = max(self.tally.deaths, len(self._began_with - set(now)))

    def wait_for(self, future: Future) -> Any:
        """What a task gave.

        Raises:
            WorkerDied: it ended each worker that tried it, or a worker was at it for too long.
            WorkersLost: the scheduler or all workers are gone.
        """
        from distributed import KilledWorker

        begun: dict[str, float] = {}
        alone_since: float | None = None
        while True:
            try:
                done = future.result(timeout=_LOOK_SECONDS)
                break
            except KilledWorker as error:
                raise WorkerDied("each worker that tried it ended") from error
            except TimeoutError:
                now = time.monotonic()
                worker = self._busy_with(future)
                if worker and now - begun.setdefault(worker, now) > self._seconds:
                    # Nothing else ends a thread that does not end.
                    self._client.restart_workers([worker], raise_for_error=False)
                    raise WorkerDied(f"{worker} was at it for {self._seconds:.0f} s") from None
                if self._has_workers():
                    alone_since = None
                else:
                    alone_since = alone_since or now
                    if now - alone_since > _ALONE_SECONDS:
                        raise WorkersLost(
                            f"{self._address} has had no workers for {_ALONE_SECONDS} s; what was read "
                            "before is kept, the next run goes on"
                        ) from None
            except Exception as error:
                raise self._lost(error) from error
        if isinstance(done, Done):
            self.tally.add(done)
            return done.value
        raise done

    def _busy_with(self, future: Future) -> str | None:
        """The worker that is at a task; None while it waits."""
        try:
            at_work = self._client.processing()
        except Exception as error:
            raise self._lost(error) from error
        return next((worker for worker, keys in at_work.items() if future.key in keys), None)

    def _has_workers(self) -> bool:
        try:
            return bool(self._client.scheduler_info(n_workers=-1)["workers"])
        except Exception as error:
            raise self._lost(error) from error

    def _lost(self, error: Exception) -> WorkersLost:
        return WorkersLost(
            f"{self._address} is gone in the midst of it ({type(error).__name__}); what was read before is "
            "kept, the next run goes on"
        )


@dataclass
class _OnWorker:
    cluster: Cluster
    future: Future

    def result(self) -> Any:
        return self.cluster.wait_for(self.future)


@dataclass(frozen=True)
class Seen:
    """What a worker says of itself: the text of a file, its clock (Unix seconds), what it runs, and why it
    can not read a log, if so.
    """

    text: str
    clock: float
    versions: tuple[str, ...]
    fault: str


def look(
    address: str, certificates: Path, lake_dir: Path, seen: Sequence[Path], key: Path, key_id: str
) -> Iterator[tuple[str, str]]:
    """Try a cluster: each fault with what mends it.

    Args:
        address: of the scheduler.
        certificates: folder of certificates.
        lake_dir: where workers write.
        seen: folders that they must see, too.
        key: file of the key of the pseudonyms.
        key_id: that it must have.
    """
    try:
        client = open_client(address, certificates)
    except WorkersLost as error:
        yield str(error), "see `Several machines` in OPERATIONS.md"
        return
    written = secrets.token_hex(8)
    mend_storage = "mount the same storage at the same path on every machine, writable for the same user"
    with client, lake.aside(lake_dir) as folder:
        (folder / "seen").write_text(written, encoding="ascii")
        began = time.time()
        try:
            answers: dict[str, Seen] = client.run(_look_round, folder, tuple(seen), key, key_id)
        except Exception as error:
            yield f"{address}: {_first_line(error)}", "look at the log of the workers"
            return
        took = time.time() - began
        for worker, found in sorted(answers.items()):
            if found.text != written:
                yield f"{worker} does not see {folder}", mend_storage
            elif not (folder / f"answer-{found.versions[-1]}").exists():
                yield f"what {worker} writes into {folder} is not seen here", mend_storage
            if found.fault:
                yield f"{worker}: {found.fault}", "see to it on that machine"
            if not began - _CLOCK_SECONDS <= found.clock <= began + took + _CLOCK_SECONDS:
                yield (
                    f"the clock of {worker} differs by {found.clock - began:.0f} s",
                    "let a time service run",
                )
            if found.versions[:-1] != _versions():
                named = ", ".join(found.versions[:-1])
                yield f"{worker} runs {named}", "install the same on every machine"
    day = ends_on(certificates) if address.startswith("tls://") else None
    if day and day < dt.datetime.now(dt.UTC).date() + dt.timedelta(days=_SOON_DAYS):
        mend = "move keys/cluster away, `spbe cluster certificates`, start scheduler and workers again"
        yield f"the certificates end on {day}", mend


def ends_on(certificates: Path) -> dt.date | None:
    """The last day of the certificate of this machine; None where there is none."""
    from cryptography import x509

    path = certificates / CERTIFICATE
    if not path.exists():
        return None
    return x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc.date()


def _look_round(folder: Path, others: Sequence[Path], key: Path, key_id: str) -> Seen:
    name = f"{socket.gethostname()}-{os.getpid()}"
    fault = text = ""
    try:
        text = (folder / "seen").read_text(encoding="ascii")
        (folder / f"answer-{name}").touch()
        known_key(key, key_id)
        fault = "; ".join(f"{other} is not seen" for other in others if not other.is_dir())
    except (OSError, KeyLost, ValueError) as error:
        fault = _first_line(error)
    return Seen(text, time.time(), (*_versions(), name), fault)


def _versions() -> tuple[str, ...]:
    packages = ("duckdb", "distributed", "pyarrow", "numpy")
    return (f"Python {platform.python_version()}", *(f"{name} {metadata.version(name)}" for name in packages))

"""What all ways of running tasks have in common, and the one that needs nothing: the run's own process."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    import duckdb

Task = TypeVar("Task")
Found = TypeVar("Found")
Found_co = TypeVar("Found_co", covariant=True)


class WorkerDied(Exception):
    """A task that ended every worker that tried it, or that none finished in time."""


class TooLarge(Exception):
    """A task that takes more memory than a worker has; the run, which has more, can do it itself."""


class WorkersLost(Exception):
    """The workers can not be reached, or must not be used; the message says what to do. Nothing is lost: the
    next run goes on.
    """


@dataclass(frozen=True)
class Call:
    """A task as it travels: the function (of `sources.log_tasks`), what it gets, and what its process needs.

    `program` is the mark of the readers' program, which must be the worker's own.
    """

    function: Callable[..., object]
    task: object
    key: Path
    key_id: str
    program: str


@dataclass(frozen=True)
class Done:
    """What a task gave, and where: name of the host, number of the process, CPU seconds."""

    value: object
    host: str
    process: int
    seconds: float


@dataclass
class Ran:
    """What ran in one place: tasks, and their CPU seconds."""

    tasks: int = 0
    seconds: float = 0.0


@dataclass
class Tally:
    """What ran where, by host and process, and how many times a worker was lost."""

    places: dict[tuple[str, int], Ran] = field(default_factory=lambda: defaultdict(Ran))
    deaths: int = 0

    def add(self, done: Done) -> None:
        """Count a task."""
        ran = self.places[done.host, done.process]
        ran.tasks += 1
        ran.seconds += done.seconds

    def by_host(self) -> Mapping[str, tuple[int, Ran]]:
        """Host to how many of its processes did how much."""
        found: dict[str, tuple[int, Ran]] = {}
        for (host, _), ran in self.places.items():
            processes, before = found.get(host, (0, Ran()))
            found[host] = processes + 1, Ran(before.tasks + ran.tasks, before.seconds + ran.seconds)
        return found


class Pending(Protocol[Found_co]):
    """A task that was handed out."""

    def result(self) -> Found_co:
        """What it gives; waits for it.

        Raises:
            TooLarge: no worker has the memory for it.
            WorkerDied: no worker can do it.
            WorkersLost: there are no workers any more.
            Exception: what the task raised.
        """
        ...


class Pool(Protocol):
    """Does tasks, in any order.

    Attributes:
        size: how many it does at one time; with 1 a task is done when its result is asked for.
        tally: what ran where.
    """

    size: int
    tally: Tally

    def submit(
        self, function: Callable[[duckdb.DuckDBPyConnection, Task], Found], task: Task
    ) -> Pending[Found]:
        """Hand a task out."""
        ...


@dataclass
class _Later:
    pool: OwnProcess
    function: Callable[[duckdb.DuckDBPyConnection, object], object]
    task: object

    def result(self) -> object:
        return self.pool.do(self.function, self.task)


class OwnProcess:
    """Does each task in the run's own process, on its own connection, once its result is asked for."""

    size = 1

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self._con = con
        self.tally = Tally()

    def submit(
        self, function: Callable[[duckdb.DuckDBPyConnection, Task], Found], task: Task
    ) -> Pending[Found]:
        """Hand a task out."""
        return _Later(self, function, task)  # type: ignore[arg-type, return-value]

    def do(self, function: Callable[[duckdb.DuckDBPyConnection, object], object], task: object) -> object:
        """Do it now."""
        return function(self._con, task)

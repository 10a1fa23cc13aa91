"""Tasks in processes of this machine; each does one at a time, so that it is known which task killed it."""

from __future__ import annotations

import multiprocessing
import os
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.processes import identity, resident_bytes
from orchestration.workers.pools import Call, Done, Found, Pending, Tally, Task, TooLarge, WorkerDied
from orchestration.workers.process import serve

if TYPE_CHECKING:
    import duckdb

# Forking a process that has threads and an open database would copy locks that nobody frees.
_CONTEXT = multiprocessing.get_context("spawn")
_END_SECONDS = 5.0
# In which a process must have loaded the program; what it takes counts for no task.
_START_SECONDS = 120.0
# How often the memory of one that is at a task is looked at.
_LOOK_SECONDS = 0.1


class Processes:
    """A pool of processes, started with their first tasks and killed at the end.

    Args:
        template: of the calls; its function and task are replaced.
        size: how many processes.
        memory_bytes: of each.
        tries: after so many deaths of a worker a task is given up.
        seconds: that a task may take before its worker is taken for dead.
        scratch: a folder for what does not fit into memory.
    """

    def __init__(
        self,
        template: Callable[[Callable[..., object], object], Call],
        *,
        size: int,
        memory_bytes: int,
        tries: int,
        seconds: float,
        scratch: Path,
    ) -> None:
        self.size = size
        self.tally = Tally()
        self._call = template
        self._memory_bytes, self._tries, self._seconds = memory_bytes, tries, seconds
        self._scratch = scratch
        self._tasks: queue.SimpleQueue[tuple[Future[object], Call] | None] = queue.SimpleQueue()
        self._counting = threading.Lock()
        self._workers: set[_Worker] = set()
        self._is_closed = False
        self._threads: list[threading.Thread] = []

    def submit(
        self, function: Callable[[duckdb.DuckDBPyConnection, Task], Found], task: Task
    ) -> Pending[Found]:
        """Hand a task out."""
        future: Future[object] = Future()
        self._tasks.put((future, self._call(function, task)))
        if len(self._threads) < self.size:
            thread = threading.Thread(target=self._serve, name="worker", daemon=True)
            self._threads.append(thread)
            thread.start()
        return future  # type: ignore[return-value]

    def close(self) -> None:
        """Kill the processes; tasks that are not done yet are given up."""
        with self._counting:
            self._is_closed = True
            for worker in self._workers:
                worker.process.kill()
        for _ in self._threads:
            self._tasks.put(None)
        for thread in self._threads:
            thread.join(_END_SECONDS)

    def _serve(self) -> None:
        worker: _Worker | None = None
        try:
            while (item := self._tasks.get()) is not None:
                future, call = item
                try:
                    worker, answer = self._tried(worker, call)
                except BaseException as error:  # no process can be started, or the task can not travel
                    future.set_exception(error)
                    continue
                if isinstance(answer, Done):
                    with self._counting:
                        self.tally.add(answer)
                    future.set_result(answer.value)
                else:
                    future.set_exception(answer)
        finally:
            if worker:
                self._end(worker)

    def _tried(self, worker: _Worker | None, call: Call) -> tuple[_Worker | None, Done | BaseException]:
        """What a task gave, and the worker that lives on."""
        for _ in range(self._tries):
            if self._is_closed:
                return worker, WorkerDied("the pool is closed")
            worker = worker or self._start()
            try:
                return worker, worker.do(call, self._seconds)
            except (EOFError, ConnectionError, TimeoutError, TooLarge) as error:
                self._end(worker)
                worker = None
                with self._counting:
                    self.tally.deaths += not self._is_closed
                if isinstance(error, TooLarge):
                    return None, error
        return None, WorkerDied(f"{self._tries} workers ended, or took over {self._seconds:.0f} s, at it")

    def _start(self) -> _Worker:
        worker = _Worker(self._memory_bytes, self._scratch)
        with self._counting:
            self._workers.add(worker)
            if self._is_closed:
                worker.process.kill()
        return worker

    def _end(self, worker: _Worker) -> None:
        worker.process.kill()
        worker.process.join(_END_SECONDS)
        worker.pipe.close()
        with self._counting:
            self._workers.discard(worker)


class _Worker:
    """One process."""

    def __init__(self, memory_bytes: int, scratch: Path) -> None:
        self.pipe, theirs = _CONTEXT.Pipe()
        self._is_ready = False
        self._memory_bytes = memory_bytes
        self.process: SpawnProcess = _CONTEXT.Process(
            target=serve, args=(theirs, identity(os.getpid()), memory_bytes, scratch), daemon=True
        )
        self.process.start()
        # Whoever holds its end keeps the pipe open: it must be the process alone.
        theirs.close()

    def do(self, call: Call, seconds: float) -> Done | BaseException:
        """Let it do one task.

        Raises:
            EOFError: it ended.
            ConnectionError: so, too.
            TimeoutError: it did not answer in time.
            TooLarge: it took more than its memory.
        """
        if not self._is_ready:
            if not self.pipe.poll(_START_SECONDS):
                raise TimeoutError
            self.pipe.recv()
            self._is_ready = True
        self.pipe.send(call)
        give_up = time.monotonic() + seconds
        # A limit of the system would count what a database's allocator keeps back, too, several times of it.
        while not self.pipe.poll(_LOOK_SECONDS):
            if time.monotonic() >= give_up:
                raise TimeoutError
            if resident_bytes(self.process.pid or 0) > self._memory_bytes:
                raise TooLarge(f"over {self._memory_bytes:,} bytes")
        answer: Done | BaseException = self.pipe.recv()
        return answer

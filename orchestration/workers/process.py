"""What a process does that is given tasks: one after the other, each on the process's own connection.

Belongs here: that connection, refusing another program's tasks, ending with who gave the tasks.
"""

from __future__ import annotations

import errno
import os
import pickle
import signal
import socket
import tempfile
import time
from importlib import metadata
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.processes import follow
from orchestration.settings import WORKER_BYTES
from orchestration.workers.pools import Call, Done, TooLarge, WorkersLost
from sources.log_tasks import reading_connection
from sources.program_mark import readers_mark

if TYPE_CHECKING:
    import duckdb

# Bytes that a worker of a cluster may take.
MEMORY_VARIABLE = "SPBE_WORKER_BYTES"
# Of a worker's memory so much is DuckDB's; the rest is text on its way to it.
_OF_DUCKDB = 0.6
_connections: dict[tuple[Path, str], duckdb.DuckDBPyConnection] = {}


def work(call: Call, memory_bytes: int) -> Done:
    """Do one task.

    Args:
        call: the task.
        memory_bytes: that this process may take.

    Raises:
        WorkersLost: this process runs another program than the one that sent the task.
        Exception: what the task raised.
    """
    if call.program != program_mark():
        raise WorkersLost(
            f"the worker on {socket.gethostname()} runs another version of this program than the run; "
            "install the same on every machine and start the workers again"
        )
    began = time.process_time()
    place = (call.key, call.key_id)
    try:
        con = _connections.get(place) or _connected(place, memory_bytes)
        value = call.function(con, call.task)
    except BaseException:
        # What an error left in a connection is not known.
        if broken := _connections.pop(place, None):
            broken.close()
        raise
    return Done(value, socket.gethostname(), os.getpid(), time.process_time() - began)


def program_mark() -> str:
    """What must be the same where a task is sent and where it is done."""
    return f"{readers_mark()} DuckDB {metadata.version('duckdb')}"


def _connected(place: tuple[Path, str], memory_bytes: int) -> duckdb.DuckDBPyConnection:
    # What does not fit into memory goes there, personal data and all.
    scratch = Path(tempfile.mkdtemp(prefix="spbe-"))
    try:
        con = reading_connection(*place, int(memory_bytes * _OF_DUCKDB), scratch)
    except Exception as error:
        raise WorkersLost(f"no log can be read on {socket.gethostname()}: {error}") from error
    _connections[place] = con
    return con


def answer(call: Call, memory_bytes: int | None = None) -> Done | Exception:
    """As `work`, but an exception is handed back, so that it is told from one of those who carry it.

    Args:
        call: the task.
        memory_bytes: that this process may take; None: as `MEMORY_VARIABLE` says.
    """
    try:
        return work(call, memory_bytes or int(os.environ.get(MEMORY_VARIABLE, WORKER_BYTES)))
    except Exception as error:
        import duckdb

        # The database of a worker is gone with it; the one of the home is not.
        is_of_memory = isinstance(error, OSError) and error.errno == errno.ENOMEM
        if isinstance(error, duckdb.OutOfMemoryException | MemoryError) or is_of_memory:
            return TooLarge(f"{type(error).__name__}: {error}")
        if isinstance(error, duckdb.FatalException):
            return RuntimeError(f"{type(error).__name__}: {error}")
        # What is wrong with a file's bytes is a `FileProblem`; this is the machine's, or the storage's.
        if isinstance(error, duckdb.IOException):
            return WorkersLost(f"{socket.gethostname()}: {str(error).splitlines()[0]}")
        # Of whose making an exception is, it must survive the journey.
        try:
            pickle.loads(pickle.dumps(error))
        except Exception:
            return RuntimeError(f"{type(error).__name__}: {error}")
        return error


def serve(pipe: Connection, leader: str, memory_bytes: int, scratch: Path) -> None:
    """Do the tasks that come through a pipe until it is closed; the answer is a `Done` or an exception.

    Args:
        pipe: brings a `Call`.
        leader: identity of the process that gives the tasks; this one ends with it.
        memory_bytes: that this process may take.
        scratch: a folder for what does not fit.
    """
    # Ctrl-C reaches all processes of a terminal; the run ends its workers itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    follow(leader)
    scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
    tempfile.tempdir = str(scratch)
    pipe.send(None)
    while True:
        try:
            call = pipe.recv()
        except EOFError:
            return
        try:
            pipe.send(answer(call, memory_bytes))
        except OSError:
            return

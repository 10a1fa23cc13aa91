"""The one process that has our definitions loaded: it shows them, evaluates sensors and starts runs.

Belongs here: starting it, knowing that it has ended, what it does first. Stays out: the definitions
(`definitions.py`), what becomes of the service without it (`host.py`).

It listens on a socket that no other user may open, for whoever reaches it may run our code.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from orchestration.processes import follow_leader
from orchestration.settings import PROJECT

# Its name in Dagster's pages and notes, as `dagster dev -w workspace.yaml` would have it.
LOCATION = "orchestration.definitions"
_START_SECONDS = 300.0
# A server in whose place another is wanted is killed, and Python would tell of what it leaves.
_UNMOVED = ("-W", "ignore:resource_tracker")
_LOOK_AGAIN_SECONDS = 0.2
# What gRPC takes for an address as it stands, and the system for a socket's name.
_PLAIN = re.compile(r"[A-Za-z0-9/._-]{1,90}")


class CodeServerFailed(Exception):
    """The code server does not start."""


class CodeServer:
    """Dagster's code server in a process, and session, of its own: Ctrl-C does not reach it.

    Args:
        folder: a folder of the home, for the socket.
        ended: called from a thread with the seconds that it served, when it ends by itself.

    Raises:
        CodeServerFailed: the folder of the socket is not the user's alone.
    """

    def __init__(self, folder: Path, ended: Callable[[float], None]) -> None:
        self._ended = ended
        self._starting = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self.socket = _private(folder) / "code"

    def start(self) -> None:
        """Start it, in place of the one that there may be, and wait until it serves; runs go on meanwhile.

        Raises:
            CodeServerFailed: it ended before, or took too long.
        """
        with self._starting:
            before, self._process = self._process, None
            if before is not None:
                before.kill()
                before.wait()
            self.socket.unlink(missing_ok=True)
            process = subprocess.Popen(
                [sys.executable, "-P", *_UNMOVED, "-m", __name__, str(self.socket)],
                cwd=PROJECT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
            self._process = process
            self._wait_until_served(process)
            threading.Thread(
                target=self._watch, args=(process, time.monotonic()), name="code-server", daemon=True
            ).start()

    def _wait_until_served(self, process: subprocess.Popen[bytes]) -> None:
        from dagster._core.errors import DagsterUserCodeUnreachableError
        from dagster._grpc.client import DagsterGrpcClient

        client = DagsterGrpcClient(socket=str(self.socket))
        give_up = time.monotonic() + _START_SECONDS
        while time.monotonic() < give_up:
            if process.poll() is not None:
                raise CodeServerFailed(f"the code server ended at its start, with code {process.returncode}")
            if self.socket.exists():
                try:
                    client.ping("")
                    return
                except DagsterUserCodeUnreachableError:
                    pass
            time.sleep(_LOOK_AGAIN_SECONDS)
        process.kill()
        raise CodeServerFailed(f"the code server did not start within {_START_SECONDS:.0f} s")

    def _watch(self, process: subprocess.Popen[bytes], began: float) -> None:
        process.wait()
        # Another one was wanted in its place.
        if process is self._process:
            self._ended(time.monotonic() - began)


def _private(folder: Path) -> Path:
    """A folder for the socket, which the user alone may enter: in the home, or where its name is too odd for
    that, among the system's temporary ones."""
    place = folder / "socket"
    if not _PLAIN.fullmatch(str(place)):
        name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
        place = Path(tempfile.gettempdir(), f"spbe-{os.getuid()}-{name}")
    place.mkdir(exist_ok=True, mode=0o700)
    found = place.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise CodeServerFailed(f"{place} is not a folder of this user alone")
    return place


def main() -> None:
    """Serve the definitions on the socket that the first argument names, until the service ends."""
    follow_leader()
    from dagster._cli.api import grpc_command

    # A definition that does not load is told to those who ask, and they say it once.
    grpc_command(
        [
            *("--socket", sys.argv[1], "--module-name", LOCATION, "--working-directory", str(PROJECT)),
            *("--location-name", LOCATION, "--lazy-load-user-code", "--log-level", "critical"),
        ]
    )


if __name__ == "__main__":
    main()

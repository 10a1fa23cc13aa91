"""The child process that reads tables: an abort, a gigabyte or an hour of a foreign reader stays its own.

Belongs here: starting the child when it is first needed, asking it, ending it. Stays out: what it does
(`child.py`).
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import selectors
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import IO, Any

from sources.errors import FileProblem, FileRejected, FileWaiting

_PROJECT = Path(__file__).parents[2]
_PIECE = 1 << 16


class _Child:
    """A running child; it serves one request at a time."""

    def __init__(self) -> None:
        life, self._life = os.pipe()
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        path = os.pathsep.join([str(_PROJECT), *filter(None, [os.environ.get("PYTHONPATH")])])
        environment = {
            **os.environ,
            "PYTHONPATH": path,
            "ARROW_DEFAULT_MEMORY_POOL": "system",
            "RUST_BACKTRACE": "0",
        }
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "sources.tables.child", str(life)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                pass_fds=(life,),
                env=environment,
                bufsize=0,
            )
        finally:
            os.close(life)

    def ask(self, request: dict[str, Any], max_seconds: float) -> dict[str, Any]:
        """Hand over a request and wait for the answer.

        Raises:
            TimeoutError: no answer in time.
            EOFError: the child has died.
        """
        ends = time.monotonic() + max_seconds
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            left = memoryview(json.dumps(request).encode() + b"\n")
            while left:
                left = left[self.process.stdin.write(left) or 0 :]
        except BrokenPipeError as error:
            raise EOFError from error
        pieces: list[bytes] = []
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while not (pieces and pieces[-1].endswith(b"\n")):
                seconds = ends - time.monotonic()
                if seconds <= 0 or not selector.select(seconds):
                    raise TimeoutError
                piece = os.read(self.process.stdout.fileno(), _PIECE)
                if not piece:
                    raise EOFError
                pieces.append(piece)
        answer: dict[str, Any] = json.loads(b"".join(pieces))
        return answer

    def end(self) -> str:
        """Kill the child; its last words."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                with contextlib.suppress(OSError):
                    pipe.close()
        with contextlib.suppress(OSError):
            os.close(self._life)
        self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, self._errors.tell() - 4000))
        words = self._errors.read().decode("utf-8", "replace")
        self._errors.close()
        return f"{words}\nexit code {self.process.returncode}".strip()


_lock = threading.Lock()
_children: dict[int, _Child] = {}


def ask_child(request: dict[str, Any], max_seconds: float) -> dict[str, Any]:
    """The child's answer to a request; a child that died or was too slow is replaced by the next request.

    Raises:
        FileProblem: what is wrong with the file; `too_large` where the child died of it, `too_slow` where
            time ran out, `internal` where the reading itself failed.
        OSError: the landed rows could not be written: the home's fault, which the next file would meet, too.
    """
    with _lock:
        me = os.getpid()
        for other in [pid for pid in _children if pid != me]:
            # A forked process must not talk to the child of its parent.
            del _children[other]
        child = _children.get(me)
        if child is not None and child.process.poll() is not None:
            _children.pop(me).end()
            child = None
        if child is None:
            child = _children[me] = _Child()
        try:
            answer = child.ask(request, max_seconds)
        except TimeoutError as error:
            _children.pop(me).end()
            raise FileRejected(
                "too_slow", f"berkas ini tidak selesai dibaca dalam {max_seconds:g} detik; pecah berkasnya"
            ) from error
        except EOFError as error:
            details = _children.pop(me).end()
            problem = FileRejected(
                "too_large",
                "pembaca tabel berhenti di tengah berkas ini, biasanya karena berkas meminta memori melebihi "
                "batas; hapus sel yang jauh di luar tabel atau simpan sebagai CSV",
            )
            problem.details = details
            raise problem from error
        except BaseException:
            _children.pop(me).end()
            raise
        if answer.get("is_last"):
            _children.pop(me).end()
    if "home_error" in answer:
        raise OSError(answer["home_error"]["errno"], answer["home_error"]["strerror"])
    if "problem" in answer:
        kind = FileWaiting if answer["problem"] == "FileWaiting" else FileRejected
        refused: FileProblem = kind(answer["code"], answer["message"])
        refused.details = answer.get("details", "")
        raise refused
    table: dict[str, Any] = answer["table"]
    return table


def end_child() -> None:
    """End the child of this process, if there is one."""
    with _lock:
        child = _children.pop(os.getpid(), None)
        if child is not None:
            child.end()


atexit.register(end_child)

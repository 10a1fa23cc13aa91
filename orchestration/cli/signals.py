"""Ctrl-C and SIGTERM: one line on standard error, and this process and all it started are gone.

Belongs here: how a command is ended from outside. Stays out: mending what was begun; a home is whole at every
moment, and the next run finishes it (`night.py`).

A handler of Python's waits until a statement of DuckDB, a model of dbt or an import comes back, and then an
exception travels through code that answers it with words of its own. So a thread listens instead, and ends
the process without asking anybody.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from typing import NoReturn

from orchestration import processes

_NAMES = {int(signal.SIGINT): "Ctrl-C", int(signal.SIGTERM): "SIGTERM"}
# What ends a command may itself hang, on a lock that another thread will never give back.
_LAST_SECONDS = 8.0

# A step's standard error is a file at times; this one is where the command was given.
_told_on = 2
_hint = ""
_endings: list[Callable[[], None]] = []
_left_alone: set[int] = set()
_once = threading.Lock()


def install() -> None:
    """Listen for both signals from now on; one that the caller's shell had ignored (`&`) stays ignored."""
    global _told_on  # noqa: PLW0603  one process, one terminal
    with contextlib.suppress(OSError):
        _told_on = os.dup(2)
    listening, told = os.pipe()
    os.set_blocking(told, False)
    for number in _NAMES:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda *_: None)
    signal.set_wakeup_fd(told, warn_on_full_buffer=False)
    threading.Thread(target=_listen, args=(listening,), name="signals", daemon=True).start()


def hint(text: str) -> None:
    """Say this, too, when the command is stopped: what the user should do next."""
    global _hint  # noqa: PLW0603  one command, one hint
    _hint = text


def at_stop(ending: Callable[[], None]) -> None:
    """Call this before the process ends by a signal or by `end`; the last given comes first."""
    _endings.append(ending)


@contextlib.contextmanager
def keyboard_interrupts() -> Iterator[None]:
    """Within, Ctrl-C raises KeyboardInterrupt in the main thread, for a command that talks with the user."""
    number = int(signal.SIGINT)
    before = signal.signal(number, signal.default_int_handler)
    _left_alone.add(number)
    try:
        yield
    finally:
        signal.signal(number, before)
        _left_alone.discard(number)


def end(line: str, exit_code: int) -> NoReturn:
    """Write a line on standard error, then end this process and all it started, whatever its threads do."""
    if not _once.acquire(blocking=False):
        # Another thread is at it, and the process will be gone before this one goes on.
        threading.Event().wait()
    last = threading.Timer(_LAST_SECONDS, os._exit, [exit_code])
    last.daemon = True
    last.start()
    with contextlib.suppress(OSError):
        os.write(_told_on, f"{line}\n".encode())
        # What others have to say about being interrupted is not for the reader.
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 2)
        os.dup2(silence, 1)
    for ending in [*reversed(_endings), _give_semaphores_back, processes.end_children]:
        with contextlib.suppress(Exception):
            ending()
    os._exit(exit_code)


def _listen(listening: int) -> None:
    while True:
        for number in os.read(listening, 16):
            if number in _NAMES and number not in _left_alone:
                # On a terminal the echoed ^C stands at the start of the line.
                start, then = "\n" if os.isatty(_told_on) else "", f"; {_hint}" if _hint else ""
                end(f"{start}spbe: stopped by {_NAMES[number]}{then}", 128 + number)


def _give_semaphores_back() -> None:
    """dbt takes named semaphores of the system, which a child of Python's would else complain about."""
    if "multiprocessing.util" in sys.modules:
        from multiprocessing import util

        util._run_finalizers(0)  # type: ignore[attr-defined]

"""Processes of this machine: which ones are ours, and that they end with the one that started them.

Belongs here: telling processes apart, following one, ending ours. Stays out: signals (`cli/signals.py`), what
a process does. Reads `/proc`; where there is none (macOS) a follower looks every second instead.
"""

from __future__ import annotations

import os
import select
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

# Named in the environment of all that a leader starts, also by way of others: its identity.
LEADER = "SPBE_LEADER"
_PROC = Path("/proc")
_LOOK_AGAIN_SECONDS = 1.0
_following: set[str] = set()


class _Stat(NamedTuple):
    parent: int
    state: str
    started: str


def identity(pid: int) -> str:
    """`<pid>:<start>`, which no later process has again; empty where there is no such process any more."""
    stat = _stat(pid)
    if stat:
        return f"{pid}:{stat.started}"
    if not _PROC.joinpath("self").exists():
        try:
            os.kill(pid, 0)
        except OSError:
            return ""
        return f"{pid}:"
    return ""


def started_at(pid: int) -> float | None:
    """Unix time at which a process started; None where it is gone, or the system does not tell."""
    stat = _stat(pid)
    if stat is None:
        return None
    up_seconds = float((_PROC / "uptime").read_text().split()[0])
    return time.time() - up_seconds + int(stat.started) / os.sysconf("SC_CLK_TCK")


def resident_bytes(pid: int) -> int:
    """Memory that a process takes, without what it keeps back; 0 where it is gone or the system is silent."""
    try:
        return int((_PROC / str(pid) / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def lead() -> None:
    """Make this process the leader of all that it will start: they end when it ends, however that happens."""
    os.environ[LEADER] = identity(os.getpid())


def follow_leader() -> None:
    """End this process and what it started as soon as its leader is gone; nothing where it has none."""
    if leader := os.environ.get(LEADER):
        follow(leader)


def follow(leader: str) -> None:
    """The same of a leader that is known by its `identity`."""
    if leader not in {identity(os.getpid()), *_following}:
        _following.add(leader)
        threading.Thread(target=_follow, args=(leader,), name="follow-leader", daemon=True).start()


def end_children() -> None:
    """Kill all that this process has started, and all that those have."""
    _kill(lambda: _descendants(os.getpid()))


def end_followers() -> None:
    """Kill all that follows this leader, also what lost the parent between them."""
    leader = identity(os.getpid())
    _kill(lambda: _descendants(os.getpid()) | _followers(leader))


def _follow(leader: str) -> None:
    _wait_for_end(leader)
    end_children()
    os._exit(1)


def _wait_for_end(leader: str) -> None:
    pid = int(leader.partition(":")[0])
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    except (AttributeError, OSError):
        while identity(pid) == leader:
            time.sleep(_LOOK_AGAIN_SECONDS)
        return
    # The number may have been given to another since: then the leader is gone already.
    if identity(pid) == leader:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        poll.poll()


def _kill(listed: Callable[[], set[int]]) -> None:
    # A process that is being listed may start another: look until there is none.
    for _ in range(20):
        pids = listed()
        if not pids:
            return
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                continue
        time.sleep(0.05)


def _descendants(ancestor: int) -> set[int]:
    parents = {pid: stat.parent for pid in _pids() if (stat := _stat(pid))}
    found = {ancestor}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {ancestor}


def _followers(leader: str) -> set[int]:
    wanted = f"{LEADER}={leader}".encode()
    found = set()
    for pid in _pids():
        try:
            variables = (_PROC / str(pid) / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if wanted in variables and pid != os.getpid() and _stat(pid):
            found.add(pid)
    return found


def _pids() -> list[int]:
    try:
        return [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit()]
    except OSError:
        return []


def _stat(pid: int) -> _Stat | None:
    """What the system says of a process that lives; a dead one that nobody waited for does not."""
    try:
        text = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The name before stands in parentheses and may hold anything, also parentheses and blanks.
    fields = text.rpartition(")")[2].split()
    stat = _Stat(parent=int(fields[1]), state=fields[0], started=fields[19])
    return None if stat.state in "ZX" else stat

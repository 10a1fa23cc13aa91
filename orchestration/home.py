"""A home on disk: what makes a folder one, its folders, who may read which.

Belongs here: folders and rights, in plain arguments. Stays out: what a setting means (`settings.py`), what is
written into the folders. Everything is its owner's alone; the outputs may be a group's to read, too.
"""

from __future__ import annotations

import contextlib
import grp
import os
import stat
from pathlib import Path

SETTINGS_FILE = "spbe.toml"
OUTPUTS = ("published", "feedback", "outbox")
_FOLDERS = ("inbox", "archive", "lake", "published/report", "feedback", "outbox", "keys", "dagster")
# How an output is reached: the group passes through the home without seeing what else is in it.
_PASSED = 0o710
_OTHERS = 0o077


class NoGroup(Exception):
    """The outputs' group can not be used; the message says why and what helps."""


def is_home(folder: Path) -> bool:
    """Whether a folder holds settings or a warehouse of ours."""
    return any((folder / name).exists() for name in (SETTINGS_FILE, "warehouse.duckdb"))


def make_folders(home: Path, group: str = "") -> None:
    """Make the folders that are missing, and give every part of a home the rights it is to have.

    From now on this process makes files for their owner alone, whatever it was started with.

    Args:
        home: made where it is missing.
        group: whose members may read the outputs; empty: nobody but the owner.

    Raises:
        NoGroup: there is no such group, or the user is not a member of it.
    """
    os.umask(_OTHERS)
    number = _group_number(group)
    home.mkdir(parents=True, exist_ok=True)
    for name in _FOLDERS:
        (home / name).mkdir(parents=True, exist_ok=True)
    for path in home.iterdir():
        # What lies deeper is behind these. Who may hand in is for the owner of the inbox to choose.
        if path.name not in (*OUTPUTS, "inbox"):
            _take(path, _OTHERS)
    share_outputs(home, group)
    if number is None:
        _let(home, 0o700)
    else:
        # An inbox that others could enter behind a closed home must not open with it.
        is_theirs = (home / "inbox").stat().st_gid == number
        _take(home / "inbox", _OTHERS if is_theirs else 0o007)
        _let(home, _PASSED, number)


def share_outputs(home: Path, group: str = "") -> None:
    """Give the outputs their rights: folders 0750 and files 0640 of the group; 0700 and 0600 without one.

    Raises:
        NoGroup: as `make_folders`.
    """
    number = _group_number(group)
    folder_mode, file_mode = (0o700, 0o600) if number is None else (0o750, 0o640)
    for name in OUTPUTS:
        for folder, _, files in os.walk(home / name):
            _let(Path(folder), folder_mode, number)
            for file in files:
                _let(Path(folder, file), file_mode, number)


def _group_number(group: str) -> int | None:
    if not group:
        return None
    try:
        number = grp.getgrnam(group).gr_gid
    except KeyError:
        raise NoGroup(f"output_group {group}: this machine has no such group (`groupadd {group}`)") from None
    if os.geteuid() != 0 and number not in (os.getegid(), *os.getgroups()):
        raise NoGroup(
            f"output_group {group}: the user that runs this is not a member (`usermod -aG {group} <user>`, "
            "then a new login or a restart of the service)"
        )
    return number


def _take(path: Path, bits: int) -> None:
    """Take rights away; a link or what another user owns is left as it is."""
    # What a run beside this one has written aside may be gone by now.
    with contextlib.suppress(FileNotFoundError):
        _set(path, stat.S_IMODE(path.lstat().st_mode) & ~bits, None)


def _let(path: Path, mode: int, group: int | None = None) -> None:
    """Give just these rights; else as `_take`."""
    with contextlib.suppress(FileNotFoundError):
        _set(path, mode, group)


def _set(path: Path, mode: int, group: int | None) -> None:
    found = path.lstat()
    if stat.S_ISLNK(found.st_mode) or os.geteuid() not in (0, found.st_uid):
        return
    if group is not None and found.st_gid != group:
        os.chown(path, -1, group)
    if stat.S_IMODE(found.st_mode) != mode:
        path.chmod(mode)

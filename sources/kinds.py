"""Which kind, instansi and period a file of the inbox is, from the folder it lies in.

Belongs here: walking the inbox, the names that are ignored, what its folders say. Stays out: opening anything
(`opener.py`), the `.meta.toml` beside a file (`meta.py`), reading content (`tables/`, `logs/`).
"""

from __future__ import annotations

import difflib
import os
import re
import stat
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from sources.errors import FileProblem, FileRejected
from sources.opener import OUTSIDE, as_problem, shown_name

LOG_KIND = "service_log"
META_SUFFIX = ".meta.toml"
# Half of what a browser, a sync client or an FTP server is still writing, and what systems leave in folders.
_IGNORED = re.compile(
    r"^(\.|~\$)|\.(part|partial|filepart|crdownload|download|tmp|opdownload|swp)$|~$"
    r"|^(thumbs\.db|desktop\.ini)$|\.meta\.toml$",
    re.IGNORECASE,
)
_INSTANSI = re.compile(r"^(?:(\d{2}(?:\.\d{2})?)|@([a-z][a-z0-9-]*))$")
PERIOD = re.compile(r"^20\d{2}(-(0[1-9]|1[0-2]))?$")
_DEEPEST = 32
_LATEST_NS = 2**63 - 1
# Of a folder name this much is compared with the known kinds: difflib's cost grows with the square.
_COMPARED = 60


@dataclass(frozen=True)
class InboxFile:
    """One file as the inbox holds it.

    `name` is the path inside the inbox with `/`, as text; `instansi_code` and `period` are None where no
    folder says them; `meta_stamp` changes when the `.meta.toml` beside it does (None: there is none);
    `problem` says why the file can not even be opened as its kind.
    """

    path: Path
    name: str
    kind: str
    log_format: str | None
    instansi_code: str | None
    period: str | None
    size: int
    modified_ns: int
    meta_stamp: str | None = None
    problem: FileProblem | None = None


@dataclass(frozen=True)
class _Entry:
    """What a walk meets: a file, or a folder or link that is none, with the reason."""

    path: Path
    size: int = 0
    modified_ns: int = 0
    problem: FileProblem | None = None


def scan_inbox(
    inbox: Path,
    kinds: Collection[str],
    log_formats: Collection[str],
    is_wanted: Callable[[str], bool] = lambda _: True,
) -> list[InboxFile]:
    """Every file of the inbox that is not ignored, sorted by name; nothing in the inbox makes it raise.

    Args:
        inbox: the folder; it need not exist.
        kinds: the kinds of tables that have a contract.
        log_formats: the formats of `service_log`.
        is_wanted: which kinds to look for, by the name of their folder; empty for what lies in no folder.
    """
    found = [_classify(inbox, entry, kinds, log_formats) for entry in _walk(inbox, is_wanted)]
    return sorted(found, key=lambda file: file.path)


def _walk(inbox: Path, is_wanted: Callable[[str], bool]) -> Iterator[_Entry]:
    folders = [(inbox, 0)]
    while folders:
        folder, depth = folders.pop()
        try:
            with os.scandir(folder) as entries:
                children = list(entries)
        except FileNotFoundError:
            continue
        except OSError as error:
            yield _Entry(folder, problem=as_problem(error, folder))
            continue
        for child in children:
            path = folder / child.name
            is_folder = child.is_dir(follow_symlinks=False)
            if _IGNORED.search(child.name) or (depth == 0 and not is_wanted(child.name if is_folder else "")):
                continue
            if not is_folder:
                yield from _look_at(path, inbox)
            elif depth == _DEEPEST:
                sentence = f"folder bersarang lebih dari {_DEEPEST} tingkat; pindahkan berkasnya ke atas"
                yield _Entry(path, problem=FileRejected("unsafe_path", sentence))
            else:
                folders.append((path, depth + 1))


def _look_at(path: Path, inbox: Path) -> Iterator[_Entry]:
    """The entry of a file or link; none of a pipe, a device, or a link to one."""
    try:
        found = path.stat()
        if stat.S_ISDIR(found.st_mode) or not path.resolve().is_relative_to(inbox.resolve()):
            yield _Entry(path, problem=FileRejected("unsafe_path", OUTSIDE))
        elif stat.S_ISREG(found.st_mode):
            # A clock far ahead gives times that no column of the ledger holds.
            yield _Entry(path, found.st_size, min(found.st_mtime_ns, _LATEST_NS))
    except (OSError, RuntimeError) as error:
        if path.is_symlink():
            yield _Entry(path, problem=FileRejected("unsafe_path", OUTSIDE))
        elif not isinstance(error, FileNotFoundError):
            os_error = error if isinstance(error, OSError) else OSError()
            yield _Entry(path, problem=as_problem(os_error, path))


def _classify(inbox: Path, entry: _Entry, kinds: Collection[str], log_formats: Collection[str]) -> InboxFile:
    parts = entry.path.relative_to(inbox).parts
    folders = [shown_name(part) for part in parts[:-1]]
    kind = folders.pop(0) if folders else ""
    problem: FileProblem | None = None
    log_format = None
    if kind == LOG_KIND:
        log_format = folders.pop(0) if folders else ""
        if log_format not in log_formats:
            problem = unknown_kind(f"{LOG_KIND}/{log_format}", [f"{LOG_KIND}/{f}" for f in log_formats])
    elif kind not in kinds:
        problem = unknown_kind(kind, [*kinds, LOG_KIND])
    instansi, period = _said_by(folders)
    return InboxFile(
        entry.path,
        "/".join(shown_name(part) for part in parts),
        kind,
        log_format,
        instansi,
        period,
        entry.size,
        entry.modified_ns,
        _meta_stamp(entry.path),
        entry.problem or problem,
    )


def said_by_folders(name: str, kind: str) -> tuple[str | None, str | None]:
    """Instansi and period that the folders of a file's path in the inbox say; None where they do not."""
    return _said_by(name.split("/")[2 if kind == LOG_KIND else 1 : -1])


def _said_by(folders: list[str]) -> tuple[str | None, str | None]:
    match = _INSTANSI.match(folders[0]) if folders else None
    instansi = match.group(1) or match.group(2) if match else None
    left = folders[1:] if match else folders
    return instansi, left[0] if left and PERIOD.match(left[0]) else None


def _meta_stamp(path: Path) -> str | None:
    try:
        found = os.lstat(path.with_name(path.name + META_SUFFIX))
    except OSError:
        return None
    return f"{found.st_size}.{found.st_mtime_ns}"


def unknown_kind(found: str, known: Collection[str]) -> FileRejected:
    """The rejection of a kind that has no contract, with the nearest known ones."""
    near = difflib.get_close_matches(found[:_COMPARED], list(known), n=1, cutoff=0.6)
    hint = f"; mungkin maksudnya {near[0]}" if near else ""
    return FileRejected(
        "unknown_kind",
        f'jenis berkas "{found[:_COMPARED]}" tidak dikenal{hint}; '
        f"diharapkan salah satu dari: {', '.join(sorted(known))}",
    )

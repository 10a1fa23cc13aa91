"""Write aside, force to disk, rename in: a reader sees the old file or the new one, never half of one.

Belongs here: the steps of a crash-safe write. Stays out: what is written.
"""

import contextlib
import os
import stat
from pathlib import Path


def sync(path: Path) -> None:
    """Force one file, or the entries of one folder, to disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_tree(folder: Path) -> None:
    """Force every file below a folder and every folder's entries to disk."""
    for path in sorted(folder.rglob("*"), reverse=True):
        sync(path)
    sync(folder)


def rename_in(aside: Path, final: Path) -> None:
    """Rename a finished file over its final name and force both file and name to disk.

    Readers that hold the old file keep its inode; the new one has the rights of the one that it replaces, so
    that no reader is shut out meanwhile.
    """
    # Where the group can not be given, the file stays its owner's alone.
    with contextlib.suppress(FileNotFoundError, PermissionError):
        old = final.stat()
        os.chown(aside, -1, old.st_gid)
        aside.chmod(stat.S_IMODE(old.st_mode))
    sync(aside)
    aside.replace(final)
    sync(final.parent)


def write_file(final: Path, content: bytes, mode: int = 0o644) -> None:
    """Write a whole file so that a crash leaves the old content or the new one."""
    aside = final.with_name(f".{final.name}.new")
    aside.unlink(missing_ok=True)
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as handle:
        handle.write(content)
    rename_in(aside, final)

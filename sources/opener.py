"""The one way to open what lies in the inbox.

Belongs here: what may be opened at all (regular files that lie in the inbox, whatever links say), and names
that are no text. Stays out: walking the inbox (`kinds.py`), keeping the bytes (`archive.py`).
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

from sources.errors import FileRejected, FileWaiting

OUTSIDE = "tautan ini menunjuk ke luar kotak masuk atau tidak menunjuk ke berkas; kirim berkasnya sendiri"
_SENTENCES = {
    errno.ENOENT: ("gone", "berkas hilang sebelum dibaca; ditunggu kiriman berikutnya"),
    errno.ELOOP: ("unsafe_path", OUTSIDE),
    errno.EACCES: ("unreadable", "berkas tidak boleh dibaca; beri izin baca lalu kirim lagi"),
    errno.EPERM: ("unreadable", "berkas tidak boleh dibaca; beri izin baca lalu kirim lagi"),
    errno.ENAMETOOLONG: ("unsafe_path", "nama berkas beserta foldernya terlalu panjang; pendekkan"),
}


def open_entry(path: Path, inbox: Path) -> BinaryIO:
    """Open a file of the inbox for reading.

    What was opened is what is checked: the descriptor must be the regular file that the path, links resolved,
    names inside the inbox. Nothing waits for a pipe.

    Args:
        path: the file; its last parts may be links.
        inbox: the folder that nothing may lead out of.

    Raises:
        FileRejected: `unsafe_path`, `not_a_file` or `unreadable`.
        FileWaiting: `gone`, the file is not there any more.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise as_problem(error, path) from error
    try:
        opened = os.fstat(handle)
        if not stat.S_ISREG(opened.st_mode):
            raise FileRejected("not_a_file", "diharapkan sebuah berkas, ditemukan folder atau perangkat")
        real = Path(os.path.realpath(path))
        if not real.is_relative_to(os.path.realpath(inbox)) or not _is_same(real, opened):
            raise FileRejected("unsafe_path", OUTSIDE)
        os.set_blocking(handle, True)
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def as_problem(error: OSError, path: Path) -> FileRejected | FileWaiting:
    """What an error of the file system says of one entry of the inbox."""
    code, sentence = _SENTENCES.get(error.errno or 0, ("unreadable", "berkas tidak dapat dibuka; kirim lagi"))
    if code == "gone":
        # A link that leads nowhere stays so; a file that is gone may come back.
        return FileRejected("unsafe_path", OUTSIDE) if path.is_symlink() else FileWaiting(code, sentence)
    return FileRejected(code, sentence)


def shown_name(name: str) -> str:
    """A file name as text; bytes of it that are no UTF-8 become U+FFFD."""
    return os.fsencode(name).decode("utf-8", errors="replace")


def _is_same(real: Path, opened: os.stat_result) -> bool:
    try:
        found = os.lstat(real)
    except OSError:
        return False
    return (found.st_dev, found.st_ino) == (opened.st_dev, opened.st_ino)

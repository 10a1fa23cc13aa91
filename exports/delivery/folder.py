"""A folder of this machine as the receiver's share: usually one that is mounted from another machine.

Belongs here: doing it without following a link that somebody laid there. Stays out: mounting it.
"""

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from exports.aside import sync
from exports.delivery.target import DeliveryFailed

_PLAIN = os.O_NOFOLLOW | os.O_NONBLOCK
_FULL = (errno.ENOSPC, errno.EDQUOT)
_NOT_ALLOWED = (errno.EACCES, errno.EPERM, errno.EROFS)


class FolderShare:
    """A `Share` in a folder that must be there: where a mount is missing nothing is made in its place."""

    host_key: str | None = None

    def __init__(self, path: Path) -> None:
        if not path.is_dir():
            raise DeliveryFailed(f"{path}: there is no such folder; mount it, or correct deliver_to")
        self._root = path
        # As the folder may be read, so may what comes into it; the home's own files are its owner's alone.
        self._mode = stat.S_IMODE(path.stat().st_mode) & 0o755 | 0o700

    def kind(self, path: str) -> Literal["file", "folder"] | None:
        """What lies there; a link or a device is refused."""
        with self._told(path):
            try:
                mode = (self._root / path).lstat().st_mode
            except FileNotFoundError:
                return None
        if stat.S_ISREG(mode):
            return "file"
        if stat.S_ISDIR(mode):
            return "folder"
        raise DeliveryFailed(f"{self._root / path}: expected a file or a folder, found a link or a device")

    def size(self, path: str) -> int:
        """Bytes of a file."""
        with self._told(path):
            return (self._root / path).lstat().st_size

    def read(self, path: str, offset: int, length: int) -> bytes:
        """Bytes of a file; fewer at its end."""
        with (
            self._told(path),
            os.fdopen(os.open(self._root / path, os.O_RDONLY | _PLAIN), "rb") as file,
        ):
            file.seek(offset)
            return file.read(length)

    def write(self, path: str, offset: int, chunks: Iterator[bytes]) -> None:
        """Write from an offset on and force it to disk."""
        with self._told(path):
            descriptor = os.open(self._root / path, os.O_WRONLY | os.O_CREAT | _PLAIN, 0o644)
            with os.fdopen(descriptor, "wb") as file:
                file.seek(offset)
                for chunk in chunks:
                    file.write(chunk)
                file.flush()
                os.fsync(descriptor)
            self._let(path, self._mode & 0o644)

    def make_folder(self, path: str) -> None:
        """Make one folder."""
        with self._told(path):
            (self._root / path).mkdir()
            self._let(path, self._mode)

    def rename(self, old: str, new: str) -> None:
        """Rename to a name that is free."""
        if self.kind(new) is not None:
            raise DeliveryFailed(f"{self._root / new}: came there meanwhile; nothing is overwritten")
        with self._told(new):
            (self._root / old).rename(self._root / new)
            sync((self._root / new).parent)

    def remove(self, path: str) -> None:
        """Remove a file."""
        with self._told(path):
            (self._root / path).unlink()

    def close(self) -> None:
        """Nothing is held."""

    def _let(self, path: str, mode: int) -> None:
        # A share may have rights of its own.
        with contextlib.suppress(PermissionError):
            (self._root / path).chmod(mode)

    @contextmanager
    def _told(self, path: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            # A local file of the bundle is not the target's fault.
            if error.filename and not Path(str(error.filename)).is_relative_to(self._root):
                raise
            raise _failure(self._root / path, error) from error


def _failure(path: Path, error: OSError) -> DeliveryFailed:
    why = error.strerror or type(error).__name__
    if error.errno in _FULL:
        return DeliveryFailed(f"{path}: {why} at the target; let its operator make room")
    if error.errno in _NOT_ALLOWED:
        return DeliveryFailed(
            f"{path}: {why}; let user {os.geteuid()} write there (a service also needs ReadWritePaths=)"
        )
    return DeliveryFailed(f"{path}: {why}; look whether the folder is still mounted", may_help_again=True)

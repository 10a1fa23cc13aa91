"""Received bytes, kept read-only under the sha256 of their content.

Belongs here: copying once while hashing, inflating within limits, what is kept and whether it is still what
its name says. Stays out: opening a file of the inbox (`opener.py`), what the bytes mean.
"""

from __future__ import annotations

import gzip
import hashlib
import logging
import os
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from sources.errors import FileProblem, FileRejected, FileWaiting
from sources.inflate import MAGIC, RAW_BYTES, Inflater, open_inflated

_CHUNK = 1 << 20
_SCRATCH = ".tmp"
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Archived:
    """One received content: its sha256 (of the inflated bytes), where it is kept, whether gz, how many bytes
    stand behind the end of the gz, and how many there are inflated.
    """

    sha256: str
    path: Path
    is_gzip: bool
    junk_bytes: int = 0
    size: int = 0


@dataclass(frozen=True)
class ByteLimits:
    """How large one file may be: bytes, inflated, and inflated bytes for each compressed byte."""

    max_bytes: int
    max_ratio: int


class _Digest:
    """The sha256 of the inflated bytes of what is copied, within the limits."""

    def __init__(self, size: int, limits: ByteLimits) -> None:
        self._digest = hashlib.sha256()
        self._inflater: Inflater | None = None
        self._total = 0
        self._max_bytes = limits.max_bytes
        self._allowed = min(limits.max_bytes, max(size, _CHUNK) * limits.max_ratio)
        self._has_begun = False

    @property
    def is_gzip(self) -> bool:
        return self._inflater is not None

    @property
    def junk_bytes(self) -> int:
        return self._inflater.junk_bytes if self._inflater else 0

    @property
    def size(self) -> int:
        return self._total

    def add(self, raw: bytes) -> None:
        if not self._has_begun:
            self._has_begun = True
            self._inflater = Inflater() if raw.startswith(MAGIC) else None
        if self._inflater is None:
            self._total += len(raw)
            if self._total > self._max_bytes:
                raise _too_large(self._max_bytes)
            self._digest.update(raw)
            return
        for start in range(0, len(raw), RAW_BYTES):
            self._inflate(self._inflater, raw[start : start + RAW_BYTES])

    def _inflate(self, inflater: Inflater, raw: bytes) -> None:
        while raw:
            try:
                text, raw = inflater.feed(raw, _CHUNK)
            except gzip.BadGzipFile as error:
                raise FileRejected("unreadable", f"gz rusak setelah {self._total:,} byte isi") from error
            if self._total == 0 and text.startswith(MAGIC):
                raise FileRejected("unreadable", "gz di dalam gz; kirim satu kali dimampatkan")
            self._total += len(text)
            if self._total > self._allowed:
                raise _too_large(self._allowed)
            self._digest.update(text)

    def finish(self) -> str:
        if self._inflater:
            try:
                self._inflater.finish()
            except EOFError as error:
                raise FileWaiting(
                    "truncated", f"gz terpotong setelah {self._total:,} byte isi; ditunggu kiriman lengkapnya"
                ) from error
        return self._digest.hexdigest()


@dataclass(frozen=True)
class Copied:
    """A content that was copied beside the archive, to be kept by `keep_copies`; and the file that it is of,
    still open, as it was before.
    """

    path: Path
    content: Archived
    source: BinaryIO
    before: os.stat_result


def archive_file(source: BinaryIO, archive: Path, limits: ByteLimits) -> Archived:
    """Keep the bytes of an opened file once; a gz and its plain twin have the same sha256.

    Raises:
        FileWaiting: a gzip that ends before its end, or a file that changed while it was read.
        FileRejected: a file beyond the limits, or a damaged gzip.
    """
    copy = copy_file(source, archive, limits)
    try:
        [content] = keep_copies(archive, [copy])
    finally:
        drop_copies([copy])
    if isinstance(content, FileWaiting):
        raise content
    return content


def copy_file(source: BinaryIO, archive: Path, limits: ByteLimits) -> Copied:
    """Copy the bytes of an opened file beside the archive; they are not kept yet (`keep_copies`), and what is
    not kept is to be dropped (`drop_copies`).

    The bytes are read once: what is hashed is what is kept, and a file that is written to meanwhile waits.

    Raises:
        FileWaiting, FileRejected: as `archive_file`.
    """
    before = os.fstat(source.fileno())
    if before.st_size > limits.max_bytes:
        raise _too_large(limits.max_bytes)
    archive.mkdir(parents=True, exist_ok=True)
    # Another machine may have a process of this number.
    aside = archive / f"{os.getpid()}-{secrets.token_hex(4)}{_SCRATCH}"
    digest = _Digest(before.st_size, limits)
    try:
        try:
            with aside.open("wb") as target:
                copied = 0
                while chunk := _read(source):
                    copied += len(chunk)
                    digest.add(chunk)
                    target.write(chunk)
                sha256 = digest.finish()
        except FileProblem:
            _refuse_changed(source, before, None)
            raise
        _refuse_changed(source, before, copied)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    plain, packed = _places(archive, sha256)
    kept = packed if digest.is_gzip else plain
    content = Archived(sha256, kept, digest.is_gzip, digest.junk_bytes, digest.size)
    return Copied(aside, content, source, before)


def keep_copies(archive: Path, copies: Sequence[Copied]) -> list[Archived | FileWaiting]:
    """Put copies into the archive, forced to disk, but of what is there already.

    All are written before the first is forced to disk, which takes the others along.

    Returns:
        What is kept of each; or the problem of a file that changed meanwhile.
    """
    for copy in copies:
        with copy.path.open("rb") as written:
            os.fsync(written.fileno())
    return [_keep(archive, copy) for copy in copies]


def drop_copies(copies: Iterable[Copied]) -> None:
    """Remove copies that are not to be kept."""
    for copy in copies:
        copy.path.unlink(missing_ok=True)


def _keep(archive: Path, copy: Copied) -> Archived | FileWaiting:
    try:
        _refuse_changed(copy.source, copy.before, None)
    except FileWaiting as problem:
        return problem
    content = copy.content
    content.path.parent.mkdir(exist_ok=True)
    # Its own form first, then its twin.
    for known in dict.fromkeys((content.path, *_places(archive, content.sha256))):
        if known.exists() and is_intact(known, content.sha256):
            return replace(content, path=known, is_gzip=known.suffix == ".gz")
    copy.path.chmod(0o400)
    copy.path.replace(content.path)
    return content


def _read(source: BinaryIO) -> bytes:
    try:
        return source.read(_CHUNK)
    except OSError as error:
        raise FileWaiting("unreadable", "berkas tidak dapat dibaca sampai habis; dicoba lagi") from error


def is_intact(kept: Path, sha256: str) -> bool:
    """Whether an archived content still is what its name says; said in the log where it is not."""
    digest = hashlib.sha256()
    try:
        with open_inflated(kept) as content:
            while chunk := content.read(_CHUNK):
                digest.update(chunk)
    except (OSError, EOFError) as error:
        _log.warning("archive: %s can not be read (%s)", kept.name, type(error).__name__)
        return False
    if digest.hexdigest() != sha256:
        _log.warning("archive: %s does not hold what its name says", kept.name)
        return False
    return True


def sweep_archive(archive: Path) -> None:
    """Remove what a copy that was ended left behind."""
    for pattern in (f"*{_SCRATCH}", f"*/*{_SCRATCH}"):
        for left in archive.glob(pattern):
            left.unlink(missing_ok=True)


def drop_archived(archive: Path, sha256: str) -> bool:
    """Delete one content, plain or gz; whether there was one."""
    found = [path for path in _places(archive, sha256) if path.exists()]
    for path in found:
        path.unlink()
    return bool(found)


def find_archived(archive: Path, sha256: str) -> Path | None:
    """Where a content is kept, plain or gz; None where it is not, or no longer."""
    return next((path for path in _places(archive, sha256) if path.exists()), None)


def _places(archive: Path, sha256: str) -> tuple[Path, Path]:
    """Where a content may be kept: plain, and gz."""
    kept = archive / sha256[:2] / sha256
    return kept, kept.with_name(f"{sha256}.gz")


def continues(path: Path, earlier: Path) -> bool:
    """Whether the inflated bytes of a file begin with those of an earlier one.

    How a JSON document ends does not count: a document that grew ends later.
    """
    with open_inflated(earlier) as old, open_inflated(path) as new:
        while chunk := old.read(_CHUNK):
            other = new.read(len(chunk))
            if other != chunk:
                pairs = enumerate(zip(chunk, other, strict=False))
                same = next((n for n, (a, b) in pairs if a != b), len(other))
                return not (chunk[same:] + old.read()).strip(b" \t\r\n]}")
    return True


def _refuse_changed(source: BinaryIO, before: os.stat_result, copied: int | None) -> None:
    after = os.fstat(source.fileno())
    is_same = (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
    if not is_same or copied not in (None, before.st_size):
        raise FileWaiting("changing", "berkas berubah selagi dibaca; ditunggu sampai kirimannya selesai")


def _too_large(limit: int) -> FileRejected:
    return FileRejected("too_large", f"isi berkas melebihi batas {limit:,} byte; pecah berkasnya")

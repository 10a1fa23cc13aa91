"""Received bytes, kept read-only under the sha256 of their content.

Belongs here: hashing, inflating within limits, storing once. Stays out: what the bytes mean.
"""

from __future__ import annotations

import gzip
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from isal import igzip, isal_zlib

from sources.errors import FileRejected, FileWaiting

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Archived:
    """One received content: its sha256 (of the inflated bytes), where it is kept, and whether gz."""

    sha256: str
    path: Path
    is_gzip: bool


@dataclass(frozen=True)
class InflateLimits:
    """How much one compressed file may become: bytes, and bytes for each compressed byte."""

    max_bytes: int
    max_ratio: int


def is_gzip(path: Path) -> bool:
    """Whether the file starts as gzip does, whatever its name says."""
    with path.open("rb") as f:
        return f.read(2) == b"\x1f\x8b"


def archive_file(path: Path, archive: Path, limits: InflateLimits) -> Archived:
    """Keep the bytes of a file once; a gz and its plain twin have the same sha256.

    Raises:
        FileWaiting: a gzip that ends before its end.
        FileRejected: a gzip that is damaged or inflates beyond the limits.
    """
    compressed = is_gzip(path)
    sha256 = _content_sha256(path, compressed, limits)
    kept = archive / sha256[:2] / (sha256 + (".gz" if compressed else ""))
    twin = archive / sha256[:2] / (sha256 + ("" if compressed else ".gz"))
    if kept.exists():
        return Archived(sha256, kept, compressed)
    if twin.exists():
        return Archived(sha256, twin, not compressed)
    kept.parent.mkdir(parents=True, exist_ok=True)
    aside = kept.with_suffix(f".{os.getpid()}.tmp")
    with path.open("rb") as source, aside.open("wb") as target:
        while chunk := source.read(_CHUNK):
            target.write(chunk)
        target.flush()
        os.fsync(target.fileno())
    aside.chmod(0o400)
    aside.replace(kept)
    return Archived(sha256, kept, compressed)


def drop_archived(archive: Path, sha256: str) -> bool:
    """Delete one content, plain or gz; whether there was one."""
    found = [p for p in (archive / sha256[:2]).glob(f"{sha256}*") if p.name in (sha256, sha256 + ".gz")]
    for path in found:
        path.unlink()
    return bool(found)


def find_archived(archive: Path, sha256: str) -> Path | None:
    """Where a content is kept, plain or gz; None where it is not, or no longer."""
    kept = archive / sha256[:2] / sha256
    return next((path for path in (kept, kept.with_name(f"{sha256}.gz")) if path.exists()), None)


def continues(path: Path, earlier: Path) -> bool:
    """Whether the inflated bytes of a file begin with those of an earlier one.

    How a JSON document ends does not count: a document that grew ends later.
    """
    with _open_quick(earlier) as old, _open_quick(path) as new:
        while chunk := old.read(_CHUNK):
            other = new.read(len(chunk))
            if other != chunk:
                pairs = enumerate(zip(chunk, other, strict=False))
                same = next((n for n, (a, b) in pairs if a != b), len(other))
                return not (chunk[same:] + old.read()).strip(b" \t\r\n]}")
    return True


def open_content(path: Path) -> BinaryIO:
    """The inflated bytes of a plain or gz file."""
    return gzip.open(path, "rb") if is_gzip(path) else path.open("rb")  # type: ignore[return-value]


def _open_quick(path: Path) -> BinaryIO:
    """The inflated bytes of a file that is known to be whole."""
    return igzip.open(path, "rb") if is_gzip(path) else path.open("rb")


def _content_sha256(path: Path, compressed: bool, limits: InflateLimits) -> str:
    digest = hashlib.sha256()
    if not compressed:
        with path.open("rb") as f:
            return hashlib.file_digest(f, "sha256").hexdigest()
    allowed = min(limits.max_bytes, max(path.stat().st_size, _CHUNK) * limits.max_ratio)
    total = 0
    try:
        with igzip.open(path, "rb") as f:
            while chunk := f.read(_CHUNK):
                if total == 0 and chunk[:2] == b"\x1f\x8b":
                    raise FileRejected("unreadable", "gz di dalam gz; kirim satu kali dimampatkan")
                total += len(chunk)
                if total > allowed:
                    raise FileRejected(
                        "too_large", f"isi gz melebihi batas {allowed:,} byte; pecah atau kirim tanpa mampat"
                    )
                digest.update(chunk)
    except EOFError as error:
        raise FileWaiting(
            "truncated", f"gz terpotong setelah {total:,} byte isi; ditunggu kiriman lengkapnya"
        ) from error
    except (gzip.BadGzipFile, isal_zlib.error) as error:  # type: ignore[misc]
        raise FileRejected("unreadable", f"gz rusak setelah {total:,} byte isi: {error}") from error
    return digest.hexdigest()

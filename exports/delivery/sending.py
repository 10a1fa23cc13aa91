"""A bundle sent so that the receiver never sees half of one, and nothing is sent twice or overwritten.

Belongs here: temporary name, resuming, renaming, the done file; the same for every share. Stays out: how a
share is reached (`folder.py`, `sftp.py`).
"""

import hashlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal, Protocol

from exports.delivery.parcel import Parcel
from exports.delivery.target import BundleRefused, DeliveryFailed
from exports.verify import TAG_MANIFEST

CHUNK_BYTES = 1 << 18
# A file up to this is sent anew rather than read back.
RESENT_BYTES = 1 << 20
_SMALL_BYTES = 1 << 20
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Share(Protocol):
    """The receiver's folder; paths are relative to it, with slashes.

    Every method raises `DeliveryFailed` in words of its own where the other side does not do it.
    """

    @property
    def host_key(self) -> str | None:
        """Fingerprint of the key by which the other side proved who it is; None where it has none."""

    def kind(self, path: str) -> Literal["file", "folder"] | None:
        """What lies there."""

    def size(self, path: str) -> int:
        """Bytes of a file."""

    def read(self, path: str, offset: int, length: int) -> bytes:
        """Bytes of a file; fewer at its end."""

    def write(self, path: str, offset: int, chunks: Iterator[bytes]) -> None:
        """Write into a file from an offset on, made where it is missing; forced to disk where that can be."""

    def make_folder(self, path: str) -> None:
        """Make one folder."""

    def rename(self, old: str, new: str) -> None:
        """Rename a file or a folder to a name that is free."""

    def remove(self, path: str) -> None:
        """Remove a file."""

    def close(self) -> None:
        """Leave; never raises."""


def done_name(bundle: str) -> str:
    """The file beside a delivered bundle that says it is whole; `sha256sum -c` reads it."""
    return f"{bundle}.done"


def send(share: Share, parcel: Parcel, check_time: Callable[[], None]) -> bool:
    """Bring a bundle to a share, unless it is there.

    Args:
        share: the receiver's folder.
        parcel: the bundle.
        check_time: called again and again; raises when it took too long.

    Returns:
        Whether it was there already, whole.

    Raises:
        BundleRefused: another content lies there under the same name.
        DeliveryFailed: the other side did not do its part; what was sent is continued by the next try.
    """
    done = _done_hash(share, parcel.name)
    if done == parcel.tag_sha256:
        return True
    if done is not None:
        raise BundleRefused(_other_content(parcel, f"{done_name(parcel.name)} names {done[:12]}…"))
    found = share.kind(parcel.name)
    if found is not None:
        _check_found(share, parcel, found)
    else:
        part = f"{parcel.name}.{parcel.tag_sha256[:12]}.part"
        _fill(share, parcel, part, check_time)
        share.rename(part, parcel.name)
    _write_done(share, parcel)
    return False


def _done_hash(share: Share, bundle: str) -> str | None:
    """The hash that the done file names, an unreadable one as empty text; None where there is none."""
    name = done_name(bundle)
    if share.kind(name) is None:
        return None
    words = share.read(name, 0, _SMALL_BYTES).decode("ascii", "replace").split()
    return words[0] if words and _SHA256.fullmatch(words[0]) else ""


def _write_done(share: Share, parcel: Parcel) -> None:
    name = done_name(parcel.name)
    aside = f"{name}.part"
    if share.kind(aside) is not None:
        share.remove(aside)
    share.write(aside, 0, iter([f"{parcel.tag_sha256}  {parcel.name}/{TAG_MANIFEST}\n".encode()]))
    share.rename(aside, name)


def _check_found(share: Share, parcel: Parcel, found: str) -> None:
    """A run that died after renaming left a whole bundle without its done file; all else is not ours."""
    tag_manifest = f"{parcel.name}/{TAG_MANIFEST}"
    if found != "folder" or share.kind(tag_manifest) != "file":
        raise BundleRefused(_other_content(parcel, "what lies there is no bundle"))
    sha256 = hashlib.sha256(share.read(tag_manifest, 0, _SMALL_BYTES)).hexdigest()
    if sha256 != parcel.tag_sha256:
        raise BundleRefused(_other_content(parcel, f"its tag manifest is {sha256[:12]}…"))
    for file, size in parcel.files:
        path = f"{parcel.name}/{file}"
        if share.kind(path) != "file" or share.size(path) != size:
            raise BundleRefused(_other_content(parcel, f"{file} is not whole"))


def _other_content(parcel: Parcel, what: str) -> str:
    return (
        f"{parcel.name}: another content lies at the target under this name ({what}, ours is "
        f"{parcel.tag_sha256[:12]}…); nothing is overwritten: ask the receiver to move it away"
    )


def _fill(share: Share, parcel: Parcel, part: str, check_time: Callable[[], None]) -> None:
    for folder in [part, *(f"{part}/{folder}" for folder in parcel.folders)]:
        if share.kind(folder) is None:
            share.make_folder(folder)
    for file, size in parcel.files:
        check_time()
        path = f"{part}/{file}"
        start = _resume_at(share, path, parcel.folder / file, size, check_time)
        if start is not None:
            share.write(path, start, _chunks(parcel.folder / file, start, check_time))
        if share.size(path) != size:
            raise DeliveryFailed(
                f"{parcel.name}: {file} arrived with {share.size(path)} bytes instead of {size}: the target "
                "loses what it is sent, or its disk is full; ask its operator",
                may_help_again=True,
            )


def _resume_at(share: Share, path: str, local: Path, size: int, check_time: Callable[[], None]) -> int | None:
    """The offset from which on a file is still to be sent; None where all of it is there."""
    if share.kind(path) is None:
        return 0
    there = share.size(path)
    if there > size or size <= RESENT_BYTES:
        # What would stick out behind the end goes with it.
        share.remove(path)
        return 0
    same = 0
    with local.open("rb") as file:
        while same < there:
            check_time()
            ours = file.read(CHUNK_BYTES)[: there - same]
            if share.read(path, same, len(ours)) != ours:
                # From here on it is written over.
                return same
            same += len(ours)
    return None if same == size else same


def _chunks(local: Path, start: int, check_time: Callable[[], None]) -> Iterator[bytes]:
    with local.open("rb") as file:
        file.seek(start)
        while chunk := file.read(CHUNK_BYTES):
            check_time()
            yield chunk

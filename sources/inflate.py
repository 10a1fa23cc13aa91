"""The inflated bytes of a received content, plain or gzip.

Belongs here: what is gzip, several members behind each other, what stands behind the last one. Stays out:
limits (`archive.py` holds them once, when a content arrives) and what the bytes mean.
"""

from __future__ import annotations

import gzip
import io
from pathlib import Path
from typing import BinaryIO, cast

from isal import isal_zlib

MAGIC = b"\x1f\x8b"
# What is left of them behind a member is copied, and a gz may have a member a line.
RAW_BYTES = 1 << 15
_TEXT_BYTES = 1 << 17
# Its stub calls the class of these errors an instance.
_BROKEN: type[Exception] = isal_zlib.error  # type: ignore[assignment]
_GZIP_WINDOW = 31  # zlib's wbits for a gzip header and the largest window


class Inflater:
    """Inflates a gzip piece by piece; bytes behind its end are counted, not an error, as `gzip -d` does.

    Attributes:
        junk_bytes: how many bytes, zeros aside, stand behind the last member.
        is_whole: whether the last member that was begun has ended.
    """

    def __init__(self) -> None:
        self.junk_bytes = 0
        self.is_whole = False
        self._member = isal_zlib.decompressobj(_GZIP_WINDOW)
        self._held = b""
        self._has_begun = False

    def feed(self, raw: bytes, limit: int) -> tuple[bytes, bytes]:
        """Inflate at most `limit` bytes.

        Returns:
            The inflated bytes, and the raw ones that are to be fed again.

        Raises:
            gzip.BadGzipFile: the bytes are no gzip, or a damaged one.
        """
        raw = self._held + raw
        self._held = b""
        if self.is_whole:
            # Some tools fill the last block of a file with zeros.
            raw = raw if self.junk_bytes else raw.lstrip(b"\0")
            if len(raw) == 1 and not self.junk_bytes:
                self._held = raw
                return b"", b""
            if self.junk_bytes or not raw.startswith(MAGIC):
                self.junk_bytes += len(raw)
                return b"", b""
            self._member = isal_zlib.decompressobj(_GZIP_WINDOW)
            self.is_whole = False
        try:
            text = self._member.decompress(raw, limit)
        except _BROKEN as error:
            raise gzip.BadGzipFile(str(error)) from error
        self.is_whole = self._member.eof
        return text, self._member.unused_data if self.is_whole else self._member.unconsumed_tail

    def finish(self) -> None:
        """Tell that no raw bytes follow.

        Raises:
            EOFError: a member has not ended.
        """
        if not self.is_whole:
            raise EOFError("the gzip ends before its end")
        self.junk_bytes += len(self._held)
        self._held = b""


class InflatedFile(io.BufferedIOBase):
    """The inflated bytes of an open gzip as a file; raises as `Inflater` does."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw
        self._inflater = Inflater()
        self._rest = b""
        self._text = b""

    @property
    def junk_bytes(self) -> int:
        """Bytes behind the last member; known once all has been read."""
        return self._inflater.junk_bytes

    def readable(self) -> bool:
        """True."""
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        """The next `size` bytes, fewer only at the end; all that are left where `size` is negative."""
        pieces: list[bytes] = []
        missing = -1 if size is None else size
        while missing and (piece := self.read1(missing)):
            pieces.append(piece)
            missing -= len(piece) if missing > 0 else 0
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def read1(self, size: int = -1, /) -> bytes:
        """Some of the next bytes, at most `size`; none at the end."""
        limit = size if size > 0 else _TEXT_BYTES
        while not self._text:
            if not self._rest:
                self._rest = self._raw.read(RAW_BYTES)
            if not self._rest:
                self._inflater.finish()
                return b""
            self._text, self._rest = self._inflater.feed(self._rest, limit)
        piece, self._text = self._text[:limit], self._text[limit:]
        return piece

    def close(self) -> None:
        """Close the raw file with it."""
        self._raw.close()
        super().close()


def is_gzip(path: Path) -> bool:
    """Whether the content starts as gzip does, whatever its name says."""
    with path.open("rb") as f:
        return f.read(2) == MAGIC


def open_inflated(path: Path) -> BinaryIO:
    """The inflated bytes of a plain or gzip content.

    Raises while it is read: EOFError where a gzip is cut, `gzip.BadGzipFile` where it is damaged.
    """
    raw = path.open("rb")
    if raw.read(2) != MAGIC:
        raw.seek(0)
        return raw
    raw.seek(0)
    return cast(BinaryIO, InflatedFile(raw))

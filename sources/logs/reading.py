"""From the bytes of a log, plain or gzip, to a file of clean lines that DuckDB can read.

Belongs here: inflating, line ends, bytes that no reader survives, lines without end. Works on blocks, never
on single lines. What a line means is said by the format's own module.
"""

import codecs
import gzip
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
from isal import igzip, isal_zlib

from sources.errors import FileRejected, FileWaiting

# Stand in the text where a byte was that cannot be text, and at the end of a line that was cut. All are
# private-use characters, so they are valid in JSON and no log writes them.
BAD_BYTE = "\ue000"
CUT = "\ue001"
# Stands for a line with nothing on it where a reader would skip that.
BLANK = "\ue004"

MAX_LINE_BYTES = 1_000_000
MAX_BYTES = 50_000_000_000
# Lines are read some hundred thousand at a time, so that memory does not grow with the file.
CHUNK_BYTES = 1 << 27
_PICK_BLOCK = 1 << 16
_BLOCK = 1 << 19  # at most MAX_LINE_BYTES, so that only the first line of a block can be too long
_TAIL = 4096
_STAND_IN = 0x02
_CONTROLS = bytes(_STAND_IN if i < 32 and i not in (9, 10) else i for i in range(256))
_MARKS = re.compile("|".join((BAD_BYTE, CUT)).encode())
_BLANK_LINE = re.compile(rb"^[ \t]*\n", re.MULTILINE)
_DOCUMENT_END = re.compile(rb"\](?P<rest>(\s*,\s*\"\w+\"\s*:\s*[^\[\]{}]*)*\s*\})?\s*\Z")

codecs.register_error("spbe.bad_byte", lambda error: (BAD_BYTE, cast(UnicodeDecodeError, error).end))


@dataclass(frozen=True)
class Spool:
    """A scratch file of clean lines, or of one clean JSON array.

    `before` lines of the log were in earlier ones, `lines` are in this one; `odd` are those of them (1 is the
    first of this file) that are cut or hold bytes that are no text. `opening` is how the first begins. Of an
    array only `path` and `is_document` are set.
    """

    path: Path
    is_document: bool
    before: int = 0
    lines: int = 0
    odd: tuple[int, ...] = ()
    opening: bytes = b""


def spool(
    source: Path,
    scratch: Path,
    *,
    document_start: re.Pattern[bytes] | None = None,
    max_bytes: int = MAX_BYTES,
    chunk_bytes: int = CHUNK_BYTES,
) -> Iterator[Spool]:
    """Write the lines of a log to a scratch file, chunk by chunk, so that a reader sees every one of them.

    Args:
        source: The archived bytes, plain or gzip (told by their first bytes, not by the name).
        scratch: Where to write, with `.0` or `.1` behind it; each chunk replaces the last but one, which
            leaves the last to a reader beside. The caller deletes them, also after an error.
        document_start: Matches the start of a file that is one JSON document; its last byte is the `[` of the
            array of records. Such a file is written as that array alone, and `lines` is 0.
        max_bytes: Limit of the inflated size.
        chunk_bytes: About how much is in one chunk.

    Yields:
        The scratch file, every chunk with whole lines. CRLF is a line end. Control characters and invalid
        UTF-8 are `BAD_BYTE`; a line over 1 MB is cut and ends in `CUT`.

    Raises:
        FileWaiting: The gzip stream or the JSON document ends too early.
        FileRejected: The gzip stream is damaged, holds another gzip, or inflates beyond the limit.
    """
    with source.open("rb") as raw:
        blocks = _text_blocks(_inflated(raw, max_bytes))
        first = next(blocks, b"")
        start = document_start.match(first) if document_start else None
        if start:
            target = scratch.with_name(f"{scratch.name}.0")
            with target.open("wb") as out:
                _write_document(out, first[start.end() - 1 :], blocks)
            yield Spool(target, is_document=True)
            return
        rest = _cut_lines(chain((first,), blocks))
        opening, before, number = next(rest, b""), 0, 0
        while opening:
            target = scratch.with_name(f"{scratch.name}.{number % 2}")
            chunk, opening = _write_chunk(target, opening, rest, before, chunk_bytes)
            number += 1
            before += chunk.lines
            yield chunk


def mark_blanks(scratch: Path) -> None:
    """Put `BLANK` on every line of a chunk that has nothing on it; a JSON reader would skip the line."""
    scratch.write_bytes(_BLANK_LINE.sub(BLANK.encode() + b"\n", scratch.read_bytes()))


def pick_lines(scratch: Path, numbers: Sequence[int]) -> list[str]:
    """The text of some lines of a chunk; `numbers` ascend and begin with 1."""
    picked: list[str] = []
    wanted = iter(numbers)
    number = next(wanted, None)
    seen, held = 0, b""
    with scratch.open("rb") as file:
        while number is not None and (block := file.read(_PICK_BLOCK)):
            block = held + block
            count = block.count(b"\n")
            if number <= seen + count:
                lines = block.split(b"\n")
                held = lines[-1]
                while number is not None and number <= seen + count:
                    picked.append(lines[number - seen - 1].decode())
                    number = next(wanted, None)
            else:
                held = block[block.rfind(b"\n") + 1 :]
            seen += count
    return picked


def _inflated(raw: BinaryIO, max_bytes: int) -> Iterator[bytes]:
    magic = raw.read(2)
    raw.seek(0)
    stream = cast(BinaryIO, igzip.IGzipFile(fileobj=raw)) if magic == b"\x1f\x8b" else raw
    size = 0
    while True:
        try:
            block = stream.read(_BLOCK)
        except EOFError:
            raise FileWaiting(
                "truncated",
                "berkas gzip terpotong: diharapkan aliran gzip yang lengkap; menunggu berkas utuh",
            ) from None
        except (gzip.BadGzipFile, isal_zlib.error) as error:  # type: ignore[misc]
            raise FileRejected("unreadable", f"berkas gzip rusak dan tidak dapat dibuka ({error})") from None
        if not block:
            return
        if size == 0 and stream is not raw and block[:2] == b"\x1f\x8b":
            raise FileRejected("unreadable", "diharapkan satu lapis gzip, ditemukan gzip di dalam gzip")
        size += len(block)
        if size > max_bytes:
            raise FileRejected("too_large", f"isi berkas melebihi batas {max_bytes:,} bita")
        yield block


def _text_blocks(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Blocks of valid UTF-8 whose only control characters are tab and line feed."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="spbe.bad_byte")
    held = b""
    is_first = True
    for block in blocks:
        text = held + block
        if is_first:
            text = text.removeprefix(codecs.BOM_UTF8)
            is_first = False
        # A CR may be one half of a CRLF that the next block completes.
        held = b"\r" if text.endswith(b"\r") else b""
        text = text[: len(text) - len(held)]
        if not text.isascii() or decoder.getstate()[0]:
            text = decoder.decode(text).encode()
        yield _marked(text)
    last = decoder.decode(b"", final=True).encode()
    if last:
        yield last


def _marked(text: bytes) -> bytes:
    if _count_below(text, 32) == _count_lines(text):
        return text
    text = text.replace(b"\r\n", b"\n").translate(_CONTROLS)
    return text.replace(bytes([_STAND_IN]), BAD_BYTE.encode()) if _STAND_IN in text else text


def _count_below(text: bytes, limit: int) -> int:
    return int(np.count_nonzero(np.frombuffer(text, np.uint8) < limit))


def _count_lines(text: bytes) -> int:
    """Three times as fast as `bytes.count`, which looks for the next match again and again."""
    return int(np.count_nonzero(np.frombuffer(text, np.uint8) == 10))


def _cut_lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Blocks in which no line is over the limit."""
    open_bytes = 0  # length so far of the line that the last block left open
    for block in blocks:
        if not block:
            continue
        newline = block.find(b"\n")
        head = len(block) if newline < 0 else newline
        room = MAX_LINE_BYTES - open_bytes
        if head > room:
            # Cut at a character, never inside one.
            kept = block[: max(room, 0)].decode(errors="ignore").encode()
            if cut := kept + (CUT.encode() if room >= 0 else b"") + block[head:]:
                yield cut
            open_bytes = MAX_LINE_BYTES + 1
        else:
            yield block
            open_bytes += head
        if newline >= 0:
            open_bytes = len(block) - 1 - block.rfind(b"\n")


def _write_chunk(
    scratch: Path, opening: bytes, rest: Iterator[bytes], before: int, chunk_bytes: int
) -> tuple[Spool, bytes]:
    """One chunk, and the bytes with which the next one begins."""
    lines, size = 0, 0
    odd: list[int] = []
    block, left = opening, b""
    # Written over an earlier chunk: pages that are there cost half.
    with scratch.open("r+b" if scratch.exists() else "wb") as out:
        while block:
            following = next(rest, b"")
            if size + len(block) >= chunk_bytes and following:
                end = block.rfind(b"\n") + 1
                left = block[end:] + following if end else b""
                block, following = (block[:end], b"") if end else (block, following)
            elif not following and not block.endswith(b"\n"):
                block += b"\n"
            out.write(block)
            size += len(block)
            odd.extend(_marked_lines(block, lines))
            lines += _count_lines(block)
            block = following
        out.truncate()
    return Spool(scratch, False, before, lines, tuple(dict.fromkeys(odd)), opening[:_TAIL]), left


def _marked_lines(block: bytes, lines: int) -> Iterator[int]:
    if not block.isascii() and b"\xee\x80" in block:
        at = 0
        number = lines + 1
        for mark in _MARKS.finditer(block):
            number += block.count(b"\n", at, mark.start())
            at = mark.start()
            yield number


def _write_document(out: BinaryIO, first: bytes, blocks: Iterator[bytes]) -> None:
    held = first
    for block in blocks:
        out.write(held[:-_TAIL])
        held = held[-_TAIL:] + block
    end = _DOCUMENT_END.search(held, max(0, len(held) - _TAIL))
    if end is None:
        raise FileWaiting(
            "truncated",
            "dokumen JSON terpotong: diharapkan berakhir dengan ']' atau ']}'; menunggu berkas utuh",
        )
    out.write(held[: end.start() + 1])

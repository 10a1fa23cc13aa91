"""From the bytes of a log, plain or gzip, to a file of clean lines that DuckDB can read.

Belongs here: inflating, line ends, bytes that no reader survives, lines without end. Works on blocks, never
on single lines. What a line means is said by the format's own module.
"""

import codecs
import gzip
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

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
# A bad byte becomes three: at most MAX_LINE_BYTES then, so that only the first line of a block is too long.
_BLOCK_BYTES = 1 << 18
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
    first of this file) that are cut or hold bytes that are no text. `opening` is how the first begins.
    `blocks` are places in the file to search lines from: how many lines end before it, and its offset. Of an
    array only `path` and `is_document` are set.
    """

    path: Path
    is_document: bool
    before: int = 0
    lines: int = 0
    odd: tuple[int, ...] = ()
    opening: bytes = b""
    blocks: tuple[tuple[int, int], ...] = ((0, 0),)


class _Block(NamedTuple):
    """Some bytes of a log, and how many lines end in them (counted once: it costs as much as inflating)."""

    text: bytes
    lines: int


_NO_BLOCK = _Block(b"", 0)


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
        first = next(blocks, _NO_BLOCK)
        start = document_start.match(first.text) if document_start else None
        if start:
            target = scratch.with_name(f"{scratch.name}.0")
            with target.open("wb") as out:
                _write_document(out, first.text[start.end() - 1 :], blocks)
            yield Spool(target, is_document=True)
            return
        rest = _cut_lines(chain((first,), blocks))
        opening, before, number = next(rest, _NO_BLOCK), 0, 0
        while opening.text:
            target = scratch.with_name(f"{scratch.name}.{number % 2}")
            chunk, opening = _write_chunk(target, opening, rest, before, chunk_bytes)
            number += 1
            before += chunk.lines
            yield chunk


def mark_blanks(chunk: Spool) -> Spool:
    """Put `BLANK` on every line of a chunk that has nothing on it; a JSON reader would skip the line."""
    marked = _BLANK_LINE.sub(BLANK.encode() + b"\n", chunk.path.read_bytes())
    chunk.path.write_bytes(marked)
    return replace(chunk, blocks=((0, 0),))


def pick_lines(chunk: Spool, numbers: Sequence[int]) -> list[str]:
    """The text of some lines of a chunk; `numbers` ascend, the first line of the chunk is 1."""
    picked: list[str] = []
    seen = 0
    with chunk.path.open("rb") as file:
        for number in numbers:
            ended, offset = chunk.blocks[max(bisect_left(chunk.blocks, (number - 1,)) - 1, 0)]
            if ended > seen:
                file.seek(offset)
                file.readline()  # began in the block before
                seen = ended + 1
            line = next(islice(file, number - seen - 1, None))
            picked.append(line.decode().removesuffix("\n"))
            seen = number
    return picked


def _inflated(raw: BinaryIO, max_bytes: int) -> Iterator[bytes]:
    magic = raw.read(2)
    raw.seek(0)
    stream = cast(BinaryIO, igzip.IGzipFile(fileobj=raw)) if magic == b"\x1f\x8b" else raw
    size = 0
    while True:
        try:
            block = stream.read(_BLOCK_BYTES)
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


def _text_blocks(blocks: Iterator[bytes]) -> Iterator[_Block]:
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
        yield _Block(last, 0)


def _marked(text: bytes) -> _Block:
    lines = _count_lines(text)
    if np.count_nonzero(np.frombuffer(text, np.uint8) < 32) > lines:
        text = text.replace(b"\r\n", b"\n").translate(_CONTROLS)
        if _STAND_IN in text:
            text = text.replace(bytes([_STAND_IN]), BAD_BYTE.encode())
    return _Block(text, lines)


def _count_lines(text: bytes) -> int:
    """Three times as fast as `bytes.count`, which looks for the next match again and again."""
    return int(np.count_nonzero(np.frombuffer(text, np.uint8) == 10))


def _cut_lines(blocks: Iterable[_Block]) -> Iterator[_Block]:
    """Blocks in which no line is over the limit."""
    open_bytes = 0  # length so far of the line that the last block left open
    for block in blocks:
        text, lines = block
        if not text:
            continue
        newline = text.find(b"\n")
        head = len(text) if newline < 0 else newline
        room = MAX_LINE_BYTES - open_bytes
        if head > room:
            # Cut at a character, never inside one.
            kept = text[: max(room, 0)].decode(errors="ignore").encode()
            if cut := kept + (CUT.encode() if room >= 0 else b"") + text[head:]:
                yield _Block(cut, lines)
            open_bytes = MAX_LINE_BYTES + 1
        else:
            yield block
            open_bytes += head
        if newline >= 0:
            open_bytes = len(text) - 1 - text.rfind(b"\n")


def _write_chunk(
    scratch: Path, opening: _Block, rest: Iterator[_Block], before: int, chunk_bytes: int
) -> tuple[Spool, _Block]:
    """One chunk, and the block with which the next one begins."""
    lines, size = 0, 0
    odd: list[int] = []
    blocks: list[tuple[int, int]] = []
    block, left = opening, _NO_BLOCK
    # Written over an earlier chunk: pages that are there cost half.
    with scratch.open("r+b" if scratch.exists() else "wb") as out:
        while block.text:
            following = next(rest, _NO_BLOCK)
            if size + len(block.text) >= chunk_bytes and following.text:
                end = block.text.rfind(b"\n") + 1
                if end:
                    left = _Block(block.text[end:] + following.text, following.lines)
                    block, following = _Block(block.text[:end], block.lines), _NO_BLOCK
            elif not following.text and not block.text.endswith(b"\n"):
                block = _Block(block.text + b"\n", block.lines + 1)
            out.write(block.text)
            blocks.append((lines, size))
            odd.extend(_marked_lines(block.text, lines))
            size += len(block.text)
            lines += block.lines
            block = following
        out.truncate()
    chunk = Spool(
        scratch, False, before, lines, tuple(dict.fromkeys(odd)), opening.text[:_TAIL], tuple(blocks)
    )
    return chunk, left


def _marked_lines(block: bytes, lines: int) -> Iterator[int]:
    if not block.isascii() and b"\xee\x80" in block:
        at = 0
        number = lines + 1
        for mark in _MARKS.finditer(block):
            number += block.count(b"\n", at, mark.start())
            at = mark.start()
            yield number


def _write_document(out: BinaryIO, first: bytes, blocks: Iterator[_Block]) -> None:
    held = first
    for block in blocks:
        out.write(held[:-_TAIL])
        held = held[-_TAIL:] + block.text
    end = _DOCUMENT_END.search(held, max(0, len(held) - _TAIL))
    if end is None:
        raise FileWaiting(
            "truncated",
            "dokumen JSON terpotong: diharapkan berakhir dengan ']' atau ']}'; menunggu berkas utuh",
        )
    out.write(held[: end.start() + 1])

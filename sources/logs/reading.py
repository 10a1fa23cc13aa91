"""From the bytes of a log, plain or gzip, to files of clean lines that DuckDB can read.

Belongs here: inflating, line ends, bytes that no reader survives, lines without end or with nothing on them.
Works on blocks, never on single lines. Stays out: what is wrapped around a log's lines (`envelopes.py`), and
what a line means (the format's own module).
"""

import codecs
import gzip
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from heapq import nsmallest
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple, cast

import numpy as np

from sources.errors import FileRejected, FileWaiting
from sources.inflate import is_gzip, open_inflated
from sources.left_out import LeftOut

# Stand in the text where a byte was that cannot be text, and at the end of a line that was cut. All are
# private-use characters, so they are valid in JSON and no log writes them.
BAD_BYTE = "\ue000"
CUT = "\ue001"
# Stands on a line with nothing on it, which a reader would skip.
BLANK = "\ue004"

MAX_LINE_BYTES = 1_000_000
MAX_INFLATED_BYTES = 50_000_000_000
# Lines are read some hundred thousand at a time, so that memory does not grow with the file.
CHUNK_BYTES = 1 << 27
# A bad byte becomes three: at most MAX_LINE_BYTES then, so that only the first line of a block is too long.
# The memory of a larger one is given back and asked for again each time, which costs as much as inflating.
_BLOCK_BYTES = 1 << 17
_OPENING = 4096
_STAND_IN = 0x02
_CONTROLS = bytes(_STAND_IN if i < 32 and i not in (9, 10) else i for i in range(256))
_MARKS = re.compile("|".join((BAD_BYTE, CUT)).encode())
_MARK = BAD_BYTE.encode()[:1]
_BLANKS = re.compile(rb"(?:%s\n)*" % BLANK.encode())
_NUL_RUN = re.compile(rb"\n\0+")
# So many places are named to the sender; the others are counted.
_PLACES = 5

codecs.register_error("spbe.bad_byte", lambda error: (BAD_BYTE, cast(UnicodeDecodeError, error).end))


@dataclass
class _Tally:
    count: int = 0
    places: list[int] = field(default_factory=list)

    def add(self, count: int, numbers: Iterable[int] = ()) -> None:
        self.count += count
        # The first of the file, in whichever order its parts were looked at.
        self.places = nsmallest(_PLACES, chain(self.places, numbers))

    @property
    def place(self) -> str:
        return "baris " + ", ".join(map(str, self.places)) if self.places else ""


@dataclass
class Account:
    """What of a log was left out while its lines were read; places are numbers of lines."""

    trailing_bytes: int = 0
    nul_bytes: _Tally = field(default_factory=_Tally)
    cut_lines: _Tally = field(default_factory=_Tally)
    blank_lines: _Tally = field(default_factory=_Tally)
    joined_lines: int = 0
    documents: int = 0
    other_keys: dict[str, int] = field(default_factory=dict)

    def add(self, other: "Account") -> None:
        """Count in what reading a chunk left out of its lines."""
        for mine, theirs in (
            (self.nul_bytes, other.nul_bytes),
            (self.cut_lines, other.cut_lines),
            (self.blank_lines, other.blank_lines),
        ):
            mine.add(theirs.count, theirs.places)

    def left_out(self) -> list[LeftOut]:
        """One entry for each kind of thing that was left out."""
        blank = self.blank_lines.count - self.joined_lines
        keys = ", ".join(list(self.other_keys)[:_PLACES])
        told = (
            LeftOut(
                "trailing_bytes",
                "",
                self.trailing_bytes,
                f"ada {self.trailing_bytes:,} bita di belakang akhir gzip; tidak dibaca",
            ),
            LeftOut(
                "line",
                self.nul_bytes.place,
                self.nul_bytes.count,
                f"ada {self.nul_bytes.count:,} bita NUL di awal baris (log yang dikosongkan sambil ditulis);"
                " dibuang, barisnya tetap dibaca",
            ),
            LeftOut(
                "line",
                self.cut_lines.place,
                self.cut_lines.count,
                f"ada {self.cut_lines.count:,} baris lebih panjang dari 1 MB; dipotong dan tidak dibaca",
            ),
            LeftOut("blank", self.blank_lines.place, blank, f"ada {blank:,} baris kosong; dilewati"),
            LeftOut(
                "envelope",
                "",
                self.joined_lines,
                f"ada {self.joined_lines:,} baris sambungan; digabung ke baris pertamanya dan dihitung"
                " sebagai baris kosong",
            ),
            LeftOut(
                "envelope",
                "",
                sum(self.other_keys.values()),
                f"kunci lain di samping daftar catatan pada dokumen JSON tidak dibaca: {keys}",
            ),
        )
        return [part for part in told if part.count]


@dataclass(frozen=True)
class Spool:
    """A scratch file of clean lines.

    `before` lines of the log were in earlier ones, `lines` are in this one (1 is the first of this file):
    `blank` are those of them with nothing on them, `odd` those that are cut or hold bytes that are no text.
    `opening` is how the first line with something on it begins. `blocks` are places in the file to search
    lines from: how many lines end before it, and its offset.
    """

    path: Path
    before: int
    lines: int
    blank: tuple[int, ...]
    odd: tuple[int, ...]
    opening: bytes
    blocks: tuple[tuple[int, int], ...]


class Block(NamedTuple):
    """Some bytes of a log, and where its line feeds are (found once: it costs as much as inflating)."""

    text: bytes
    ends: np.ndarray


def block_of(text: bytes) -> Block:
    """A block of clean text."""
    return Block(text, np.flatnonzero(np.frombuffer(text, np.uint8) == 10))


class Lines(NamedTuple):
    """Whole lines, `blank` (1 is the first of them) with `BLANK` on them.

    `has_lists` is whether a line may be a JSON array or hold one named `records`.
    """

    text: bytes
    lines: int
    blank: Sequence[int]
    has_lists: bool


def read_text(source: Path, max_bytes: int, account: Account) -> Iterator[Block]:
    """The text of a log.

    Args:
        source: The archived bytes, plain or gzip (told by their first bytes, not by the name).
        max_bytes: Limit of the inflated size.
        account: Gets what was left out.

    Yields:
        Blocks of valid UTF-8 whose only control characters are tab and line feed. CRLF is a line end, NULs
        before the first byte of a line (copytruncate leaves them) are dropped; other control characters and
        invalid UTF-8 are `BAD_BYTE`.

    Raises:
        FileWaiting: The gzip stream ends too early.
        FileRejected: The gzip stream is damaged, holds another gzip, or inflates beyond the limit.
    """
    return clean_blocks(_inflated(source, max_bytes, account), account)


def _inflated(source: Path, max_bytes: int, account: Account) -> Iterator[bytes]:
    packed = is_gzip(source)
    size = 0
    with open_inflated(source) as stream:
        while True:
            try:
                block = stream.read(_BLOCK_BYTES)
            except EOFError:
                raise FileWaiting(
                    "truncated",
                    "berkas gzip terpotong: diharapkan aliran gzip yang lengkap; menunggu berkas utuh",
                ) from None
            except gzip.BadGzipFile as error:
                raise FileRejected(
                    "unreadable", f"berkas gzip rusak dan tidak dapat dibuka ({error})"
                ) from None
            if not block:
                account.trailing_bytes = getattr(stream, "junk_bytes", 0)
                return
            if size == 0 and packed and block[:2] == b"\x1f\x8b":
                raise FileRejected("unreadable", "diharapkan satu lapis gzip, ditemukan gzip di dalam gzip")
            size += len(block)
            if size > max_bytes:
                raise FileRejected("too_large", f"isi berkas melebihi batas {max_bytes:,} bita")
            yield block


def clean_blocks(blocks: Iterator[bytes], account: Account) -> Iterator[Block]:
    """Blocks of any bytes as `read_text` gives them."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="spbe.bad_byte")
    held = b""
    is_first = at_start = True
    lines = 0
    for block in blocks:
        text = held + block
        if is_first:
            text = text.removeprefix(codecs.BOM_UTF8)
            is_first = False
        # A CR may be one half of a CRLF that the next block completes.
        held = b"\r" if text.endswith(b"\r") else b""
        text = text[: len(text) - len(held)]
        if b"\0" in text:
            text = _without_nul_runs(text, at_start, lines, account)
        if not text:
            continue
        at_start = text.endswith(b"\n")
        if not text.isascii() or decoder.getstate()[0]:
            text = decoder.decode(text).encode()
        marked = _marked(text)
        lines += len(marked.ends)
        yield marked
    last = decoder.decode(b"", final=True).encode()
    if last:
        yield block_of(last)


def _without_nul_runs(text: bytes, at_start: bool, lines: int, account: Account) -> bytes:
    """Without the NULs that stand before the first byte of a line."""
    kept = text.lstrip(b"\0") if at_start else text
    if dropped := len(text) - len(kept):
        account.nul_bytes.add(dropped, (lines + 1,))
    if b"\n\0" in kept:
        runs = [(run.start(), len(run[0]) - 1) for run in _NUL_RUN.finditer(kept)]
        numbers = (lines + 2 + kept.count(b"\n", 0, start) for start, _ in runs)
        account.nul_bytes.add(sum(size for _, size in runs), numbers)
        kept = _NUL_RUN.sub(b"\n", kept)
    return kept


def _marked(text: bytes) -> Block:
    codes = np.frombuffer(text, np.uint8)
    # Most controls are line feeds: one pass finds both.
    controls = np.flatnonzero(codes < 32)
    if (codes[controls] == 10).all():
        return Block(text, controls)
    text = text.replace(b"\r\n", b"\n").translate(_CONTROLS)
    if _STAND_IN in text:
        text = text.replace(bytes([_STAND_IN]), BAD_BYTE.encode())
    return block_of(text)


def whole_lines(blocks: Iterable[Block], *, drop_blank: bool = False) -> Iterator[Lines]:
    """Blocks in which every line is whole, ends in a line feed and is at most 1 MB, or cut and ends in `CUT`.

    Lines with nothing on them get `BLANK`, or are dropped.
    """
    held: list[bytes] = []
    for text, ends in _cut_lines(blocks):
        if not len(ends):
            held.append(text)
            continue
        end = int(ends[-1]) + 1
        before = sum(map(len, held))
        whole = text if not held and end == len(text) else b"".join((*held, memoryview(text)[:end]))
        lines = _with_blank(whole, ends + before if before else ends, drop_blank)
        held = [text[end:]] if end < len(text) else []
        if lines.lines:
            yield lines
    if held:
        lines = _with_blank(*block_of(b"".join(held) + b"\n"), drop_blank)
        if lines.lines:
            yield lines


def _with_blank(text: bytes, ends: np.ndarray, drop: bool) -> Lines:
    codes = np.frombuffer(text, np.uint8)
    starts = np.concatenate(([0], ends[:-1] + 1))
    firsts = codes[starts]
    # `{"rec`, not `{"req`; behind the last line nothing can stand.
    fifths = codes[np.minimum(starts + 4, len(codes) - 1)]
    has_lists = bool(((firsts == ord("[")) | ((firsts == ord("{")) & (fifths == ord("c")))).any())
    # Of a line with nothing on it the first byte is its end or a blank, and so is the last.
    doubtful = np.flatnonzero((firsts <= 32) & (codes[ends - 1] <= 32))
    if not len(doubtful):
        return Lines(text, len(ends), (), has_lists)
    mark = b"" if drop else BLANK.encode() + b"\n"
    blank: list[int] = []
    parts: list[bytes] = []
    at = 0
    spans = zip(doubtful.tolist(), starts[doubtful].tolist(), ends[doubtful].tolist(), strict=True)
    for number, start, end in spans:
        if start == end or not text[start:end].strip(b" \t"):
            blank.append(number + 1)
            parts += (text[at:start], mark)
            at = end + 1
    if drop:
        return Lines(b"".join((*parts, text[at:])), len(ends) - len(blank), (), has_lists)
    return Lines(b"".join((*parts, text[at:])), len(ends), blank, has_lists)


def _cut_lines(blocks: Iterable[Block]) -> Iterator[Block]:
    """Blocks in which no line is over the limit."""
    open_bytes = 0  # length so far of the line that the last block left open
    for block in blocks:
        text, ends = block
        if not text:
            continue
        head = int(ends[0]) if len(ends) else len(text)
        room = MAX_LINE_BYTES - open_bytes
        if head > room:
            # Cut at a character, never inside one.
            kept = text[: max(room, 0)].decode(errors="ignore").encode()
            if cut := kept + (CUT.encode() if room >= 0 else b"") + text[head:]:
                yield block_of(cut)
            open_bytes = MAX_LINE_BYTES + 1
        else:
            yield block
            open_bytes += head
        if len(ends):
            open_bytes = len(text) - 1 - int(ends[-1])


def spool(
    blocks: Iterator[Lines], scratch: Path, chunk_bytes: int = CHUNK_BYTES, *, keeps_all: bool = False
) -> Iterator[Spool]:
    """Write lines to scratch files, chunk by chunk, so that a reader sees every one of them.

    Args:
        blocks: Whole lines.
        scratch: Where to write, with `.0` or `.1` behind it; each chunk replaces the last but one, which
            leaves the last to a reader beside. The caller deletes them, also after an error.
        chunk_bytes: About how much is in one chunk.
        keeps_all: Every chunk has a file of its own, numbered from 0.
    """
    before = number = 0
    while opening := next(blocks, None):
        target = scratch.with_name(f"{scratch.name}.{number if keeps_all else number % 2}")
        chunk = _write_chunk(target, opening, blocks, before, chunk_bytes)
        yield chunk
        number += 1
        before += chunk.lines


def _write_chunk(scratch: Path, first: Lines, rest: Iterator[Lines], before: int, chunk_bytes: int) -> Spool:
    lines, size = 0, 0
    odd: list[int] = []
    blank: list[int] = []
    places: list[tuple[int, int]] = []
    opening = b""
    block: Lines | None = first
    # Written over an earlier chunk: pages that are there cost half.
    with scratch.open("r+b" if scratch.exists() else "wb") as out:
        while block:
            out.write(block.text)
            places.append((lines, size))
            odd.extend(_marked_lines(block.text, lines))
            blank.extend(lines + number for number in block.blank)
            if not opening and len(block.blank) < block.lines:
                opening = opening_of(block)
            size += len(block.text)
            lines += block.lines
            block = next(rest, None) if size < chunk_bytes else None
        out.truncate()
    return Spool(scratch, before, lines, tuple(blank), tuple(dict.fromkeys(odd)), opening, tuple(places))


def opening_of(block: Lines) -> bytes:
    """How the first line of a block with something on it begins."""
    start = cast(re.Match[bytes], _BLANKS.match(block.text)).end()
    return block.text[start : start + _OPENING]


def pick_lines(chunk: Spool, numbers: Sequence[int]) -> list[str]:
    """The text of some lines of a chunk; `numbers` ascend, the first line of the chunk is 1."""
    picked: list[str] = []
    seen = 0
    with chunk.path.open("rb") as file:
        for number in numbers:
            ended, offset = chunk.blocks[max(bisect_left(chunk.blocks, (number,)) - 1, 0)]
            if ended > seen:
                file.seek(offset)
                seen = ended
            line = next(islice(file, number - seen - 1, None))
            picked.append(line.decode().removesuffix("\n"))
            seen = number
    return picked


def _marked_lines(block: bytes, lines: int) -> Iterator[int]:
    # The first byte of both marks, sought in half the time of `isascii`.
    if _MARK in block and (BAD_BYTE.encode() in block or CUT.encode() in block):
        at = 0
        number = lines + 1
        for mark in _MARKS.finditer(block):
            number += block.count(b"\n", at, mark.start())
            at = mark.start()
            yield number

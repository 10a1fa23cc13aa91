"""Rows of a delimited text, each with the physical line on which it starts.

Belongs here: separators, quotes, and going on after a row that can not be read. Stays out: encodings
(`envelope.py`), headers and sections.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice

from sources.tables.envelope import Envelope
from sources.tables.header import Row

SEPARATORS = (",", ";", "\t", "|")
_SPAN = 100  # A quoted cell over more lines than this is a quote that nobody closed.
_STAND_IN = "\ufffd"

NO_QUOTE = "tanda kutip yang tidak ditutup"
NUL = "karakter NUL"
NO_TEXT = "byte yang bukan teks UTF-8"


def read_rows(envelope: Envelope, separator: str) -> Iterator[Row]:
    """Rows of the text; after one with a broken quote, reading goes on with the next line."""
    read = 0
    if envelope.is_whole:
        with envelope.open_text() as stream:
            reader = csv.reader(stream, delimiter=separator, strict=True)
            try:
                for cells in reader:
                    if reader.line_num - read > _SPAN:
                        break
                    yield read + 1, cells, None
                    read = reader.line_num
                else:
                    return
            except csv.Error:
                pass
    with envelope.open_text() as stream:
        yield from _careful_rows(islice(stream, read, None), read, separator, envelope.bad_places > 0)


def _careful_rows(stream: Iterable[str], read: int, separator: str, has_stand_ins: bool) -> Iterator[Row]:
    lines = _Lines(stream, read)
    reader = csv.reader(lines, delimiter=separator, strict=True)
    while True:
        lines.taken = []
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            number, line = lines.taken[0]
            yield number, [line.rstrip("\r\n").replace("\0", _STAND_IN)], NO_QUOTE
            lines.give_back()
            reader = csv.reader(lines, delimiter=separator, strict=True)
            continue
        fault = None
        if any("\0" in line for _, line in lines.taken):
            fault = NUL
        elif has_stand_ins and any(_STAND_IN in line for _, line in lines.taken):
            fault = NO_TEXT
        yield lines.taken[0][0], cells, fault


class _Lines:
    """Physical lines for a CSV reader; what it took for the row at hand can be given back."""

    def __init__(self, stream: Iterable[str], read: int) -> None:
        self._lines = enumerate(stream, read + 1)
        self._given_back: deque[tuple[int, str]] = deque()
        self.taken: list[tuple[int, str]] = []

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if len(self.taken) > _SPAN:
            raise StopIteration
        line = self._given_back.popleft() if self._given_back else next(self._lines)
        self.taken.append(line)
        return line[1].replace("\0", _STAND_IN)

    def give_back(self) -> None:
        """Read all but the first of the taken lines again."""
        self._given_back.extendleft(reversed(self.taken[1:]))

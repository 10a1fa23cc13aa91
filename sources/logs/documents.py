"""From JSON documents to one element a line.

Belongs here: where in arrays, `{"records": [...]}` and documents of many lines one element ends and the next
begins, block by block, so that memory does not grow with the document. Stays out: whether an element is valid
JSON, and what it means.
"""

import re
from collections.abc import Iterator

import numpy as np

from sources.errors import FileRejected, FileWaiting
from sources.logs.reading import MAX_LINE_BYTES, Account, Block, block_of

# What is said of a document that has not ended.
CUT_DOCUMENT = "dokumen JSON terpotong: diharapkan berakhir dengan ']' atau ']}'"
_QUOTE, _OPEN_ARRAY, _OPEN_OBJECT, _CLOSE_ARRAY, _CLOSE_OBJECT, _COMMA = range(1, 7)
_CLASSES = np.zeros(256, np.uint8)
for _number, _byte in enumerate(b'"[{]},', 1):
    _CLASSES[_byte] = _number
_ESCAPED = re.compile(rb"\\.", re.DOTALL)
_RECORDS = re.compile(rb'"records"\s*:\s*\[')
_KEY = re.compile(rb'"((?:[^"\\]|\\.){1,60})"\s*:')
# Where in a sequence of documents the text is, and the depth of the commas there that end an element.
_BETWEEN, _ARRAY, _OBJECT, _RECORDS_OPEN, _BEHIND_RECORDS = range(5)
_LEVELS = {_BETWEEN: 0, _ARRAY: 1, _RECORDS_OPEN: 2}
# A key and its bracket may stand in two blocks.
_BEHIND = 256
_KEPT_REST = 4096


class Splitter:
    """Cuts a sequence of JSON values, with or without commas or line feeds between them, into elements.

    An array gives its elements, an object with an array `records` the elements of that, any other object
    itself. An element that is an array is left whole.
    """

    def __init__(self, account: Account | None = None) -> None:
        self._account = account
        self._depth = 0
        self._in_string = self._is_escaped = False
        self._place = _BETWEEN
        self._behind = b""
        self._open: list[bytes] = []  # an object that may still turn out to hold records
        self._open_bytes = 0
        self._rest = b""
        # Of the element that is open: whether there is anything of it yet, and a comma before it.
        self._is_filled = self._is_further = False

    def feed(self, text: bytes) -> list[bytes]:
        """Pieces of text with one element a line, some lines empty.

        Raises:
            FileRejected: The brackets do not match, or an element is missing.
        """
        codes = np.frombuffer(self._without_escapes(text), np.uint8)
        classes = _CLASSES[codes]
        places = np.flatnonzero(classes)
        kinds = classes[places]
        quotes = kinds == _QUOTE
        inside = (np.cumsum(quotes) + self._in_string) & 1
        if len(inside):
            self._in_string = bool(inside[-1])
        outside = ~quotes & (inside == 0)
        places, kinds = places[outside], kinds[outside]
        opens, closes = (kinds == _OPEN_ARRAY) | (kinds == _OPEN_OBJECT), kinds >= _CLOSE_ARRAY
        closes &= kinds != _COMMA
        depths = self._depth + np.cumsum(opens.astype(np.int64) - closes)
        if len(depths) and depths.min() < 0:
            raise _broken()
        out = np.frombuffer(text.replace(b"\n", b" "), np.uint8).copy()
        pieces = self._walk(text, out, places, kinds, opens, closes, depths)
        if len(depths):
            self._depth = int(depths[-1])
        self._behind = (self._behind + text)[-_BEHIND:]
        return pieces

    def finish(self) -> list[bytes]:
        """What is left.

        Raises:
            FileWaiting: A document has not ended.
        """
        if self._depth or self._in_string:
            raise FileWaiting(
                "truncated",
                f"{CUT_DOCUMENT}; menunggu berkas utuh",
            )
        return [b"\n"]

    def _without_escapes(self, text: bytes) -> bytes:
        """The same length, without a quote that ends no string."""
        if self._is_escaped:
            text = b"_" + text[1:]
        backslashes = len(text) - len(text.rstrip(b"\\"))
        self._is_escaped = bool(backslashes % 2)
        return _ESCAPED.sub(b"__", text) if b"\\" in text else text

    def _walk(
        self,
        text: bytes,
        out: np.ndarray,
        places: np.ndarray,
        kinds: np.ndarray,
        opens: np.ndarray,
        closes: np.ndarray,
        depths: np.ndarray,
    ) -> list[bytes]:
        joined = self._behind + text
        records = [match.end() - 1 - len(self._behind) for match in _RECORDS.finditer(joined)]
        is_edge = (opens & (depths == 1)) | (closes & (depths == 0))
        if records or self._place == _RECORDS_OPEN:
            is_edge |= (opens & (depths == 2) & np.isin(places, records)) | (closes & (depths == 1))
        printed = np.concatenate(([0], np.cumsum(np.frombuffer(text, np.uint8) > 32)))
        separators = np.flatnonzero(kinds == _COMMA)
        separators, levels = places[separators], depths[separators]
        pieces: list[bytes] = []
        at = 0
        for number in np.flatnonzero(is_edge).tolist():
            place, kind, depth = int(places[number]), int(kinds[number]), int(depths[number])
            before = self._place
            after = self._beyond(bool(opens[number]), kind, depth)
            if after == before:
                continue
            self._separate(out, printed, separators, levels, at, place)
            if (
                closes[number]
                and before in (_ARRAY, _RECORDS_OPEN)
                and self._is_further
                and not self._is_filled
            ):
                raise _broken()
            end = place + 1 if before == _OBJECT and closes[number] else place
            piece = out[at:end].tobytes()
            at = place if after == _OBJECT else place + 1
            if after == _RECORDS_OPEN:
                self._leave(b"".join((*self._open, piece)))
                self._open, self._open_bytes = [], 0
            else:
                self._emit(pieces, piece, is_end=True)
            if before == _BEHIND_RECORDS and after == _BETWEEN:
                self._count_rest()
            self._place = after
            self._is_filled = self._is_further = False
        self._separate(out, printed, separators, levels, at, len(out))
        self._emit(pieces, out[at:].tobytes(), is_end=False)
        return pieces

    def _beyond(self, is_open: bool, kind: int, depth: int) -> int:
        """Where the text is behind a bracket, the same place where the bracket is inside an element."""
        place = self._place
        if is_open and depth == 1:
            return _ARRAY if kind == _OPEN_ARRAY else _OBJECT
        if is_open:
            return _RECORDS_OPEN if place in (_OBJECT, _BEHIND_RECORDS) else place
        if depth == 0:
            if (kind == _CLOSE_ARRAY) != (place == _ARRAY):
                raise _broken()
            return _BETWEEN
        if place == _RECORDS_OPEN and kind != _CLOSE_ARRAY:
            raise _broken()
        return _BEHIND_RECORDS if place == _RECORDS_OPEN else place

    def _separate(
        self,
        out: np.ndarray,
        printed: np.ndarray,
        separators: np.ndarray,
        levels: np.ndarray,
        start: int,
        end: int,
    ) -> None:
        """End a line at the commas between the elements that stand from `start` to `end`."""
        level = _LEVELS.get(self._place)
        if level is None:
            return
        low, high = np.searchsorted(separators, (start, end))
        commas = separators[low:high][levels[low:high] == level]
        if level == 0:
            out[commas] = 32
            return
        out[commas] = 10
        if len(commas):
            is_first_filled = self._is_filled or printed[commas[0]] > printed[start]
            if not is_first_filled or (printed[commas[1:]] == printed[commas[:-1] + 1]).any():
                raise _broken()
            self._is_further, self._is_filled = True, False
            start = int(commas[-1]) + 1
        self._is_filled = self._is_filled or bool(printed[end] > printed[start])

    def _emit(self, pieces: list[bytes], piece: bytes, *, is_end: bool) -> None:
        if self._place == _BEHIND_RECORDS:
            self._leave(piece)
        elif self._place != _OBJECT:
            pieces.append(piece + b"\n" if is_end else piece)
        elif is_end:
            pieces += [*self._open, piece + b"\n"]
            self._open, self._open_bytes = [], 0
        elif self._open_bytes <= MAX_LINE_BYTES:
            # A longer line is cut anyway.
            self._open.append(piece)
            self._open_bytes += len(piece)

    def _leave(self, piece: bytes) -> None:
        self._rest = (self._rest + piece)[:_KEPT_REST]

    def _count_rest(self) -> None:
        if self._account is not None:
            self._account.documents += 1
            for key in _KEY.findall(self._rest):
                name = key.decode(errors="replace")
                if name != "records":
                    known = name in self._account.other_keys or len(self._account.other_keys) < 100
                    name = name if known else "…"
                    self._account.other_keys[name] = self._account.other_keys.get(name, 0) + 1
        self._rest = b""


def _broken() -> FileRejected:
    return FileRejected(
        "unreadable",
        "diharapkan dokumen JSON yang sah, ditemukan kurung yang tidak berpasangan atau unsur kosong",
    )


def split_documents(blocks: Iterator[Block], account: Account) -> Iterator[Block]:
    """Blocks with one element of the documents a line, between empty lines."""
    splitter = Splitter(account)
    for block in blocks:
        for piece in splitter.feed(block.text):
            yield block_of(piece)
    for piece in splitter.finish():
        yield block_of(piece)

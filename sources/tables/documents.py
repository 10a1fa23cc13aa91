"""Elements of a JSON file as rows: an array, an object around one, JSON lines, documents behind each other.

Belongs here: which elements are rows, keys given twice or late, values as text. Stays out: which keys are
known (`header.py`) and encodings (`envelope.py`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from typing import Any

from sources.errors import FileRejected
from sources.tables.account import Account
from sources.tables.envelope import Envelope
from sources.tables.header import Matcher, loose_key
from sources.tables.landing import Section, Sink

BROKEN = "JSON rusak"
DEEP = "JSON bersarang terlalu dalam"
_SPACE = re.compile(r"[\s\x00\ufeff]*")
_COMMA = re.compile(r"[\s\x00]*(,|\])[\s\x00]*")
_DEPTH = 3  # An array of rows lies at most this deep in objects around it.
_FIRST = 1000
_BELOW = 200

# An element: its number, its keys with their texts, and why it can not be read.
Element = tuple[int, dict[str, str], str | None]


class _Pairs(dict[str, Any]):
    """An object of JSON that remembers the keys it was given twice."""

    twice: tuple[str, ...] = ()


def _pairs(pairs: list[tuple[str, Any]]) -> _Pairs:
    made = _Pairs(pairs)
    if len(made) < len(pairs):
        seen: set[str] = set()
        made.twice = tuple({k for k, _ in pairs if k in seen or seen.add(k)})  # type: ignore[func-returns-value]
    return made


def _number(text: str) -> str:
    """A number as a person would have typed it: 3.0 is 3; digits are kept as they are."""
    value = float(text)
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else text


_DECODER = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_int=str, parse_float=_number, parse_constant=str, strict=False
)


def read_elements(envelope: Envelope, matcher: Matcher, account: Account) -> Iterator[Element]:
    """Rows of a JSON file, numbered by element, by line where each line is a document.

    Raises:
        FileRejected: `unreadable`: it is no JSON, is cut or is too deep.
    """
    with envelope.open_text() as stream:
        text = stream.read()
    at = _skip(text, 0)
    if text[at] == "{" and _is_lines(text, at):
        yield from _lines(text)
        return
    number = 0
    while at < len(text):
        if text[at] == "[":
            for number, (item, at) in enumerate(_array(text, at), number + 1):  # noqa: B007, B020
                if item is not None:
                    yield _element(number, item)
        else:
            document, at = _decode(text, at)
            for item in _rows_of(document, matcher, account):
                number += 1
                yield _element(number, item)
        at = _skip(text, at)
        if text[at : at + 1] == ",":
            at = _skip(text, at + 1)


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _decode(text: str, at: int) -> tuple[Any, int]:
    try:
        return _DECODER.raw_decode(text, at)
    except RecursionError as error:
        raise FileRejected("unreadable", f"{DEEP} pada baris {text.count(chr(10), 0, at) + 1}") from error
    except json.JSONDecodeError as error:
        raise _broken(error) from error


def _broken(error: json.JSONDecodeError) -> FileRejected:
    return FileRejected("unreadable", f"JSON rusak atau terpotong pada baris {error.lineno}: {error.msg}")


def _array(text: str, at: int) -> Iterator[tuple[Any, int]]:
    """Elements of an array, each with the place behind it; None with the place behind an empty array."""
    at = _skip(text, at + 1)
    if text[at : at + 1] == "]":
        yield None, at + 1
        return
    while True:
        item, at = _decode(text, at)
        end = _COMMA.match(text, at)
        if end is None:
            raise _broken(json.JSONDecodeError("Expecting ',' delimiter", text, at))
        at = end.end()
        yield _Item(item), at
        if end[1] == "]":
            return


class _Item:
    """An element of an array; tells null from no element."""

    def __init__(self, value: Any) -> None:
        self.value = value


def _is_lines(text: str, at: int) -> bool:
    """Whether the first line is a whole object and others follow."""
    end = text.find("\n", at)
    line = text[at : end if end >= 0 else len(text)].rstrip()
    rest = end >= 0 and _skip(text, end) < len(text)
    if not line.endswith("}"):
        return False
    try:
        _, done = _DECODER.raw_decode(line)
    except (ValueError, RecursionError):
        # A broken first line is a broken row if the next line begins an object, too.
        return rest and text[_skip(text, end)] == "{"
    return done == len(line) and rest


def _lines(text: str) -> Iterator[Element]:
    number = 0
    for number, physical in enumerate(text.split("\n"), 1):
        line = physical.strip(" \t\r\0\ufeff").removesuffix(",")
        if not line:
            continue
        try:
            item, end = _DECODER.raw_decode(line)
        except ValueError:
            yield number, {"": line}, BROKEN
        except RecursionError:
            yield number, {"": line[:1000]}, DEEP
        else:
            if line[end:].strip():
                yield number, {"": line}, BROKEN
            else:
                yield _element(number, item)


def _rows_of(document: Any, matcher: Matcher, account: Account) -> list[Any]:
    """The rows in a document: the array of objects in it whose keys fit best, else the document itself."""
    arrays = [
        (_weight(rows[0] if rows else {}, matcher), len(rows), name, rows)
        for name, rows in _arrays(document, "", 0)
    ]
    best = max(arrays, key=lambda found: found[:2], default=None)
    if best is None or _weight(document, matcher) > best[0]:
        return [document]
    _, _, name, rows = best
    top = name.split(".")[0]
    for key, value in document.items():
        if key != top:
            size = len(value) if isinstance(value, list | dict) else 1
            account.thing(
                "envelope",
                f"kunci {key[:80]}",
                size,
                f'isi kunci "{key[:80]}" di luar larik baris tidak dibaca sebagai data',
            )
    return rows


def _arrays(value: Any, name: str, depth: int) -> Iterator[tuple[str, list[Any]]]:
    if not isinstance(value, dict) or depth > _DEPTH:
        return
    for key, inner in value.items():
        path = f"{name}.{key}" if name else key
        if isinstance(inner, list) and (not inner or any(isinstance(v, dict) for v in inner)):
            yield path, inner
        else:
            yield from _arrays(inner, path, depth + 1)


def _weight(item: Any, matcher: Matcher) -> int:
    if not isinstance(item, dict):
        return 0
    header = matcher.header_of(0, list(item)[:500])
    return header.score if header else 0


def _element(number: int, item: Any) -> Element:
    value = item.value if isinstance(item, _Item) else item
    if not isinstance(value, dict):
        return number, {"": _text(value)}, BROKEN
    try:
        cells = {key: _text(inner) for key, inner in value.items()}
    except RecursionError:
        return number, {}, DEEP
    if isinstance(value, _Pairs) and value.twice:
        return number, cells, f"kunci {', '.join(sorted(value.twice))[:200]} tertulis dua kali"
    return number, cells, None


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ";".join(_text(v) for v in value)
    return json.dumps(value, ensure_ascii=False)


def no_header(matcher: Matcher, number: int, cells: Sequence[str], max_columns: int) -> FileRejected:
    """That nothing known stands in the first row of a file, or far too much."""
    filled = sum(1 for c in cells if c.strip())
    if filled > max_columns:
        return FileRejected("too_large", f"baris {number}: {filled:,} kolom, batasnya {max_columns}")
    return matcher.refusal(number, cells)


class DocumentReader:
    """Lands the elements of a JSON file; what a key means is decided by the first thousand of them."""

    def __init__(
        self, matcher: Matcher, sink: Sink, account: Account, tell_unknown: Callable[[str, str], None]
    ) -> None:
        self._matcher = matcher
        self._sink = sink
        self._account = account
        self._tell_unknown = tell_unknown
        self._keys: list[str] = []
        self._columns: list[str | None] = []
        self._number_of: dict[str, int] = {}

    def run(self, envelope: Envelope, max_columns: int) -> None:
        """Read the file.

        Raises:
            FileRejected: `empty`, `unreadable`, `too_large` or `wrong_header`.
        """
        elements = read_elements(envelope, self._matcher, self._account)
        first = list(islice(elements, _FIRST))
        if not first:
            raise FileRejected("empty", "JSON ini tidak memuat baris; diharapkan satu objek per baris data")
        keys = list(dict.fromkeys(k for _, cells, fault in first for k in cells if k or not fault))
        if not keys:
            raise FileRejected("wrong_header", "JSON ini tanpa objek; diharapkan satu objek per baris data")
        header = self._matcher.header_of(0, [k.strip() for k in keys[: max_columns + 1]])
        if header is None:
            raise no_header(self._matcher, 1, keys, max_columns)
        below = [(n, [cells.get(k, "") for k in keys], None) for n, cells, _ in first[:_BELOW]]
        self._matcher.resolve(header, below)
        self._keys = keys
        self._columns = [*header.columns, *([None] * (len(keys) - len(header.cells)))]
        self._number_of = {key: i for i, key in enumerate(keys)}
        section = self._sink.section(keys, self._columns)
        for key, column in zip(keys, self._columns, strict=True):
            if column is None and key.strip() and not self._matcher.is_ignored(key):
                self._tell_unknown(key, f"kunci {key[:80]}")
        for element in chain(first, elements):
            if not self._is_no_row(element):
                section = self._land(element, section)

    def _is_no_row(self, element: Element) -> bool:
        number, cells, fault = element
        if fault is not None:
            return False
        text = next((c for c in cells.values() if c.strip()), None)
        if text is None:
            self._account.row("blank", "", number, [])
            return True
        if len(text) < 60 and loose_key(text) in self._matcher.spellings.totals:
            self._account.row("total", "", number, list(cells.values()))
            return True
        return False

    def _land(self, element: Element, section: Section) -> Section:
        number, cells, fault = element
        row = [""] * len(self._keys)
        for key, cell in cells.items():
            at = self._number_of.get(key)
            if at is None and fault and not key:
                # What is no object has no key; it is shown in the first column.
                at = 0
            elif at is None:
                at = self._number_of[key] = len(self._keys)
                self._keys.append(key)
                self._columns.append(self._late_column(key))
                section = self._sink.section(self._keys, self._columns)
                row.append("")
            row[at] = cell
        self._sink.add(section, number, row, fault)
        return section

    def _late_column(self, key: str) -> str | None:
        """What a key means that the first elements do not have."""
        match = self._matcher.match(key.strip())
        if match and len(match.columns) == 1 and match.columns[0] not in self._columns:
            return match.columns[0]
        if match is None or match.columns:
            self._tell_unknown(key, f"kunci {key[:80]}")
        return None

"""From the rows of one sheet to landed rows: where the table begins, its sections, its end.

Belongs here: titles, second headers, rows of column numbers, totals, headings, what stands below the table.
Stays out: matching a header cell (`header.py`), where rows go (`landing.py`), whether a row is good
(`expectations/`).
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sources.tables.account import Account
from sources.tables.header import HEADER_ROWS, Header, Matcher, Row, key_of, loose_key
from sources.tables.landing import Section, Sink

_WINDOW = 200  # Physical rows among which the first thirty filled ones are sought, and values below a header.
_FEW = 3  # A row of more filled cells is never a footer, a heading or a row of column numbers' neighbour.
_HELD = 200  # Rows without key that may stand at the end before they count as rows all the same.
_RUNNING = {"no", "nomor", "nomer", "#", "no urut", "nomor urut", "num"}
_COLUMN_NUMBER = re.compile(r"^[(\[]?(\d{1,3})[)\].]?(?:\s*=.*)?$")
_INTEGER = re.compile(r"^\d{1,7}[.)]?$")
_DIGIT = re.compile(r"\d")
_LETTER = re.compile(r"^(?:[A-Z]|[IVXL]{1,6})[.)]?$", re.IGNORECASE)


@dataclass
class Candidate:
    """A sheet, its first rows and the headers among them."""

    window: list[Row]
    headers: list[Header]

    @property
    def best(self) -> Header | None:
        """The header that fits best; the first of equals."""
        return max(self.headers, key=lambda h: h.score, default=None)


def is_blank(cells: Sequence[str]) -> bool:
    """Whether nothing stands in a row."""
    return not any(cells) or not "".join(cells).strip()


def look_at(rows: Iterator[Row], matcher: Matcher) -> Candidate:
    """The first rows of a sheet, thirty of them filled, with every header among them."""
    window: list[Row] = []
    filled: list[Row] = []
    for row in rows:
        window.append(row)
        if not is_blank(row[1]):
            filled.append(row)
        if len(filled) >= HEADER_ROWS or len(window) >= _WINDOW:
            break
    return Candidate(window, matcher.find(filled))


def holds_table(header: Header, best: Header, matcher: Matcher) -> bool:
    """Whether a header has all of the best one that a row needs and that tells rows apart."""
    spellings = matcher.spellings
    mine, all_of = header.candidates, best.candidates
    return all(
        mine & set(group) or not all_of & set(group)
        for group in (*([c] for c in spellings.required), *spellings.groups, spellings.identity)
    )


def fits(header: Header, best: Header, matcher: Matcher) -> bool:
    """Whether a header fits as well as the best one: half of its columns or more, and all needed ones."""
    shared = header.candidates & best.candidates
    return matcher.weight(shared) * 2 >= matcher.weight(best.candidates) and holds_table(
        header, best, matcher
    )


class SheetReader:
    """Reads one sheet from its first row; `header_number` is the header of its first section with rows."""

    def __init__(
        self,
        rows: Iterator[Row],
        matcher: Matcher,
        sink: Sink,
        account: Account,
        sheet: str,
        offset: int,
    ) -> None:
        self.used: list[Header] = []
        self._rows = rows
        self._held: deque[Row] = deque()
        self._matcher = matcher
        self._sink = sink
        self._account = account
        self._sheet = sheet
        self._offset = offset
        self._quick: frozenset[str] = frozenset()
        self._spelled = _spelled(matcher)
        self._totals = set(matcher.spellings.totals)
        self._closings = tuple(matcher.spellings.closings)
        months = "|".join(re.escape(m) for m in matcher.spellings.months) or "$^"
        self._dated = re.compile(
            rf"^\D{{2,60}},\s*(?:tanggal\s*)?(?:\d{{1,2}}|\W+)\s*(?:{months})\b", re.IGNORECASE
        )

    def run(self, candidate: Candidate, best: Header) -> None:
        """Read the sheet under its own best header, and under others that it comes to.

        Args:
            candidate: the sheet's first rows, already taken from the iterator.
            best: the best header of the file.
        """
        first = self._first_header(candidate, best)
        self._best = best
        self._held.extend(candidate.window)
        upper = first.first_number()
        while self._held and self._held[0][0] < upper:
            number, cells, _ = self._held.popleft()
            self._leave("blank" if is_blank(cells) else "heading", number, cells)
        for _ in range(first.height):
            self._held.popleft()
        self._account.header_rows += first.height
        self._begin(first)
        self._run()
        self._end()

    def _first_header(self, candidate: Candidate, best: Header) -> Header:
        """The best header, or an earlier one of the same kind that has rows of its own."""
        mine = candidate.best
        assert mine is not None
        for header in candidate.headers:
            if header.number >= mine.first_number():
                break
            if fits(header, best, self._matcher):
                between = [r for r in candidate.window if header.number < r[0] < mine.first_number()]
                if any(sum(1 for c in cells if c.strip()) >= 2 for _, cells, _ in between):
                    return header
        return mine

    def _next(self) -> Row | None:
        return self._held.popleft() if self._held else next(self._rows, None)

    def _peek(self, count: int) -> list[Row]:
        while len(self._held) < count:
            row = next(self._rows, None)
            if row is None:
                break
            self._held.append(row)
        return [self._held[i] for i in range(min(count, len(self._held)))]

    def _begin(self, header: Header) -> None:
        """Start a section; it is landed only when a row of it comes."""
        self._matcher.resolve(header, self._peek(_WINDOW))
        self._header = header
        self._section: Section | None = None
        self._is_read = True
        self._landed = 0
        self._since = 0
        self._is_numbered = False
        self._is_closing = False
        self._is_behind_gap = False
        self._least = len(header.columns)
        self._pending: list[tuple[str, Row]] = []
        known = {name: i for i, name in enumerate(header.columns) if name}
        self._known = sorted(known.values())
        spellings = self._matcher.spellings
        anchors = [[known[c] for c in group if c in known] for group in spellings.anchors]
        told_apart = [known[c] for c in spellings.identity if c in known]
        self._anchors = [g for g in anchors if g] or [told_apart or self._known]
        self._keys = {known[c] for c in spellings.keys if c in known}
        running = [i for i, cell in enumerate(header.cells) if loose_key(cell) in _RUNNING]
        self._running = next((i for i in running if header.columns[i] is None), None)
        self._quick = self._spelled | frozenset(c for c in header.cells if c.strip())

    def _run(self) -> None:
        alert = False
        while True:
            row = self._held.popleft() if self._held else next(self._rows, None)
            if row is None:
                return
            number, cells, fault = row
            if fault is not None:
                if self._is_read:
                    self._settle(as_rows=True)
                    self._land(row)
                else:
                    self._leave("section", number, cells)
                continue
            if not any(cells):
                self._leave("blank", number, cells)
                alert = self._is_behind_gap = True
                continue
            may_be_header = alert or not self._quick.isdisjoint(cells)
            if may_be_header and self._starts_section(row, alert):
                alert = True
                continue
            if not self._is_read:
                self._leave("blank" if is_blank(cells) else "section", number, cells)
                alert = is_blank(cells)
                continue
            self._since += 1
            if (
                len(cells) - cells.count("") > _FEW
                and self._since > 2
                and self._is_anchored(cells)
                and not self._is_total(cells)
            ):
                if self._pending:
                    self._settle(as_rows=True)
                self._is_closing = self._is_behind_gap = False
                self._land(row)
                alert = False
                continue
            alert = not self._judge(row)

    def _starts_section(self, row: Row, alert: bool) -> bool:
        """Whether a row is a header, repeated or another; it then is dealt with."""
        cells = row[1]
        if not alert and sum(1 for c in cells if c in self._quick) < 2:
            return False
        filled = [c for c in cells if c.strip()]
        if len(filled) < 2:
            return False
        mine = set(self._header.keys)
        like = sum(1 for cell in filled if self._matcher.match(cell.strip()) or key_of(cell[:1000]) in mine)
        is_like = like * 2 >= len(filled)
        # Cells of rows are words of headings, too: most rows are told here from a header.
        if not is_like and not self._is_behind_gap:
            return False
        below = self._peek(1)
        header = self._matcher.best_of(row, below[0] if below else None)
        if header is None:
            return self._starts_other(row, filled)
        if not is_like or header.score * 4 < self._header.score:
            return False
        rows = [row]
        if header.height == 2:
            rows.append(self._held.popleft())
        is_same = header.keys == self._header.keys
        if not (is_same and self._is_read):
            self._end()
        for other in rows:
            self._leave("header", other[0], other[1])
        if is_same and self._is_read:
            self._since = 0
        elif holds_table(header, self._best, self._matcher):
            self._begin(header)
        else:
            self._is_read = False
            self._quick = self._spelled
        return True

    def _starts_other(self, row: Row, filled: list[str]) -> bool:
        """Whether a row behind a gap is the header of a table of something else, such as a list of codes."""
        named = sum(1 for c in filled if (match := self._matcher.match(c.strip())) and match.columns)
        if not self._is_behind_gap or named * 2 < len(filled) or any(_DIGIT.search(c) for c in filled):
            return False
        self._end()
        self._leave("section", row[0], row[1])
        self._is_read = False
        self._quick = self._spelled
        return True

    def _judge(self, row: Row) -> bool:
        """Deal with a row that may be no row; whether it was landed."""
        number, cells, _ = row
        filled = [i for i, c in enumerate(cells) if c and not c.isspace()]
        code = self._code_of(cells, filled)
        if code is not None:
            self._leave(code, number, cells)
            self._is_behind_gap = self._is_behind_gap or code == "blank"
            self._since -= code == "numbering"
            return False
        known = sum(1 for i in self._known if i < len(cells) and cells[i] and not cells[i].isspace())
        if self._is_heading(cells, filled, known):
            self._is_closing = self._is_closing or self._closes(cells)
            self._wait("heading", row)
            return False
        if not self._is_row(cells, len(filled), known):
            self._wait("row", row)
            return False
        self._settle(as_rows=True)
        self._is_closing = self._is_behind_gap = False
        self._least = min(self._least, known)
        self._land(row)
        return True

    def _code_of(self, cells: list[str], filled: list[int]) -> str | None:
        """What a row is that is none whatever stands around it."""
        if not filled:
            return "blank"
        if self._is_total(cells):
            return "total"
        if self._since <= 2 and _are_column_numbers([cells[i] for i in filled]):
            return "numbering"
        return None

    def _is_heading(self, cells: list[str], filled: list[int], known: int) -> bool:
        """Whether a row is a heading over others: one cell, or a letter and one cell."""
        if len(filled) == 2:
            return known < 2 and len(self._known) > 2 and self._has_letter(cells)
        if len(filled) > 1:
            return False
        only = filled[0]
        if only not in self._known or (self._is_numbered and not self._has_number(cells)):
            return True
        is_code = only in self._keys and " " not in cells[only].strip() and self._is_anchored(cells)
        return len(self._known) > 2 and not is_code

    def _is_row(self, cells: list[str], filled: int, known: int) -> bool:
        """Whether a row belongs to the table although it is short, or new here."""
        many = known * 2 > len(self._known)
        is_anchored = self._is_anchored(cells)
        is_numbered = self._has_number(cells)
        if not is_numbered and (not many or filled <= 2) and self._closes(cells):
            self._is_closing = True
        if self._is_closing:
            return is_anchored and many and (filled > 2 or is_numbered)
        # Behind blank rows, one cell where every row before has more begins something else.
        if self._is_behind_gap and self._landed and known < min(2, self._least):
            return False
        lacks_number = self._is_numbered and not is_numbered
        return (
            (is_numbered and known > 0)
            or (known > 2 and many)
            or (is_anchored and (many or not lacks_number))
            or (known >= 2 and known * 2 >= len(self._known) and not lacks_number)
        )

    def _is_anchored(self, cells: list[str]) -> bool:
        width = len(cells)
        for group in self._anchors:
            for i in group:
                if i < width and cells[i] and not cells[i].isspace():
                    break
            else:
                return False
        return True

    def _is_total(self, cells: list[str]) -> bool:
        first = cells[0]
        if not first or first.isspace():
            first = next((c for c in cells if c and not c.isspace()), "")
        return len(first) < 60 and first.lstrip()[:1] in "JjTtGgSs" and loose_key(first) in self._totals

    def _has_number(self, cells: list[str]) -> bool:
        i = self._running
        return i is not None and i < len(cells) and _INTEGER.match(cells[i].strip()) is not None

    def _has_letter(self, cells: list[str]) -> bool:
        """Whether a letter or a Roman number stands where rows have their running number."""
        i = self._running
        return i is not None and i < len(cells) and _LETTER.match(cells[i].strip()) is not None

    def _closes(self, cells: list[str]) -> bool:
        """Whether a row reads like what stands below a table: place and date, a signature, a note."""
        texts = [c.strip() for c in cells if c.strip()]
        line = ", ".join(t.strip(", ") for t in texts)[:200]
        return self._dated.match(line) is not None or any(
            key_of(text[:100]).startswith(self._closings) for text in texts
        )

    def _wait(self, what: str, row: Row) -> None:
        self._pending.append((what, row))
        if len(self._pending) > _HELD:
            self._settle(as_rows=True)

    def _settle(self, as_rows: bool) -> None:
        """Decide on the rows held back: in the middle of a table they are rows, below it they are none."""
        pending, self._pending = self._pending, []
        for what, row in pending:
            if as_rows and what == "row":
                self._land(row)
            else:
                self._leave("heading" if as_rows else "footer", row[0], row[1])

    def _land(self, row: Row) -> None:
        if self._section is None:
            self._section = self._sink.section(self._header.cells, self._header.columns)
            self.used.append(self._header)
        if not self._landed:
            self._is_numbered = self._has_number(row[1])
        self._landed += 1
        self._sink.add(self._section, row[0] + self._offset, row[1], row[2])

    def _leave(self, code: str, number: int, cells: list[str]) -> None:
        self._account.row(code, self._sheet, number, cells)

    def _end(self) -> None:
        """End the section: what was held back is a footer, unless it is all that the section has."""
        if not self._is_read:
            return
        rows = [row for what, row in self._pending if what == "row"]
        is_all = not self._landed and (
            len(self._known) <= 2 or any(sum(1 for c in r[1] if c.strip()) > 2 for r in rows)
        )
        self._settle(as_rows=is_all)


def _are_column_numbers(texts: Sequence[str]) -> bool:
    """1, 2, 3 … or (1), (2), (3) …, as many tables have below their header."""
    if len(texts) < 2:
        return False
    found = [_COLUMN_NUMBER.match(t.strip()) for t in texts]
    return all(m is not None and int(m[1]) == i for i, m in enumerate(found, 1))


def _spelled(matcher: Matcher) -> frozenset[str]:
    """Headings as people type them, to tell cheaply that a row is none."""
    found: set[str] = set()
    for known in (matcher.spellings.known, matcher.spellings.renamed):
        for key, columns in known.items():
            if columns:
                found |= {key, key.upper(), key.title(), key.capitalize(), key.replace(" ", "_")}
    for title in matcher.spellings.titles.values():
        found |= {title, title.upper(), title.title()}
    return frozenset(found)

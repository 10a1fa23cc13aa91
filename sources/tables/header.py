"""Which column a header cell means, and which rows of a sheet are its header.

Belongs here: matching of header cells against spellings that are handed in, headers of one and of two rows,
cells with several meanings. Stays out: the spellings (`expectations/aliases`) and what stands below a header
(`sections.py`).
"""

from __future__ import annotations

import difflib
import json
import re
import unicodedata
from collections.abc import Container, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from itertools import zip_longest

from sources.errors import FileRejected

# One row of a file: its number, its cells, and why it can not be read as a row.
Row = tuple[int, list[str], str | None]

HEADER_ROWS = 30
_LONGEST = 200  # No heading is longer; what is longer is not compared with anything.
_MOST_TOLD = 12  # Columns that a refusal names.
_MOST_NEAR = 60  # Headings for which a near column is looked up.
_MEMORY = 20_000
_RENAMED, _EXACT, _LOOSE, _HINT = range(4)

_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|\{[^{}]*\}")
_ARROW = "[\u2190-\u21ff\u25b6\u25ba\u25c0\u25c4\u27a1\u2794\u279c]|<-+|-+>|=+>|:"
_BEHIND = re.compile(rf"\s*(?:{_ARROW}).*$", re.DOTALL)
_BEFORE = re.compile(rf"^(?:\s|{_ARROW})+")
_NUMBER = re.compile(r"^\s*(?:(?:\d+|[ivx]+|[a-z])\s*[.)]\s*)+(?=\S)|^\s*\d+(?:\.\d+)*\s+(?=\S)")
_MARKS = re.compile(r"[*•·.,;\"'`?!†#]+")
_BLANKS = re.compile(r"[\s_/\\–—|-]+")
_SPLIT = re.compile(r"[;,/\n|]|\b(?:dan|atau|and|or)\b|&")
# Letters of other scripts that look like Latin ones: Cyrillic, then Greek.
_LATIN = str.maketrans(
    "аеорсухіјѕԁһАВЕКМНОРСТУХІЈЅοαινρυΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
    "aeopcyxijsdhABEKMHOPCTYXIJSoaivpuABEZHIKMNOPTYX",
)


def key_of(cell: str) -> str:
    """A heading in lower case, without invisible marks, blanks single."""
    return " ".join(_INVISIBLE.sub("", unicodedata.normalize("NFKC", cell)).lower().split())


def loose_key(cell: str, drop_brackets: bool = True) -> str:
    """A heading without what people put around a name: brackets, arrows, stars, dots, leading numbers."""
    text = unicodedata.normalize("NFKC", _INVISIBLE.sub("", cell)).lower()
    text = _BRACKETS.sub(" ", text) if drop_brackets else text.translate({ord(c): " " for c in "()[]{}"})
    text = _BEFORE.sub("", text)
    text = _NUMBER.sub("", _BEHIND.sub("", text))
    return _BLANKS.sub(" ", _MARKS.sub(" ", text)).strip()


@dataclass(frozen=True)
class Spellings:
    """What a reader knows of a kind: plain texts, so that it can be handed to another process.

    Attributes:
        kind, version: of the contract.
        known: heading as `key_of` gives it ► the columns it may mean: none, a column to leave out; several,
            the values below decide; one column twice, that one where no other heading gives it.
        renamed: the sender's own headings, which win.
        titles: column ► its title.
        required: columns without which a row can not be used.
        groups: sets of columns of which a usable row fills at least one each.
        anchors: sets of columns of which every row of the table fills at least one each: what else is missing
            is the row's fault, what these are missing in is no row.
        identity: columns that tell one row from another.
        keys: the columns of the key.
        values: column ► spellings of its values, in lower case.
        totals: first cells of rows that sum up others, as `loose_key` gives them.
        closings: how a line below a table begins (signature, note, source), as `key_of` gives it.
        months: names of months, in lower case.
    """

    kind: str
    version: str
    known: dict[str, list[str]]
    renamed: dict[str, str] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    required: list[str] = field(default_factory=list)
    groups: list[list[str]] = field(default_factory=list)
    anchors: list[list[str]] = field(default_factory=list)
    identity: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    values: dict[str, list[str]] = field(default_factory=dict)
    totals: list[str] = field(default_factory=list)
    closings: list[str] = field(default_factory=list)
    months: list[str] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)

    def as_json(self) -> str:
        """The same as a JSON document."""
        return json.dumps(asdict(self))


@dataclass(frozen=True)
class Match:
    """What a header cell means: how surely (0 surest), and the columns; none, a column to leave out.

    One column written several times is meant weakly: only where no other cell gives it.
    """

    tier: int
    columns: tuple[str, ...]

    @property
    def is_weak(self) -> bool:
        """Whether the cell means its one column only where nothing else does."""
        return len(self.columns) > 1 and len(set(self.columns)) == 1


@dataclass
class Header:
    """A header that was found: its rows, their cells as one, what each cell means, how well that fits."""

    number: int
    height: int
    cells: list[str]
    matches: list[Match | None]
    score: int
    columns: list[str | None] = field(default_factory=list)

    @cached_property
    def candidates(self) -> set[str]:
        """Every column that the header may hold."""
        return {name for match in self.matches if match for name in match.columns}

    @cached_property
    def keys(self) -> list[str]:
        """The cells as compared."""
        return [key_of(cell) for cell in self.cells]

    def first_number(self) -> int:
        """Row number of the upper row."""
        return self.number - self.height + 1


class Matcher:
    """Matches header cells of one kind; remembers what it has seen."""

    def __init__(self, spellings: Spellings) -> None:
        self.spellings = spellings
        self._seen: dict[str, Match | None] = {}
        self._loose: dict[str, tuple[str, ...]] = {}
        for key, columns in spellings.known.items():
            self._loose.setdefault(loose_key(key), tuple(columns))
        # A contract's own title comes before an alias that is spelled alike once stripped.
        for column, title in spellings.titles.items():
            if tuple(spellings.known.get(key_of(title), ())) == (column,):
                self._loose[loose_key(title)] = (column,)
        self._loose.pop("", None)
        # By their first word, the longest first: a cell is compared with a handful.
        self._starts: dict[str, list[str]] = {}
        for start in sorted(self._loose, key=len, reverse=True):
            self._starts.setdefault(start.split()[0], []).append(start)
        self._hints = set(spellings.hints)

    def match(self, cell: str) -> Match | None:
        """What a header cell means, None where nobody knows."""
        if len(cell) > _LONGEST or not cell:
            return None
        try:
            return self._seen[cell]
        except KeyError:
            pass
        if len(self._seen) >= _MEMORY:
            self._seen.clear()
        found = self._seen[cell] = self._match(cell)
        return found

    def _match(self, cell: str) -> Match | None:
        key = key_of(cell)
        if not key:
            return None
        if key in self.spellings.renamed:
            return Match(_RENAMED, (self.spellings.renamed[key],))
        if key in self.spellings.known:
            return Match(_EXACT, tuple(self.spellings.known[key]))
        for drop in (False, True):
            loose = loose_key(cell, drop)
            if loose in self._loose:
                return Match(_LOOSE, self._loose[loose])
        return self._with_hint(cell)

    def _with_hint(self, cell: str) -> Match | None:
        """A known name with something behind it that tells how to fill the column."""
        loose = loose_key(cell, False)
        for start in self._starts.get(loose.partition(" ")[0], ()):
            columns = self._loose[start]
            if not columns or not loose.startswith(start + " "):
                continue
            rest = loose[len(start) + 1 :]
            own_line = re.match(rf"{re.escape(start)}\s*(?:\n|,|;| [-–—] )", key_lines(cell))
            # A name of several words is not the beginning of another name as easily as one word is.
            is_long = len(start.split()) > 2
            behind = " ".join(key_of(cell).split()[len(start.split()) :])
            if own_line or is_long or rest.split()[0] in self._hints or self._are_values(columns, behind):
                return Match(_HINT, columns)
            return None
        return None

    def _are_values(self, columns: Iterable[str], behind: str) -> bool:
        """Whether a list of the column's own values stands behind its name: "Status Aktif/Tidak Aktif"."""
        known = {loose_key(v) for c in columns for v in self.spellings.values.get(c, ())}
        words = [loose_key(w, False) for w in _SPLIT.split(behind.replace("/", ",")) if w.strip()]
        return bool(words) and all(w in known for w in words)

    def weight(self, columns: Iterable[str]) -> int:
        """How well a set of distinct columns fits: one each, a required one two."""
        required = self.spellings.required
        return sum(2 if c in required else 1 for c in columns)

    def header_of(self, number: int, cells: Sequence[str], height: int = 1) -> Header | None:
        """The cells as a header; None where too few of them are known."""
        matches = [self.match(cell.strip()) for cell in cells]
        own = {tuple(dict.fromkeys(m.columns)) for m in matches if m and m.columns}
        is_ignoring = any(m is not None and not m.columns for m in matches)
        if not own or len(own) + is_ignoring < 2:
            return None
        width = max(i for i, cell in enumerate(cells, 1) if cell.strip())
        return Header(number, height, list(cells[:width]), matches[:width], self.weight(c[0] for c in own))

    def best_of(self, row: Row, below: Row | None) -> Header | None:
        """The header that begins in a row: that row alone, or joined with the next where that fits better."""
        alone = self.header_of(row[0], row[1])
        if below is None or below[0] != row[0] + 1:
            return alone
        joined = self.header_of(below[0], self._joined(row[1], below[1]), 2)
        lower = self.header_of(below[0], below[1])
        best = max(header.score if header else 0 for header in (alone, lower))
        return joined if joined and joined.score > best else alone

    def find(self, rows: Sequence[Row]) -> list[Header]:
        """Every header among the first rows of a sheet, in their order."""
        found = []
        for row, below in zip_longest(rows, rows[1:]):
            header = self.best_of(row, below)
            if header is not None:
                found.append(header)
        return found

    def _joined(self, upper: Sequence[str], lower: Sequence[str]) -> list[str]:
        """Two header rows as one; a merged cell above stands over all cells below it."""
        cells, above = [], ""
        alone: dict[tuple[str, ...], list[tuple[int, str]]] = {}
        for i in range(max(len(upper), len(lower))):
            top = upper[i].strip() if i < len(upper) else ""
            own = lower[i].strip() if i < len(lower) else ""
            above = top or (above if own else "")
            both = f"{above} {own}".strip() if own != above else own
            # Below "Aplikasi" stands "Nama": people name the column "Nama Aplikasi".
            choices = [both, f"{own} {above}", own, top] if own else [top]
            known = [(m.tier, n, c) for n, c in enumerate(choices) if c and (m := self.match(c))]
            cells.append(min(known)[2] if known else both)
            match = self.match(own)
            if match and match.columns and cells[-1] == own != both:
                alone.setdefault(match.columns, []).append((i, both))
        for found in alone.values():
            # "Alamat" below "Pemilik" and below "Aplikasi" is neither's without its group.
            for i, both in found if len(found) > 1 else ():
                cells[i] = both
        return cells

    def resolve(self, header: Header, below: Sequence[Row]) -> None:
        """Decide what each cell of a header means, those of several meanings by the values below it.

        A cell with a weak meaning comes last: it takes its column where that is free, whatever the values.

        Raises:
            FileRejected: `wrong_header`: two cells mean one column, or a cell is written in another script.
        """
        for cell in header.cells:
            if (plain := cell.translate(_LATIN)) != cell and self.match(plain.strip()):
                raise FileRejected(
                    "wrong_header",
                    f'baris {header.number}: kepala kolom "{cell[:80]}" memakai huruf dari aksara lain; '
                    "ketik ulang",
                )
        columns: list[str | None] = [None] * len(header.cells)
        taken: dict[str, int] = {}
        tiers: dict[str, int] = {}
        order = sorted(
            (m.tier, len(m.columns), i) for i, m in enumerate(header.matches) if m is not None and m.columns
        )
        for tier, choices, i in order:
            match = header.matches[i]
            names = match.columns if match else ()
            if choices > 1:
                continue
            name = names[0]
            if name not in taken:
                columns[i], taken[name], tiers[name] = name, i, tier
            elif tier < _HINT and tiers[name] != _RENAMED:
                both = ", ".join(header.cells[j].strip()[:80] for j in (taken[name], i))
                raise FileRejected(
                    "wrong_header",
                    f"baris {header.number}: kolom {self.spellings.titles.get(name, name)} "
                    f"ada dua kali ({both})",
                )
        several = [(m, i) for _, choices, i in order if choices > 1 and (m := header.matches[i])]
        for match, i in sorted(several, key=lambda found: found[0].is_weak):
            free = [name for name in match.columns if name not in taken]
            if match.is_weak:
                chosen = free[0] if free else None
            else:
                chosen = self._by_values(free, [row[1][i] for row in below if i < len(row[1])])
            if chosen:
                columns[i], taken[chosen] = chosen, i
        header.columns = columns

    def _by_values(self, names: Sequence[str], cells: Iterable[str]) -> str | None:
        """The column whose values the cells are, where at least half of them are."""
        texts = {key_of(c) for c in cells if c.strip() and len(c) <= _LONGEST}
        best, chosen = 0, None
        for name in names:
            known = set(self.spellings.values.get(name, ()))
            hits = 0
            for text in texts:
                parts = [p.strip() for p in _SPLIT.split(text) if p.strip()]
                hits += text in known or (bool(parts) and all(p in known for p in parts))
            if hits > best:
                best, chosen = hits, name
        return chosen if best * 2 >= len(texts) else None

    def is_ignored(self, cell: str) -> bool:
        """Whether a header cell is known as one to leave out."""
        match = self.match(cell.strip())
        return match is not None and not match.columns

    def near(self, cell: str, taken: Container[str] = ()) -> str | None:
        """The column whose name is like a heading that nobody knows, but for those that are taken."""
        names = {
            key: columns[0]
            for key, columns in self.spellings.known.items()
            if columns and columns[0] not in taken
        }
        text = loose_key(cell[:_LONGEST]) or key_of(cell[:_LONGEST])
        found = difflib.get_close_matches(text, names, n=1, cutoff=0.8)
        return names[found[0]] if found else None

    def refusal(self, number: int, cells: Sequence[str]) -> FileRejected:
        """That a file has no header, with what stands there and what is expected."""
        told: list[str] = []
        likely: list[str] = []
        for cell in [c.strip() for c in cells if c.strip()][:_MOST_NEAR]:
            near = self.near(cell) if len(told) < 20 and self.match(cell) is None else None
            likely += [near] if near else []
            told.append(
                f"{cell[:60]} (mungkin maksudnya {self.spellings.titles.get(near, near)})"
                if near
                else cell[:60]
            )
        names = dict.fromkeys([*likely, *self.spellings.required, *self.spellings.titles])
        titles = [self.spellings.titles.get(name, name) for name in names if not name.startswith("_")]
        expected = ", ".join(titles[:_MOST_TOLD])
        if len(titles) > _MOST_TOLD:
            expected += f", dan {len(titles) - _MOST_TOLD} kolom lain pada halaman formatnya"
        seen = ", ".join(told)[:400] or "(kosong)"
        return FileRejected(
            "wrong_header",
            f"baris {number}: kepala kolom tidak dikenal, perlu sedikitnya dua; ditemukan: {seen}; "
            f"diharapkan: {expected}",
        )


def key_lines(cell: str) -> str:
    """A heading in lower case with its line ends kept."""
    return unicodedata.normalize("NFKC", _INVISIBLE.sub("", cell)).lower().strip()

"""Tables of a web page as rows of text; many programs write such a page under the name .xls.

Belongs here: rows, cells, spans. Stays out: which table is meant (`child.py`), styles, links and scripts.
"""

from __future__ import annotations

from html.parser import HTMLParser

from sources.errors import FileRejected
from sources.tables.envelope import Envelope
from sources.tables.header import Row

_PIECE = 1 << 16
_MOST_SPAN = 1000
_SILENT = ("script", "style", "title")


class _Tables(HTMLParser):
    """Collects the cells of every table; a table in a cell ends that cell's own text."""

    def __init__(self, max_rows: int, max_columns: int) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[list[Row]] = []
        self._limits = (max_rows, max_columns)
        self._row: list[str] | None = None
        self._cell: list[str] | None = None
        self._span = (1, 1)
        self._below: dict[int, tuple[int, str]] = {}
        self._silent = 0
        self._rows = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a table, a row or a cell."""
        if tag in _SILENT:
            self._silent += 1
        elif tag == "table":
            self._end_row()
            self.tables.append([])
            self._below = {}
        elif tag == "tr":
            self._end_row()
            self._begin_row()
        elif tag in ("td", "th"):
            self._end_cell()
            if self._row is None:
                self._begin_row()
            given = dict(attrs)
            self._span = (_span(given.get("colspan")), _span(given.get("rowspan")))
            self._cell = []
        elif tag in ("br", "p", "div", "li") and self._cell:
            self._cell.append("\n")

    def handle_endtag(self, tag: str) -> None:
        """End what was begun."""
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag in ("td", "th"):
            self._end_cell()
        elif tag in ("tr", "table"):
            self._end_row()

    def handle_data(self, data: str) -> None:
        """Take the text of a cell."""
        if self._cell is not None and not self._silent:
            self._cell.append(data)

    def finish(self) -> list[list[Row]]:
        """End what is open; the tables that have rows."""
        self.close()
        self._end_row()
        return [table for table in self.tables if table]

    def _begin_row(self) -> None:
        self._row = []
        if not self.tables:
            self.tables.append([])
        self._fill_from_above()

    def _fill_from_above(self) -> None:
        """A cell over several rows says the same for each of them."""
        assert self._row is not None
        while len(self._row) in self._below:
            rows, text = self._below.pop(len(self._row))
            if rows > 1:
                self._below[len(self._row)] = (rows - 1, text)
            self._row.append(text)

    def _end_cell(self) -> None:
        if self._cell is None or self._row is None:
            return
        text = "\n".join(" ".join(line.split()) for line in "".join(self._cell).split("\n")).strip()
        self._cell = None
        across, down = self._span
        if len(self._row) + across > self._limits[1] + _MOST_SPAN:
            raise FileRejected("too_large", f"lebih dari {self._limits[1]} kolom")
        for i in range(across):
            at = len(self._row)
            own = text if i == 0 else ""
            if down > 1:
                self._below[at] = (down - 1, own)
            self._row.append(own)
        self._fill_from_above()

    def _end_row(self) -> None:
        self._end_cell()
        if self._row is None:
            return
        self._rows += 1
        if self._rows > self._limits[0] + 1000:
            raise FileRejected("too_large", f"lebih dari {self._limits[0]:,} baris; pecah berkasnya")
        table = self.tables[-1]
        table.append((len(table) + 1, self._row, None))
        self._row = None


def _span(text: str | None) -> int:
    return min(max(int(text), 1), _MOST_SPAN) if text and text.isdecimal() and len(text) < 6 else 1


def read_page(envelope: Envelope, max_rows: int, max_columns: int) -> list[list[Row]]:
    """The tables of a page, each row with its number in the table.

    Raises:
        FileRejected: `unreadable`: there is no table; `too_large`.
    """
    parser = _Tables(max_rows, max_columns)
    with envelope.open_text() as stream:
        while piece := stream.read(_PIECE):
            parser.feed(piece)
    tables = parser.finish()
    if not tables:
        raise FileRejected(
            "unreadable", "halaman web (HTML) tanpa tabel, walau namanya lain; simpan sebagai .xlsx"
        )
    return tables

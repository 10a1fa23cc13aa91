"""CSV, JSON and workbooks to text cells with the line, element or sheet row a person sees.

Belongs here: encodings, separators, finding the header, rows that are no rows. Stays out: what a cell means
(`expectations/`); a reader knows only the header spellings that it is handed.
"""

from __future__ import annotations

import codecs
import csv
import datetime as dt
import difflib
import io
import json
import unicodedata
import zipfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sources.archive import is_gzip, open_content
from sources.errors import FileRejected

if TYPE_CHECKING:
    import duckdb

_HEADER_ROWS = 30
_BATCH = 20_000
_SPAN = 100  # A quoted cell over more lines than this is a quote that nobody closed.
_TOTALS = {"jumlah", "total", "grand total", "jumlah total", "jumlah keseluruhan"}
_SEPARATORS = (",", ";", "\t")
_NOT_TABLES = {
    b"%PDF": "PDF",
    b"\x89PNG": "gambar",
    b"\xff\xd8\xff": "gambar",
    b"GIF8": "gambar",
    b"Rar!": "RAR",
}


@dataclass(frozen=True)
class Cells:
    """One row as it stands in the file: its number, its cells, and why it can not be read as a row."""

    number: int
    cells: Sequence[str]
    fault: str | None = None


@dataclass(frozen=True)
class TableLimits:
    """Largest file that is read as a table: inflated bytes, inflating ratio, rows, columns, cell length."""

    max_bytes: int = 200_000_000
    max_ratio: int = 200
    max_rows: int = 1_000_000
    max_columns: int = 500
    max_cell: int = 32_767


@dataclass
class Table:
    """A table whose header was found; `rows` can be read once.

    `columns` holds the known name of each header cell, None for one that nobody knows; `skipped` counts blank
    rows, totals and repeated headers while the rows are read.
    """

    headers: list[str]
    columns: list[str | None]
    header_row: int
    rows: Iterator[Cells]
    skipped: int = 0
    unknown: list[str] = field(default_factory=list)


def read_table(path: Path, known: Mapping[str, str], limits: TableLimits) -> Table:
    """Find the header of a file and open its rows.

    Args:
        path: a plain or gz CSV, JSON or JSON Lines file, or an XLSX or ODS workbook; the content decides, not
            the name.
        known: header spelling in lower case to column name; an empty name is a column to leave out.
        limits: see `TableLimits`.

    Raises:
        FileRejected: `empty`, `encrypted`, `macro`, `too_large`, `unreadable` or `wrong_header`, with a
            sentence in Indonesian that names row and column, what was expected and what was found.
    """
    if path.stat().st_size == 0:
        raise FileRejected("empty", "berkas kosong (0 byte); diharapkan baris kepala kolom dan baris isi")
    with open_content(path) as f:
        start = f.read(4096)
    if start.startswith(b"PK"):
        if is_gzip(path):
            raise FileRejected("unreadable", "buku kerja di dalam gz; kirim buku kerjanya sendiri")
        return _workbook(path, known, limits)
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        raise _ole_problem(path)
    for magic, name in _NOT_TABLES.items():
        if start.startswith(magic):
            raise FileRejected("unreadable", f"diharapkan tabel (CSV, XLSX, ODS, JSON), ditemukan {name}")
    encoding = _encoding(path, limits)
    text = start.decode(encoding, errors="ignore").lstrip("\ufeff \t\r\n")
    if not text and _is_blank(path, encoding):
        raise FileRejected(
            "empty", "berkas tidak berisi apa-apa; diharapkan baris kepala kolom dan baris isi"
        )
    if text[:1] in ("[", "{"):
        return _json(path, encoding, known, limits)
    return _text(path, encoding, known, limits)


def land_table(con: duckdb.DuckDBPyConnection, table: Table, limits: TableLimits) -> int:
    """Write the rows to the temporary table `landed`, all text, one row per row of the file.

    Its columns: `_row_number`; `_surplus`, the cells beyond the header, joined; `_fault`, why the row can not
    be read; `c0`, `c1`, … in the order of the header. Returns the number of rows.

    Raises:
        FileRejected: `too_large`, when there are more rows or longer cells than the limits allow.
    """
    import pyarrow as pa

    width = len(table.headers)
    names = ["_row_number", "_surplus", "_fault", *(f"c{i}" for i in range(width))]
    schema = pa.schema([("_row_number", pa.int64()), *((n, pa.string()) for n in names[1:])])
    columns = ", ".join(f"{n} varchar" for n in names[1:])
    con.execute(f"create or replace temp table landed (_row_number bigint, {columns})")
    total = 0
    while batch := list(islice(table.rows, _BATCH)):
        total += len(batch)
        if total > limits.max_rows:
            raise FileRejected("too_large", f"lebih dari {limits.max_rows:,} baris; pecah berkasnya")
        numbers = [row.number for row in batch]
        surplus = [" | ".join(c for c in row.cells[width:] if c.strip()) or None for row in batch]
        faults = [row.fault for row in batch]
        cells: list[list[str | None]] = []
        for i in range(width):
            column = [(row.cells[i] or None) if i < len(row.cells) else None for row in batch]
            if max((len(c) for c in column if c), default=0) > limits.max_cell:
                number, length = next(
                    (r.number, len(c))
                    for r, c in zip(batch, column, strict=True)
                    if c and len(c) > limits.max_cell
                )
                raise FileRejected(
                    "too_large",
                    f"baris {number}, kolom {table.headers[i]}: sel {length:,} huruf, "
                    f"batasnya {limits.max_cell:,}",
                )
            cells.append(column)
        chunk = pa.Table.from_arrays(
            [pa.array(a, t.type) for a, t in zip([numbers, surplus, faults, *cells], schema, strict=True)],
            schema=schema,
        )
        con.register("chunk", chunk)
        con.execute("insert into landed select * from chunk")
        con.unregister("chunk")
    return total


def _key(cell: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", cell).lower().split())


def _match(cells: Sequence[str], known: Mapping[str, str]) -> list[str | None] | None:
    """Known name of each cell, where at least two cells and half of the filled ones are known headers."""
    names = [known.get(_key(cell)) for cell in cells]
    filled = sum(1 for cell in cells if cell.strip())
    return names if _hits(names) >= 2 and _hits(names) * 2 >= filled else None


def _find_header(
    rows: Iterable[Cells], known: Mapping[str, str]
) -> tuple[int, list[str], list[str | None]] | None:
    """Number of the last header row, its cells and their known names; a header of two rows is read joined."""
    filled = [row for row in rows if any(cell.strip() for cell in row.cells)]
    for row, below in zip(filled, [*filled[1:], None], strict=True):
        alone = _match(row.cells, known)
        number, cells, names = row.number, list(row.cells), alone
        if below is not None and _match(below.cells, known) is None:
            joined = _joined(row.cells, below.cells, known)
            both = _match(joined, known)
            if both and _hits(both) > _hits(alone or []):
                number, cells, names = below.number, joined, both
        if names is not None:
            width = max(i for i, cell in enumerate(cells, 1) if cell.strip())
            return number, cells[:width], [name or None for name in names[:width]]
    return None


def _hits(names: Sequence[str | None]) -> int:
    return sum(1 for name in names if name is not None)


def _joined(upper: Sequence[str], lower: Sequence[str], known: Mapping[str, str]) -> list[str]:
    """Two header rows as one; a merged cell above stands over all cells below it."""
    cells, above = [], ""
    for i in range(max(len(upper), len(lower))):
        own = lower[i].strip() if i < len(lower) else ""
        above = (upper[i].strip() if i < len(upper) else "") or (above if own else "")
        both = f"{above} {own}".strip()
        cells.append(own if own and _key(both) not in known and _key(own) in known else both)
    return cells


def _make_table(
    reopen: Callable[[], Iterator[Cells]], known: Mapping[str, str], limits: TableLimits
) -> Table | None:
    found = _find_header(islice(reopen(), _HEADER_ROWS), known)
    if found is None:
        return None
    header_row, headers, columns = found
    if len(headers) > limits.max_columns:
        raise FileRejected("too_large", f"{len(headers)} kolom, batasnya {limits.max_columns}")
    twice = sorted({c for c in columns if c and columns.count(c) > 1})
    if twice:
        cells = [h for h, c in zip(headers, columns, strict=True) if c == twice[0]]
        raise FileRejected(
            "wrong_header", f"baris {header_row}: kolom {twice[0]} ada dua kali ({', '.join(cells)})"
        )
    for header in headers:
        if _is_look_alike(header):
            raise FileRejected(
                "wrong_header",
                f'baris {header_row}: kepala kolom "{header}" memakai huruf dari aksara lain; ketik ulang',
            )
    table = Table(headers, columns, header_row, iter(()))
    table.unknown = [
        _with_hint(h, known)
        for h, c in zip(headers, columns, strict=True)
        if c is None and h.strip() and _key(h) not in known
    ]

    def rows() -> Iterator[Cells]:
        for row in reopen():
            if row.number <= header_row:
                continue
            first = next((c.strip().lower() for c in row.cells if c.strip()), "")
            is_header = list(row.cells[: len(headers)]) == headers
            if row.fault is None and (not first or first in _TOTALS or is_header):
                table.skipped += 1
                continue
            yield row

    table.rows = rows()
    return table


def _is_look_alike(header: str) -> bool:
    scripts = {unicodedata.name(c, "").split(" ")[0] for c in header if c.isalpha()}
    return "LATIN" in scripts and bool(scripts & {"CYRILLIC", "GREEK"})


def _with_hint(header: str, known: Mapping[str, str]) -> str:
    near = difflib.get_close_matches(_key(header), [k for k, v in known.items() if v], n=1, cutoff=0.8)
    return f"{header} (mungkin maksudnya {near[0]})" if near else header


def _wrong_header(first: Sequence[str], known: Mapping[str, str]) -> FileRejected:
    expected = sorted({c for c in known.values() if c})
    seen = ", ".join(_with_hint(c.strip(), known) for c in first if c.strip()) or "(kosong)"
    return FileRejected(
        "wrong_header",
        f"baris 1: kepala kolom tidak dikenal; ditemukan: {seen[:300]}; diharapkan: {', '.join(expected)}",
    )


class _Lines:
    """Physical lines for a CSV reader; what it took for the row at hand can be given back."""

    def __init__(self, stream: Iterable[str]) -> None:
        self._lines = enumerate(stream, 1)
        self._given_back: deque[tuple[int, str]] = deque()
        self.taken: list[tuple[int, str]] = []

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if len(self.taken) > _SPAN:
            raise StopIteration
        line = self._given_back.popleft() if self._given_back else next(self._lines)
        self.taken.append(line)
        return line[1].replace("\0", "\ufffd")

    def give_back(self) -> None:
        """Read all but the first of the taken lines again."""
        self._given_back.extendleft(reversed(self.taken[1:]))


def _csv_rows(stream: Iterable[str], separator: str) -> Iterator[Cells]:
    """Rows of a CSV; after one with a broken quote or a NUL, reading goes on with the next line."""
    lines = _Lines(stream)
    reader = csv.reader(lines, delimiter=separator, strict=True)
    while True:
        lines.taken = []
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            number, line = lines.taken[0]
            yield Cells(number, [line.rstrip("\r\n")], "quote")
            lines.give_back()
            reader = csv.reader(lines, delimiter=separator, strict=True)
            continue
        number = lines.taken[0][0]
        has_nul = any("\0" in line for _, line in lines.taken)
        yield Cells(number, cells, "nul" if has_nul else None)


def _text(path: Path, encoding: str, known: Mapping[str, str], limits: TableLimits) -> Table:
    csv.field_size_limit(16 * limits.max_cell)

    def opener(separator: str) -> Callable[[], Iterator[Cells]]:
        def reopen() -> Iterator[Cells]:
            with open_content(path) as raw:
                stream = io.TextIOWrapper(raw, encoding=encoding, errors="strict", newline="")
                yield from _csv_rows(stream, separator)

        return reopen

    for separator in _SEPARATORS:
        table = _make_table(opener(separator), known, limits)
        if table is not None:
            return table
    raise _wrong_header(_first_cells(opener(",")()), known)


def _first_cells(rows: Iterator[Cells]) -> Sequence[str]:
    return next((row.cells for row in rows if any(c.strip() for c in row.cells)), [])


def _json(path: Path, encoding: str, known: Mapping[str, str], limits: TableLimits) -> Table:
    """A JSON array of objects, an object with one array in it, or one object a line."""
    with open_content(path) as raw:
        text = io.TextIOWrapper(raw, encoding=encoding).read().lstrip("\ufeff")
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        first = text.lstrip().split("\n", 1)[0].strip()
        if not (first.startswith("{") and first.endswith("}")):
            raise FileRejected(
                "unreadable", f"JSON rusak atau terpotong pada baris {error.lineno}: {error.msg}"
            ) from error
        items: list[tuple[int, Any]] = []
        for number, line in enumerate(text.splitlines(), 1):
            if line.strip():
                try:
                    items.append((number, json.loads(line)))
                except json.JSONDecodeError:
                    items.append((number, line))
    else:
        if isinstance(document, dict):
            lists = [v for v in document.values() if isinstance(v, list)]
            document = lists[0] if len(lists) == 1 else [document]
        items = list(enumerate(document, 1))
    keys = list(dict.fromkeys(k for _, item in items if isinstance(item, dict) for k in item))
    if not keys:
        raise FileRejected(
            "wrong_header", "JSON ini tidak memuat objek; diharapkan satu objek per baris data"
        )

    def reopen() -> Iterator[Cells]:
        yield Cells(0, keys)
        for number, item in items:
            if isinstance(item, dict):
                yield Cells(number, [_json_cell(item.get(k)) for k in keys])
            else:
                yield Cells(number, [str(item)], "json")

    table = _make_table(reopen, known, limits)
    if table is None:
        raise _wrong_header(keys, known)
    return table


def _json_cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return ";".join(_json_cell(v) for v in value)
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return _cell(value)


def _is_blank(path: Path, encoding: str) -> bool:
    with open_content(path) as raw:
        stream = io.TextIOWrapper(raw, encoding=encoding, errors="ignore")
        return not any(line.strip("\ufeff \t\r\n") for line in stream)


def _encoding(path: Path, limits: TableLimits) -> str:
    with open_content(path) as f:
        start = f.read(4)
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    total = 0
    decoder = codecs.getincrementaldecoder("utf-8")()
    is_utf8 = True
    with open_content(path) as f:
        while chunk := f.read(1 << 20):
            total += len(chunk)
            if total > limits.max_bytes:
                raise FileRejected("too_large", f"lebih dari {limits.max_bytes:,} byte; pecah berkasnya")
            if is_utf8:
                try:
                    decoder.decode(chunk)
                except UnicodeDecodeError:
                    is_utf8 = False
    return "utf-8-sig" if is_utf8 else "cp1252"


def _ole_problem(path: Path) -> FileRejected:
    with path.open("rb") as f:
        is_encrypted = "EncryptedPackage".encode("utf-16-le") in f.read(1 << 20)
    if is_encrypted:
        return FileRejected("encrypted", "buku kerja bersandi; simpan tanpa sandi")
    return FileRejected("unreadable", "berkas Excel bentuk lama (.xls); simpan sebagai .xlsx")


def _workbook(path: Path, known: Mapping[str, str], limits: TableLimits) -> Table:
    from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except zipfile.BadZipFile as error:
        raise FileRejected("unreadable", f"buku kerja rusak atau terpotong: {error}") from error
    inflated = sum(m.file_size for m in members)
    if inflated > limits.max_bytes or inflated > max(path.stat().st_size, 1 << 20) * limits.max_ratio:
        raise FileRejected("too_large", f"isi buku kerja {inflated:,} byte, batasnya {limits.max_bytes:,}")
    names = {m.filename.lower() for m in members}
    if any(name.endswith("vbaproject.bin") for name in names):
        raise FileRejected("macro", "buku kerja memuat makro; simpan sebagai .xlsx biasa")
    if not names & {"xl/workbook.xml", "content.xml"}:
        raise FileRejected("unreadable", "arsip zip ini bukan buku kerja; kirim berkasnya satu per satu")
    try:
        book = CalamineWorkbook.from_path(str(path))
        visible = [s.name for s in book.sheets_metadata if s.visible == SheetVisibleEnum.Visible]
        first: list[str] = []
        for name in visible:
            # calamine leaves out blank rows at the top, but says where the sheet starts.
            sheet = book.get_sheet_by_name(name)
            top, left = sheet.start or (0, 0)
            values = sheet.to_python(skip_empty_area=True)
            _fill_merged(values, sheet.merged_cell_ranges or [], top, left)
            first = first or next(([_cell(v) for v in r] for r in values if any(r)), [])
            table = _make_table(lambda values=values, top=top: _sheet_rows(values, top), known, limits)  # type: ignore[misc]
            if table is not None:
                return table
    except CalamineError as error:
        raise FileRejected("unreadable", f"buku kerja tidak dapat dibaca: {error}") from error
    raise _wrong_header(first, known)


def _fill_merged(
    values: list[list[Any]], ranges: Iterable[tuple[tuple[int, int], tuple[int, int]]], top: int, left: int
) -> None:
    """A cell merged over several rows says the same for each; a title over several columns does not."""
    for (first_row, first_column), (last_row, last_column) in ranges:
        if first_column == last_column:
            for row in range(first_row + 1 - top, last_row + 1 - top):
                if 0 <= row < len(values):
                    values[row][first_column - left] = values[first_row - top][first_column - left]


def _sheet_rows(values: list[list[object]], top: int) -> Iterator[Cells]:
    for number, row in enumerate(values, top + 1):
        yield Cells(number, [_cell(value) for value in row])


def _cell(value: object) -> str:
    """A sheet value as the text a person would have typed."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(" ")
    if isinstance(value, dt.date):
        return value.isoformat()
    return str(value)

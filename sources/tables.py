"""CSV and workbooks to text cells with the line or sheet row a person sees.

Belongs here: encodings, separators, finding the header, rows that are no rows. Stays out: what a cell means
(`expectations/`); a reader knows only the header spellings that it is handed.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from sources.archive import is_gzip, open_content
from sources.errors import FileRejected

if TYPE_CHECKING:
    import duckdb

Cells = tuple[int, list[str]]

_HEADER_ROWS = 30
_BATCH = 20_000
_TOTALS = {"jumlah", "total", "grand total", "jumlah total", "jumlah keseluruhan"}
_SEPARATORS = (",", ";", "\t")


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
        path: a plain or gz CSV, or an XLSX or ODS workbook; the content decides, not the name.
        known: header spelling in lower case to column name; an empty name is a column to leave out.
        limits: see `TableLimits`.

    Raises:
        FileRejected: `empty`, `encrypted`, `macro`, `too_large`, `unreadable` or `wrong_header`, with a
            sentence in Indonesian that names row and column, what was expected and what was found.
    """
    if path.stat().st_size == 0:
        raise FileRejected("empty", "berkas kosong (0 byte); diharapkan baris kepala kolom dan baris isi")
    with open_content(path) as f:
        start = f.read(8)
    if start.startswith(b"PK"):
        if is_gzip(path):
            raise FileRejected("unreadable", "buku kerja di dalam gz; kirim buku kerjanya sendiri")
        return _workbook(path, known, limits)
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        raise FileRejected(
            "encrypted", "berkas Excel bersandi atau berbentuk lama (.xls); diharapkan .xlsx tanpa sandi"
        )
    return _text(path, known, limits)


def land_table(con: duckdb.DuckDBPyConnection, table: Table, limits: TableLimits) -> int:
    """Write the rows to the temporary table `landed` (`_row_number`, `_surplus`, `c0`, `c1`, …, all text).

    Returns the number of rows. Cells beyond the header go, joined, to `_surplus`.

    Raises:
        FileRejected: `too_large`, when there are more rows or longer cells than the limits allow.
    """
    import pyarrow as pa

    width = len(table.headers)
    names = ["_row_number", "_surplus", *(f"c{i}" for i in range(width))]
    schema = pa.schema([("_row_number", pa.int64()), *((n, pa.string()) for n in names[1:])])
    columns = ", ".join(f"{n} varchar" for n in names[1:])
    con.execute(f"create or replace temp table landed (_row_number bigint, {columns})")
    total = 0
    while batch := list(islice(table.rows, _BATCH)):
        total += len(batch)
        if total > limits.max_rows:
            raise FileRejected("too_large", f"lebih dari {limits.max_rows:,} baris; pecah berkasnya")
        arrays: list[list[object]] = [[] for _ in names]
        for number, cells in batch:
            surplus = [c for c in cells[width:] if c.strip()]
            arrays[0].append(number)
            arrays[1].append(" | ".join(surplus) or None)
            for i in range(width):
                cell = cells[i] if i < len(cells) else ""
                if len(cell) > limits.max_cell:
                    raise FileRejected(
                        "too_large",
                        f"baris {number}, kolom {table.headers[i]}: sel {len(cell):,} huruf, "
                        f"batasnya {limits.max_cell:,}",
                    )
                arrays[i + 2].append(cell if cell else None)
        chunk = pa.Table.from_arrays(
            [pa.array(a, t.type) for a, t in zip(arrays, schema, strict=True)], schema=schema
        )
        con.register("chunk", chunk)
        con.execute("insert into landed select * from chunk")
        con.unregister("chunk")
    return total


def _find_header(
    rows: Iterable[Cells], known: Mapping[str, str]
) -> tuple[int, list[str], list[str | None]] | None:
    """The first row of which at least two cells, and half of the filled ones, are known headers."""
    for number, cells in rows:
        names = [known.get(" ".join(cell.lower().split())) for cell in cells]
        filled = sum(1 for cell in cells if cell.strip())
        hits = sum(1 for name in names if name is not None)
        if hits >= 2 and hits * 2 >= filled:
            width = max(i for i, cell in enumerate(cells, 1) if cell.strip())
            return number, cells[:width], [name or None for name in names[:width]]
    return None


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
    table = Table(headers, columns, header_row, iter(()))
    table.unknown = [
        h
        for h, c in zip(headers, columns, strict=True)
        if c is None and h.strip() and " ".join(h.lower().split()) not in known
    ]

    def rows() -> Iterator[Cells]:
        for number, cells in reopen():
            if number <= header_row:
                continue
            first = next((c.strip().lower() for c in cells if c.strip()), "")
            if not first or first in _TOTALS or cells[: len(headers)] == headers:
                table.skipped += 1
                continue
            yield number, cells

    table.rows = rows()
    return table


def _wrong_header(first: list[str], known: Mapping[str, str]) -> FileRejected:
    expected = sorted({c for c in known.values() if c})
    seen = ", ".join(c.strip() for c in first if c.strip()) or "(kosong)"
    return FileRejected(
        "wrong_header",
        f"baris 1: kepala kolom tidak dikenal; ditemukan: {seen[:200]}; diharapkan: {', '.join(expected)}",
    )


def _text(path: Path, known: Mapping[str, str], limits: TableLimits) -> Table:
    encoding = _encoding(path, limits)

    def opener(separator: str) -> Callable[[], Iterator[Cells]]:
        def reopen() -> Iterator[Cells]:
            with open_content(path) as raw:
                stream = io.TextIOWrapper(raw, encoding=encoding, errors="strict", newline="")
                reader = csv.reader((line.replace("\0", "\ufffd") for line in stream), delimiter=separator)
                before = 0
                try:
                    for cells in reader:
                        yield before + 1, cells
                        before = reader.line_num
                except csv.Error as error:
                    raise FileRejected("unreadable", f"baris {before + 1}: {error}") from error

        return reopen

    for separator in _SEPARATORS:
        table = _make_table(opener(separator), known, limits)
        if table is not None:
            return table
    first = next((cells for _, cells in opener(",")() if any(c.strip() for c in cells)), [])
    raise _wrong_header(first, known)


def _encoding(path: Path, limits: TableLimits) -> str:
    with open_content(path) as f:
        start = f.read(4)
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    total = 0
    is_utf8 = True
    with open_content(path) as f:
        decoder = __import__("codecs").getincrementaldecoder("utf-8")()
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
            top = (sheet.start or (0, 0))[0]
            values = sheet.to_python(skip_empty_area=True)
            first = first or next(([_cell(v) for v in r] for r in values if any(r)), [])
            table = _make_table(lambda values=values, top=top: _sheet_rows(values, top), known, limits)  # type: ignore[misc]
            if table is not None:
                return table
    except CalamineError as error:
        raise FileRejected("unreadable", f"buku kerja tidak dapat dibaca: {error}") from error
    raise _wrong_header(first, known)


def _sheet_rows(values: list[list[object]], top: int) -> Iterator[Cells]:
    for number, row in enumerate(values, top + 1):
        yield number, [_cell(value) for value in row]


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

"""Sheets of a workbook (XLSX, XLSB, ODS, XLS) as rows of text.

Belongs here: opening it, merged cells, values as text, formulas without result and error values. Stays out:
which sheet holds the table (`child.py`), headers and sections.
"""

from __future__ import annotations

import datetime as dt
import re
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from sources.errors import FileRejected
from sources.tables.header import Row

NO_RESULT = "#KOSONG!"
_MOST_CELLS = 100_000_000
_BOOK_BYTES = 1_000_000
_PIECE = 1 << 20
_CELL = re.compile(
    rb"<(?:\w+:)?c\b([^>]*)>\s*(?:<(?:\w+:)?f\b[^>]*/>|<(?:\w+:)?f\b[^>]*>[^<]*</(?:\w+:)?f>)?\s*"
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>([^<]*)</(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
_REFERENCE = re.compile(rb'\br="([A-Z]{1,3})([0-9]{1,7})"')
_KIND = re.compile(rb'\bt="(\w+)"')
_R_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


class Workbook:
    """An open workbook; `names` are its sheets of cells, in order, `hidden` those that nobody sees."""

    def __init__(self, path: Path, form: str) -> None:
        """Open it.

        Raises:
            FileRejected: `encrypted` or `unreadable`.
        """
        from python_calamine import (
            CalamineError,
            CalamineWorkbook,
            PasswordError,
            SheetTypeEnum,
            SheetVisibleEnum,
        )

        self._path, self._form = path, form
        try:
            self._book = CalamineWorkbook.from_path(str(path))
            sheets = self._book.sheets_metadata
        except PasswordError as error:
            raise FileRejected("encrypted", "buku kerja bersandi; simpan tanpa sandi") from error
        except CalamineError as error:
            raise self._unreadable(error) from error
        cells = [s for s in sheets if s.typ in (SheetTypeEnum.WorkSheet, SheetTypeEnum.DialogSheet)]
        self.names = [s.name for s in cells]
        self.hidden = {s.name for s in cells if s.visible != SheetVisibleEnum.Visible}
        self._parts = _sheet_parts(path) if form == "workbook" else {}
        self._kept: dict[str, tuple[Any, dict[int, dict[int, str]]]] = {}

    def rows(self, name: str, keep: bool = False) -> Iterator[Row]:
        """Rows of a sheet with the numbers a person sees; `keep` it in memory for another time.

        Raises:
            FileRejected: `unreadable`, or `too_large`: a cell far from all others.
        """
        from python_calamine import CalamineError

        if name in self._kept:
            sheet, marks = self._kept[name]
        else:
            try:
                sheet = self._book.get_sheet_by_name(name)
            except CalamineError as error:
                raise self._unreadable(error) from error
            marks = self._marks(name)
        if keep:
            self._kept = {name: (sheet, marks)}
        if sheet.start is None:
            return
        if sheet.total_height * sheet.width > _MOST_CELLS:
            raise FileRejected(
                "too_large",
                f"lembar {name[:80]}: {sheet.total_height:,} baris kali {sheet.width:,} kolom; "
                "hapus sel yang jauh di luar tabel",
            )
        left = sheet.start[1]
        merged = _merged(sheet.merged_cell_ranges or [], left)
        active: dict[int, tuple[int, str]] = {}
        for number, values in enumerate(sheet.iter_rows(), 1):
            cells = [v if type(v) is str else _cell(v) for v in values]
            if number in marks:
                for column, word in marks[number].items():
                    if 0 <= column - left < len(cells) and not cells[column - left]:
                        cells[column - left] = word
            if merged or active:
                _fill(cells, number, merged, active)
            yield number, cells, None

    def _marks(self, name: str) -> dict[int, dict[int, str]]:
        """Row ► column from 0 ► word of the cells that hold an error or a formula without stored result."""
        part = self._parts.get(name)
        if part is None:
            return {}
        found: dict[int, dict[int, str]] = {}
        try:
            with zipfile.ZipFile(self._path) as archive, archive.open(part) as f:
                for piece in _pieces(f):
                    if b"<f" not in piece and b":f" not in piece and b't="e"' not in piece:
                        continue
                    for match in _CELL.finditer(piece):
                        _mark(match, found)
        except (zipfile.BadZipFile, KeyError, OSError, EOFError) as error:
            raise self._unreadable(error) from error
        return found

    def _unreadable(self, error: Exception) -> FileRejected:
        name = "buku kerja .xls" if self._form == "xls" else "buku kerja"
        return FileRejected("unreadable", f"{name} tidak dapat dibaca: {error}; simpan sebagai .xlsx")


def declared_version(path: Path) -> tuple[str, str] | None:
    """Kind and version of the contract that a workbook was made from; None for any other or broken file."""
    try:
        with zipfile.ZipFile(path) as book:
            part = book.getinfo("xl/workbook.xml")
            content = book.read(part) if part.file_size <= _BOOK_BYTES else b""
    except Exception:
        # What is wrong with the file is for its reader to say.
        return None
    found = re.search(rb'<definedName name="kontrak"[^>]*>"?([a-z_]+)@([0-9.]+)"?<', content)
    return (found[1].decode(), found[2].decode()) if found else None


def _pieces(stream: Any) -> Iterator[bytes]:
    """A sheet's XML in pieces that end with a row."""
    rest = b""
    while chunk := stream.read(_PIECE):
        rest += chunk
        # A prefix may stand before the name.
        cut = rest.rfind(b"row>")
        if cut >= 0:
            yield rest[: cut + 4]
            rest = rest[cut + 4 :]
    yield rest


def _mark(match: re.Match[bytes], found: dict[int, dict[int, str]]) -> None:
    attributes, value = match[1], match[2] or b""
    kind = _KIND.search(attributes)
    is_error = kind is not None and kind[1] == b"e"
    is_empty = b":f" in match[0] or b"<f" in match[0]
    if is_error:
        word = value.decode("utf-8", "replace").strip()[:20] or NO_RESULT
    elif is_empty and not value.strip() and (kind is None or kind[1] != b"str"):
        word = NO_RESULT
    else:
        return
    place = _REFERENCE.search(attributes)
    if place:
        column = 0
        for letter in place[1]:
            column = column * 26 + letter - 64
        found.setdefault(int(place[2]), {})[column - 1] = word


def _sheet_parts(path: Path) -> dict[str, str]:
    """Sheet name ► its part in the archive; empty for other workbooks than XLSX."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = {}
            for name in ("xl/workbook.xml", "xl/_rels/workbook.xml.rels"):
                if name not in archive.namelist() or archive.getinfo(name).file_size > _BOOK_BYTES:
                    return {}
                parts[name] = ElementTree.fromstring(archive.read(name))
            held = set(archive.namelist())
    except Exception:
        # The reader of the cells says what is wrong with the workbook.
        return {}
    targets = {}
    for link in parts["xl/_rels/workbook.xml.rels"]:
        target = link.get("Target", "")
        targets[link.get("Id")] = target[1:] if target.startswith("/") else f"xl/{target}"
    sheets = parts["xl/workbook.xml"].iter()
    found = {}
    for sheet in sheets:
        if sheet.tag.rpartition("}")[2] == "sheet":
            part = targets.get(sheet.get(_R_ID))
            if part in held:
                found[sheet.get("name", "")] = str(part)
    return found


def _merged(
    ranges: Iterable[tuple[tuple[int, int], tuple[int, int]]], left: int
) -> dict[int, list[tuple[int, int]]]:
    """Row ► (cell, last row) of the cells merged over several rows and one column.

    Such a cell says the same for each of its rows; a title over several columns does not.
    """
    found: dict[int, list[tuple[int, int]]] = {}
    for (first_row, first_column), (last_row, last_column) in ranges:
        if first_column == last_column and last_row > first_row and first_column >= left:
            found.setdefault(first_row + 1, []).append((first_column - left, last_row + 1))
    return found


def _fill(
    cells: list[str],
    number: int,
    merged: dict[int, list[tuple[int, int]]],
    active: dict[int, tuple[int, str]],
) -> None:
    for column, (last, text) in list(active.items()):
        if number > last:
            del active[column]
        elif column < len(cells) and not cells[column]:
            cells[column] = text
    for column, last in merged.get(number, ()):
        if column < len(cells):
            active[column] = (last, cells[column])


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

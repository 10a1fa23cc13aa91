"""The tables of a bundle as one workbook, behind a cover that says whose they are and what each sheet is.

Belongs here: sheets and cells. Stays out: which tables and rows (`bundle.py`).
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import xlsxwriter

from expectations.spreadsheet import CELL_CHARACTERS, OPTIONS
from exports.database import Table
from exports.dictionary import Dictionary, Meaning

COVER = "sampul"
_SHEET_ROWS = 1_048_576


def write_workbook(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    selected: Sequence[tuple[Table, str, int]],
    dictionary: Dictionary,
    facts: Sequence[tuple[str, str]],
    as_of: date,
) -> None:
    """Write a cover and one sheet per table; a table too long for a sheet is named on the cover.

    Args:
        connection: gives the rows.
        path: the workbook to be written.
        selected: tables, each with the query of its rows and how many they are.
        dictionary: titles and descriptions in Indonesian; where it has none the English comment stands.
        facts: what the cover says first: whose, which period, which version.
        as_of: the day of the data: the same content must give the same bytes on any day.
    """
    workbook = xlsxwriter.Workbook(str(path), OPTIONS | {"constant_memory": True})
    workbook.set_properties(
        {"created": datetime(as_of.year, as_of.month, as_of.day, tzinfo=UTC).replace(tzinfo=None)}
    )
    formats = {
        "title": workbook.add_format({"bold": True, "font_size": 16}),
        "bold": workbook.add_format({"bold": True, "valign": "top"}),
        "text": workbook.add_format({"text_wrap": True, "valign": "top"}),
        "top": workbook.add_format({"valign": "top"}),
        "head": workbook.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"}),
        "date": workbook.add_format({"num_format": "yyyy-mm-dd"}),
        "time": workbook.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
    }
    cover = workbook.add_worksheet(COVER)
    for column, width in enumerate((30, 30, 12, 90)):
        cover.set_column(column, column, width)
    cover.set_landscape()
    cover.fit_to_pages(1, 0)
    cover.write_string(0, 0, "Tabel bukti SPBE", formats["title"])
    for row, (what, said) in enumerate(facts, start=2):
        cover.write_string(row, 0, what, formats["bold"])
        cover.write_string(row, 1, said[:CELL_CHARACTERS])
    first = len(facts) + 3
    cover.write_row(first, 0, ["lembar", "judul", "baris", "keterangan"], formats["head"])
    for row, (table, query, rows) in enumerate(selected, start=first + 1):
        meaning = dictionary.get((table.name, ""), Meaning("", ""))
        fits = rows < _SHEET_ROWS
        note = "" if fits else "Terlalu panjang untuk satu lembar; lihat berkas CSV. "
        if fits:
            name = table.name[:31]
            cover.write_url(row, 0, f"internal:'{name}'!A1", formats["top"], name)
            _write_sheet(connection, workbook.add_worksheet(name), table, query, formats)
        else:
            cover.write_string(row, 0, table.name, formats["top"])
        cover.write_string(row, 1, meaning.title, formats["text"])
        cover.write_number(row, 2, rows, formats["top"])
        cover.write_string(
            row, 3, (note + (meaning.description or table.comment))[:CELL_CHARACTERS], formats["text"]
        )
    workbook.close()


def _write_sheet(
    connection: duckdb.DuckDBPyConnection, sheet: Any, table: Table, query: str, formats: dict[str, Any]
) -> None:
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(table.columns) - 1, 18)
    sheet.write_row(0, 0, table.column_names, formats["head"])
    result = connection.execute(query)
    number = 0
    while batch := result.fetchmany(10_000):
        for row in batch:
            number += 1
            for position, value in enumerate(row):
                _write_cell(sheet, number, position, value, formats)


def _write_cell(sheet: Any, row: int, column: int, value: Any, formats: dict[str, Any]) -> None:
    if value is None:
        return
    # Most cells are texts, so what they are is asked first.
    if isinstance(value, str):
        if len(value) > CELL_CHARACTERS:
            value = value[: CELL_CHARACTERS - 20] + "… (lengkap di CSV)"
        sheet.write_string(row, column, value)
    elif isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif isinstance(value, datetime):
        sheet.write_datetime(row, column, value.replace(tzinfo=None), formats["time"])
    elif isinstance(value, date):
        sheet.write_datetime(row, column, value, formats["date"])
    elif isinstance(value, int | Decimal) and len(Decimal(value).normalize().as_tuple().digits) > 15:
        # A sheet keeps 15 digits; more stay exact as text.
        sheet.write_string(row, column, str(value))
    elif isinstance(value, int | float | Decimal):
        sheet.write_number(row, column, value)
    else:
        _write_cell(sheet, row, column, str(value), formats)

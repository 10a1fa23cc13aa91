"""An Excel workbook to fill in, from a contract: what it admits is what the quarantine admits.

Belongs here: the sheets, drop-downs and notes of the template. Stays out: reading a filled one
(`sources/tables/`), what a code means (`contract.py`, `references.py`) and which rows stand in it already
(`exports/prefill.py`).
"""

from __future__ import annotations

import datetime as dt
import itertools
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from expectations.contract import DECIMALS, Column, Contract
from expectations.references import LISTS
from expectations.rules import rules_of, type_words
from expectations.spellings import RESOLVERS
from expectations.spreadsheet import CELL_CHARACTERS, OPTIONS, guarded

DATA_SHEET = "Isian"
HELP_SHEET = "Petunjuk"
CODE_SHEET = "kode"
# Drop-downs reach this far; rows below load as well.
ROWS = 5000
_NUMBER_FORMATS = {"bigint": "0", "date": "yyyy-mm-dd"} | dict.fromkeys(DECIMALS, "General")
_GUIDE_WIDTHS = (24, 13, 44, 52, 30)
# Letters across a printed page of A4, landscape, that are still read with ease.
_PAGE_LETTERS = 230
_A4 = 9
_PERMITTED = {
    "format_columns": True,
    "format_rows": True,
    "insert_rows": True,
    "delete_rows": True,
    "sort": True,
    "autofilter": True,
}
_PICK = (
    "Pilih dari daftar. Kode dan ejaan lain pada halaman format data juga diterima: "
    "lanjutkan bila yang ditulis memang itu."
)

Entries = Sequence[tuple[str, str | None]]
Cell = str | int | float | bool | dt.date | None


def write_template(
    path: Path,
    contract: Contract,
    lists: Mapping[str, Entries],
    instansi_code: str | None = None,
    rows: Sequence[Mapping[str, Cell]] = (),
) -> None:
    """Write the template of a contract; a filled one loads as it is.

    Args:
        path: the .xlsx file, replaced where it exists.
        contract: the contract.
        lists: column name to (code, name) of the entries of its reference list; a column whose list is
            missing or empty gets no drop-down.
        instansi_code: whose template it is: examples bear its code.
        rows: rows that stand in it already, column name to the cell as people write it (`as_written`).
    """
    import xlsxwriter

    book = xlsxwriter.Workbook(str(path), OPTIONS)
    # The same contract, lists and rows give the same file.
    book.set_properties({"title": contract.title, "created": dt.datetime(2026, 1, 1)})  # noqa: DTZ001
    data, guide = book.add_worksheet(DATA_SHEET), book.add_worksheet(HELP_SHEET)
    codes = book.add_worksheet(CODE_SHEET)
    codes.hide()
    book.define_name("kontrak", f'="{contract.kind}@{contract.version}"')
    examples = {c.name: example_text(c, lists.get(c.name, ()), instansi_code) for c in contract.columns}
    sources = write_choices(codes, {c.name: choices(c, lists.get(c.name, ())) for c in contract.columns})
    widths = []
    for i, column in enumerate(contract.columns):
        widths.append(_write_column(book, data, i, column, examples[column.name], rows))
        if column.name in sources:
            offer_choices(data, column, sources[column.name], i, ROWS)
    # Not every program fits rows to wrapped text by itself.
    titles: Mapping[str, Cell] = {c.name: c.title for c in contract.columns}
    for number, row in enumerate([titles, *rows]):
        cells = [row.get(c.name) for c in contract.columns]
        data.set_row(
            number, 15 * max(line_count(str(cell or ""), w) for cell, w in zip(cells, widths, strict=True))
        )
    data.freeze_panes(1, 0)
    data.protect("", _PERMITTED)
    lay_out_print(data, contract.title, widths)
    _write_guide(book, guide, contract, examples)
    data.activate()
    book.close()


def must_be_filled(column: Column) -> str:
    """How much a column is asked for, in words."""
    return {"error": "wajib", "warning": "diminta", None: "boleh kosong"}[column.missing]


def content_words(column: Column) -> str:
    """What a cell of the column may hold, in words, and what an empty one stands for."""
    sender = "; kosong berarti OPD pengirim berkas" if column.from_sender else ""
    if column.codes:
        return ("satu atau lebih dari: " if column.is_list else "salah satu dari: ") + ", ".join(
            column.labels
        )
    if column.names:
        resolver = RESOLVERS[column.names]
        return f"{resolver.words} pada {LISTS[resolver.list].title}{sender}"
    if column.reference:
        return f"kode pada {LISTS[column.reference[0]].title}"
    return "alamat http atau https" if column.is_url else type_words(column)


def choices(column: Column, entries: Entries) -> list[str]:
    """Entries of a column's drop-down, each of which loads: labels for codes, else `code - name`.

    Args:
        column: of a contract.
        entries: (code, name) of its reference list.
    """
    if column.type == "boolean":
        return ["Ya", "Tidak"]
    if column.codes:
        return list(column.labels)
    chosen = [_listed(column, entry) for entry in entries]
    return [*chosen, *column.also_labels] if chosen else []


def as_written(column: Column, value: Any, entries: Entries) -> Cell:
    """A value of a database as people write it into a cell of the column.

    Args:
        column: of a contract.
        value: as the column's type has it; a list of values is joined.
        entries: (code, name) of its reference list.
    """
    if value is None or (isinstance(value, int | float | dt.date) and not isinstance(value, bool)):
        return value
    if isinstance(value, bool):
        return "Ya" if value else "Tidak"
    if isinstance(value, list):
        return column.said(";".join(map(str, value)))
    text = str(value)
    return next((_listed(column, entry) for entry in entries if entry[0] == text), column.said(text))


def example_text(column: Column, entries: Entries, instansi_code: str | None) -> str:
    """An example of the instansi's own: the first of its list, else the contract's with its code."""
    offered = choices(column, entries) if column.reference else []
    if column.from_folder and instansi_code and column.name == "instansi_code":
        return instansi_code
    return offered[0] if offered else column.example_of(instansi_code)


def _listed(column: Column, entry: tuple[str, str | None]) -> str:
    code, name = entry
    return f"{code} - {name}" if name and not column.code_column and name != code else code


def write_choices(codes: Any, offered: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Write the entries of drop-downs, a column each, and give where each of them stands.

    Args:
        codes: the hidden sheet; it is written row by row.
        offered: column name to its entries; a column without entries has no drop-down.

    Returns:
        Column name to the range of its entries.
    """
    from xlsxwriter.utility import xl_col_to_name

    filled = {name: entries for name, entries in offered.items() if entries}
    for row, line in enumerate(itertools.zip_longest(*([n, *e] for n, e in filled.items()))):
        for i, entry in enumerate(line):
            if entry is not None:
                codes.write_string(row, i, guarded(entry))
    letters = {name: xl_col_to_name(i) for i, name in enumerate(filled)}
    return {name: f"={CODE_SHEET}!${at}$2:${at}${len(filled[name]) + 1}" for name, at in letters.items()}


def offer_choices(sheet: Any, column: Column, source: str, at: int, rows: int, told: str = "") -> None:
    """Give a column of a sheet its drop-down and prompt.

    Args:
        sheet: with the column.
        column: of a contract.
        source: the range of its entries.
        at: number of the column on `sheet`.
        rows: how far down it reaches.
        told: the prompt; none: the column's description.
    """
    sheet.data_validation(
        1,
        at,
        rows,
        at,
        {
            "validate": "list",
            "source": source,
            "input_title": column.title[:32],
            "input_message": (told or column.description)[:255],
            # A cell of several values, and a code or name beside the list, are right and not in the list.
            "show_error": not (column.is_list or column.reference),
            "error_type": "warning",
            "error_title": column.title[:32],
            "error_message": _PICK,
        },
    )


def lay_out_print(sheet: Any, title: str, widths: Sequence[int]) -> None:
    """Print on A4 across, as few pages wide as can be read, the header on each of them."""
    sheet.set_landscape()
    sheet.set_paper(_A4)
    sheet.set_margins(left=0.4, right=0.4, top=0.7, bottom=0.6)
    sheet.repeat_rows(0)
    sheet.fit_to_pages(max(1, math.ceil(sum(widths) / _PAGE_LETTERS)), 0)
    # An ampersand begins a code in a header.
    sheet.set_header(f"&L{title.replace('&', '&&')[:200]}")
    sheet.set_footer("&RHalaman &P dari &N")


def _write_column(
    book: Any, data: Any, i: int, column: Column, example: str, rows: Sequence[Mapping[str, Cell]]
) -> int:
    """Write header, note, format and what stands below; gives the width in letters."""
    colour = {"error": "#F8D7A8", "warning": "#FCEFD5", None: "#E7EBEF"}[column.missing]
    header = book.add_format(
        {"bold": True, "bg_color": colour, "border": 1, "text_wrap": True, "valign": "top"}
    )
    look = {"num_format": _NUMBER_FORMATS.get(column.type, "@"), "locked": False, "valign": "top"}
    cells = [row.get(column.name) for row in rows]
    longest = max((len(str(cell)) for cell in cells if cell is not None), default=0)
    width = max(12, min(24, len(column.title) + 2), min(40, longest + 2))
    data.set_column(i, i, width, book.add_format(look))
    data.write_string(0, i, column.title, header)
    wrapped = book.add_format({**look, "text_wrap": True})
    for row, cell in enumerate(cells, 1):
        if isinstance(cell, dt.date):
            data.write_datetime(row, i, cell, wrapped)
        elif isinstance(cell, int | float):
            data.write_number(row, i, cell, wrapped)
        elif cell is not None:
            data.write_string(row, i, guarded(cell)[:CELL_CHARACTERS], wrapped)
    note = [
        f"{column.title} ({must_be_filled(column)})",
        column.description,
        f"Isi: {content_words(column)}.",
    ]
    if example:
        note.append(f"Contoh: {example}")
    data.write_comment(0, i, "\n".join(note), {"x_scale": 2, "y_scale": 1.5})
    return width


def _write_guide(book: Any, guide: Any, contract: Contract, examples: Mapping[str, str]) -> None:
    title, bold = book.add_format({"bold": True, "font_size": 14}), book.add_format({"bold": True})
    wrap = book.add_format({"text_wrap": True, "valign": "top"})
    for i, width in enumerate(_GUIDE_WIDTHS):
        guide.set_column(i, i, width, wrap)
    last = len(_GUIDE_WIDTHS) - 1

    def say(row: int, line: str, look: Any = wrap) -> None:
        guide.merge_range(row, 0, row, last, line, look)
        # A merged cell does not grow with its text.
        guide.set_row(row, 20 if look is title else 15 * math.ceil(len(line) * 1.1 / sum(_GUIDE_WIDTHS)))

    lines = (
        f"{contract.purpose} {contract.usage}",
        f"Isi lembar {DATA_SHEET}: {contract.grain}. Jangan mengubah baris kepala kolom.",
        "Kolom wajib yang kosong membuat barisnya tidak dimuat; kolom yang diminta memberi peringatan.",
        "Pada sel berdaftar, pilih dari daftarnya; nama di belakang kode hanya untuk dibaca, yang dipakai "
        "kodenya. Beberapa nilai dalam satu sel dipisah titik koma. Tanggal ditulis 2026-03-03. "
        "Sel yang tidak berlaku dibiarkan kosong.",
        f"Versi format: {contract.version}.",
    )
    say(0, contract.title, title)
    for row, line in enumerate(lines, 1):
        say(row, line)
    row = len(lines) + 2
    for i, word in enumerate(("Kolom", "Pengisian", "Cara mengisi", "Isi yang diterima", "Contoh isian")):
        guide.write_string(row, i, word, bold)
    head = row
    for column in contract.columns:
        row += 1
        told = (
            column.title,
            must_be_filled(column),
            column.description,
            content_words(column),
            examples[column.name],
        )
        for i, word in enumerate(told):
            guide.write_string(row, i, word, wrap)
        guide.set_row(row, 15 * max(line_count(word, _GUIDE_WIDTHS[i]) for i, word in enumerate(told)))
    row += 2
    say(row, "Aturan atas seluruh baris", bold)
    for rule in rules_of(contract):
        if rule.column is None:
            row += 1
            say(row, ("wajib: " if rule.severity == "error" else "diminta: ") + rule.expected + ".")
    guide.set_landscape()
    guide.set_paper(_A4)
    guide.set_margins(left=0.4, right=0.4, top=0.6, bottom=0.6)
    guide.fit_to_pages(1, 0)
    guide.repeat_rows(head)
    guide.set_footer("&RHalaman &P dari &N")
    guide.protect("", {"format_columns": True, "format_rows": True})


def line_count(text: str, width: int) -> int:
    """Lines that a wrapped text needs in a column of that width in letters, words kept whole."""
    # Some letters are wider than the one that widths are counted in.
    width = width * 5 // 6
    lines, used = 1, 0
    for word in text.split():
        if used and used + 1 + len(word) > width:
            lines, used = lines + 1, 0
        used += len(word) + (1 if used else 0)
        lines, used = lines + used // width, used % width
    return lines

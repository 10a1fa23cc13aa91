"""An Excel workbook to fill in, from a contract: what it admits is what the quarantine admits.

Belongs here: the sheets, drop-downs and notes of the template. Stays out: reading a filled one
(`sources/tables/`) and what a code means (`contract.py`, `references.py`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from expectations.contract import DECIMALS, Column, Contract, code_spellings
from expectations.references import LISTS
from expectations.rules import rules_of, type_words
from expectations.spellings import RESOLVERS
from expectations.spreadsheet import OPTIONS

DATA_SHEET = "Isian"
HELP_SHEET = "Petunjuk"
CODE_SHEET = "kode"
# Drop-downs reach this far; rows below load as well.
ROWS = 5000
_NUMBER_FORMATS = {"bigint": "0", "date": "yyyy-mm-dd"} | dict.fromkeys(DECIMALS, "General")

Entries = Sequence[tuple[str, str | None]]


def write_template(path: Path, contract: Contract, lists: Mapping[str, Entries]) -> None:
    """Write the template of a contract; a filled one loads as it is.

    Args:
        path: the .xlsx file, replaced where it exists.
        contract: the contract.
        lists: column name to (code, name) of the entries of its reference list; a column whose list is
            missing or empty gets no drop-down.
    """
    import xlsxwriter

    book = xlsxwriter.Workbook(str(path), OPTIONS)
    # The same contract and lists give the same file.
    book.set_properties({"title": contract.title, "created": dt.datetime(2026, 1, 1)})  # noqa: DTZ001
    data, guide = book.add_worksheet(DATA_SHEET), book.add_worksheet(HELP_SHEET)
    codes = book.add_worksheet(CODE_SHEET)
    codes.hide()
    book.define_name("kontrak", f'="{contract.kind}@{contract.version}"')
    for i, column in enumerate(contract.columns):
        _write_column(book, data, i, column)
        choices = _choices(contract, column, lists.get(column.name, ()))
        if choices:
            for row, choice in enumerate((column.name, *choices)):
                codes.write_string(row, i, choice)
            letter = xlsxwriter.utility.xl_col_to_name(i)
            data.data_validation(
                1,
                i,
                ROWS,
                i,
                {
                    "validate": "list",
                    "source": f"={CODE_SHEET}!${letter}$2:${letter}${len(choices) + 1}",
                    "input_title": column.title[:32],
                    "input_message": column.description[:255],
                    # A cell of several values, and a code below a listed one, are right and not in the list.
                    "show_error": not (column.is_list or column.reference),
                    "error_title": column.title[:32],
                    "error_message": "Pilih salah satu dari daftar.",
                },
            )
    data.freeze_panes(1, 0)
    data.protect(
        "",
        {
            "format_columns": True,
            "format_rows": True,
            "insert_rows": True,
            "delete_rows": True,
            "sort": True,
            "autofilter": True,
        },
    )
    _write_guide(book, guide, contract)
    data.activate()
    book.close()


def must_be_filled(column: Column) -> str:
    """How much a column is asked for, in words."""
    return {"error": "wajib", "warning": "diminta", None: "boleh kosong"}[column.missing]


def _write_column(book: Any, data: Any, i: int, column: Column) -> None:
    colour = {"error": "#F8D7A8", "warning": "#FCEFD5", None: "#E7EBEF"}[column.missing]
    header = book.add_format(
        {"bold": True, "bg_color": colour, "border": 1, "text_wrap": True, "valign": "top"}
    )
    cells = book.add_format({"num_format": _NUMBER_FORMATS.get(column.type, "@"), "locked": False})
    data.set_column(i, i, max(14, min(40, len(column.title) + 6)), cells)
    data.write_string(0, i, column.title, header)
    note = [
        f"{column.title} ({must_be_filled(column)})",
        column.description,
        f"Isi: {content_words(column)}.",
    ]
    if column.example:
        note.append(f"Contoh: {column.example}")
    data.write_comment(0, i, "\n".join(note), {"x_scale": 2, "y_scale": 1.5})


def content_words(column: Column) -> str:
    """What a cell of the column may hold, in words, and what an empty one stands for."""
    sender = "; kosong berarti OPD pengirim berkas" if column.from_sender else ""
    if column.codes:
        return ("satu atau lebih dari " if column.is_list else "salah satu dari ") + ", ".join(column.codes)
    if column.names:
        resolver = RESOLVERS[column.names]
        return f"{resolver.words} pada {LISTS[resolver.list].title}{sender}"
    if column.reference:
        return f"kode pada {LISTS[column.reference[0]].title}"
    return "alamat http atau https" if column.is_url else type_words(column)


def _choices(contract: Contract, column: Column, entries: Entries) -> list[str]:
    """Entries of the drop-down: for a code its Indonesian spelling where there is one."""
    if column.type == "boolean":
        return ["Ya", "Tidak"]
    if column.codes:
        spelling = code_spellings(contract.kind).get(column.name, {})
        return [spelling.get(code, code) for code in column.codes]
    chosen = [f"{code} {name}" if name and column.accepts_children else code for code, name in entries]
    return [*chosen, *column.also_accepted] if chosen else []


def _write_guide(book: Any, guide: Any, contract: Contract) -> None:
    title, bold = book.add_format({"bold": True, "font_size": 14}), book.add_format({"bold": True})
    wrap = book.add_format({"text_wrap": True, "valign": "top"})
    for i, width in enumerate((28, 14, 60, 48, 32)):
        guide.set_column(i, i, width, wrap)
    guide.write_string(0, 0, contract.title, title)
    lines = (
        contract.purpose,
        contract.usage,
        f"Isi lembar {DATA_SHEET}: {contract.grain}. Jangan mengubah baris kepala kolom.",
        "Kolom wajib yang kosong membuat barisnya tidak dimuat; kolom yang diminta memberi peringatan.",
        "Beberapa nilai dalam satu sel dipisah titik koma. Tanggal ditulis 2026-03-03. "
        "Sel yang tidak berlaku dibiarkan kosong.",
        f"Kontrak {contract.kind}, versi {contract.version}.",
    )
    for row, line in enumerate(lines, 1):
        guide.write_string(row, 0, line, book.add_format({"text_wrap": False}))
    row = len(lines) + 2
    for i, word in enumerate(("Kolom", "Pengisian", "Cara mengisi", "Isi yang diterima", "Contoh isian")):
        guide.write_string(row, i, word, bold)
    for column in contract.columns:
        row += 1
        told = (
            column.title,
            must_be_filled(column),
            column.description,
            content_words(column),
            column.example or "",
        )
        for i, word in enumerate(told):
            guide.write_string(row, i, word, wrap)
    row += 2
    guide.write_string(row, 0, "Aturan atas seluruh baris", bold)
    for rule in rules_of(contract):
        if rule.column is None:
            row += 1
            guide.write_string(
                row, 0, ("wajib: " if rule.severity == "error" else "diminta: ") + rule.expected + "."
            )
    guide.protect()

"""Tables as files in the forms that people send, and what the reader makes of them."""

# ruff: noqa: E501
import html
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import xlsxwriter

from sources import tables
from sources.tables import TableFile, TableLimits

Rows = Sequence[Sequence[object]]
SMALL = TableLimits(max_bytes=50_000_000, max_rows=200_000, max_memory=1_000_000_000, max_seconds=60)


def csv_text(rows: Rows, separator: str = ",") -> str:
    def cell(value: object) -> str:
        text = "" if value is None else str(value)
        return f'"{text.replace(chr(34), chr(34) * 2)}"' if any(c in text for c in '",;\n\r\t|') else text

    return "".join(separator.join(cell(v) for v in row) + "\n" for row in rows)


def xlsx(
    sheets: Mapping[str, Rows],
    merge: Sequence[tuple[Any, ...]] = (),
    hidden: Sequence[str] = (),
) -> bytes:
    """A workbook; a text that begins with `=` is a formula with result 0."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for r, row in enumerate(rows):
                for c, value in enumerate(row):
                    if value is not None and value != "":
                        sheet.write(r, c, value)
            for area in merge:
                sheet.merge_range(*area)
            if name in hidden:
                sheet.hide()
    return buffer.getvalue()


def replaced(workbook: bytes, member: str, old: str, new: str) -> bytes:
    """A workbook with one of its parts changed."""
    with zipfile.ZipFile(io.BytesIO(workbook)) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    assert old.encode() in parts[member]
    parts[member] = parts[member].replace(old.encode(), new.encode())
    return zipped(parts)


def zipped(parts: Mapping[str, bytes | str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in parts.items():
            made.writestr(name, content)
    return buffer.getvalue()


def ods(rows: Rows, manifest: str = "") -> bytes:
    cells = "".join(
        "<table:table-row>"
        + "".join(
            f'<table:table-cell office:value-type="string"><text:p>{html.escape(str(c))}</text:p></table:table-cell>'
            for c in row
        )
        + "</table:table-row>"
        for row in rows
    )
    space = "urn:oasis:names:tc:opendocument:xmlns"
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content xmlns:office="{space}:office:1.0" '
        f'xmlns:table="{space}:table:1.0" xmlns:text="{space}:text:1.0" office:version="1.2"><office:body>'
        f'<office:spreadsheet><table:table table:name="A">{cells}</table:table></office:spreadsheet>'
        "</office:body></office:document-content>"
    )
    listed = f'<?xml version="1.0"?><manifest:manifest xmlns:manifest="{space}:manifest:1.0">{manifest}</manifest:manifest>'
    return zipped(
        {
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
            "content.xml": content,
            "META-INF/manifest.xml": listed,
        }
    )


def page(rows: Rows) -> str:
    cells = "".join(
        "<tr>" + "".join(f"<td>{html.escape(str(c))}</td>" for c in row) + "</tr>" for row in rows
    )
    return f"<html><head><style>td {{color: red}}</style></head><body><table border=1>{cells}</table></body></html>"


def elements(rows: Rows) -> str:
    """The rows below the first as an array of objects."""
    return json.dumps([dict(zip(map(str, rows[0]), row, strict=True)) for row in rows[1:]])


def put(folder: Path, content: bytes | str) -> Path:
    path = folder / "berkas"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def read(
    folder: Path,
    content: bytes | str,
    kind: str = "system_inventory",
    limits: TableLimits = SMALL,
    **options: Any,
) -> tuple[TableFile, list[dict[str, Any]]]:
    """A file as read, and its landed rows: known columns by name, `row` their number, `fault` and `surplus`."""
    table = tables.read_table(put(folder, content), kind, limits, folder / "scratch", **options)
    con = duckdb.connect()
    tables.land_table(con, table)
    assert not any((folder / "scratch").iterdir())
    landed = con.execute("select * from landed order by rowid").fetchall()
    assert len(landed) == table.rows
    return table, [
        {"row": number}
        | ({"fault": fault} if fault else {})
        | ({"surplus": surplus} if surplus else {})
        | {name: cell for name, cell in zip(table.columns, cells, strict=True) if name and cell is not None}
        for number, surplus, fault, *cells in landed
    ]


def left_out(table: TableFile) -> dict[str, int]:
    """Code ► how many, without blank rows."""
    found: dict[str, int] = {}
    for item in table.left_out:
        if item.code != "blank":
            found[item.code] = found.get(item.code, 0) + item.count
    return found


def accounted(table: TableFile) -> int:
    """Rows of the file that are landed, headers, or told as left out."""
    rows = {k: n for k, n in left_out(table).items() if k not in ("column", "envelope")}
    return table.rows + table.header_rows + sum(rows.values())


def filled(rows: Rows) -> int:
    return sum(1 for row in rows if any(str(c).strip() for c in row if c is not None))

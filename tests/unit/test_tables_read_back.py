"""Whatever rows stand in a file, in whatever form, order and company: they are read back as they were written."""

# ruff: noqa: E501
import io
import json
import tempfile
from pathlib import Path
from typing import Any

import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from table_files import accounted, csv_text, filled, left_out, read

from expectations.contract import load_contract

TITLES = {
    c.name: c.title for c in load_contract("system_inventory").columns if c.name not in ("opd_code", "note")
}
OPTIONAL = sorted(set(TITLES) - {"opd_name", "system_name"})
WORDS = st.text("abcé–“ ,;|'\"\n\t/=@<&1", min_size=1, max_size=12).map(lambda t: f"v{t}v")
CELLS = st.one_of(st.just(""), WORDS)
TOPS = st.lists(st.sampled_from(["DAFTAR APLIKASI", "Tahun 2025", "Kabupaten Contoh"]), max_size=3)
ENDS = st.lists(
    st.sampled_from(["Catatan: data sementara", "Lubuk Pakam, 3 Maret 2026", "NIP. 19700101 199003 1 001"]),
    max_size=3,
)


@st.composite
def documents(draw: st.DrawFn) -> tuple[list[list[str]], list[dict[str, Any]]]:
    """Physical rows of a sheet, and the rows among them that are data, by column with their row number."""
    names = [
        "opd_name",
        "system_name",
        *draw(st.lists(st.sampled_from(OPTIONAL), unique=True, min_size=2, max_size=6)),
    ]
    sheet = [[title] for title in draw(TOPS)]
    expected = []
    for _ in range(draw(st.integers(1, 3))):
        order = draw(st.permutations(names))
        sheet += [[]] * draw(st.integers(0, 1))
        sheet.append([TITLES[name] for name in order])
        for _ in range(draw(st.integers(1, 4))):
            cells = {n: draw(WORDS if n in ("opd_name", "system_name") else CELLS) for n in names}
            sheet += [[]] * draw(st.integers(0, 1))
            sheet.append([cells[name] for name in order])
            expected.append({"row": len(sheet), **{n: c for n, c in cells.items() if c}})
    sheet += [[]] * draw(st.integers(0, 1))
    sheet += [["", end] for end in draw(ENDS)]
    return sheet, expected


def workbook(rows: list[list[str]]) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for r, row in enumerate(rows):
            for c, cell in enumerate(row):
                if cell:
                    sheet.write_string(r, c, cell)
    return buffer.getvalue()


def lines_before(rows: list[list[str]]) -> list[int]:
    """Line on which each row of a CSV starts."""
    found, line = [], 1
    for row in rows:
        found.append(line)
        line += csv_text([row]).count("\n")
    return found


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents())
def test_rows_are_read_back_and_every_other_row_is_told(
    document: tuple[list[list[str]], list[dict[str, Any]]],
) -> None:
    rows, expected = document
    with tempfile.TemporaryDirectory() as folder:
        table, landed = read(Path(folder), workbook(rows))
        assert landed == expected
        assert accounted(table) == filled(rows)
        for separator in ",;":
            table, landed = read(Path(folder), csv_text(rows, separator))
            starts = lines_before(rows)
            assert landed == [e | {"row": starts[e["row"] - 1]} for e in expected]
            assert accounted(table) == filled(rows)
        objects = [{TITLES[n]: c for n, c in e.items() if n != "row"} for e in expected]
        table, landed = read(Path(folder), json.dumps(objects))
        assert landed == [e | {"row": i} for i, e in enumerate(expected, 1)]
        assert not left_out(table)

"""Files that stop, starve or fool a reader: each costs its own fate, and the next file is read as always."""

# ruff: noqa: E501  a case is a line
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from table_files import SMALL, csv_text, ods, put, read, replaced, xlsx, zipped

from sources import tables
from sources.errors import FileRejected
from sources.tables import process

HEAD = ["Nama OPD", "Nama Aplikasi", "Alamat URL"]
ROW = ["Dinas A", "App", "a.go.id"]
GOOD = csv_text([HEAD, ROW])
SHEET = "xl/worksheets/sheet1.xml"
BOOK = xlsx({"Data": [HEAD, ROW]})
LANDED = [{"row": 2, "opd_name": "Dinas A", "system_name": "App", "url": "a.go.id"}]


def with_cell(reference: str, row: str) -> bytes:
    """A workbook with one more cell, somewhere."""
    cell = f'<row r="{row}"><c r="{reference}" t="inlineStr"><is><t>x</t></is></c></row></sheetData>'
    return replaced(BOOK, SHEET, "</sheetData>", cell)


def many_long_strings() -> bytes:
    """A small workbook whose cells all show one long text."""
    with_strings = replaced(BOOK, "xl/sharedStrings.xml", "Nama OPD", "Nama OPD")
    rows = "".join(
        f'<row r="{r}">' + "".join(f'<c r="{c}{r}" t="s"><v>3</v></c>' for c in "ABCDEFGHIJ") + "</row>"
        for r in range(3, 20_000)
    )
    with_strings = replaced(with_strings, "xl/sharedStrings.xml", "Dinas A", "x" * 30_000)
    return replaced(with_strings, SHEET, "</sheetData>", rows + "</sheetData>")


@pytest.mark.parametrize(
    ("name", "make", "code"),
    [
        ("far cell", lambda: with_cell("XFD1048576", "1048576"), "too_large"),
        ("many long strings", many_long_strings, "too_large"),
        ("empty sheet", lambda: xlsx({"Kosong": [], "Juga": []}), "empty"),
        ("only hidden", lambda: xlsx({"A": [], "B": [HEAD, ROW]}, hidden=["B"]), "empty"),
        ("password of ODS", lambda: ods([HEAD], '<manifest:encryption-data manifest:checksum=""/>'), "encrypted"),
        ("password of XLSX", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "encrypted"),
        ("macro of XLS", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "_VBA_PROJECT".encode("utf-16-le"), "macro"),
        ("macro of ODS", lambda: zipped({"content.xml": "x", "Basic/Standard/Module1.xml": "x"}), "macro"),
        ("macro of XLSM", lambda: zipped({"xl/workbook.xml": "x", "xl/vbaProject.bin": "x"}), "macro"),
        ("zip of files", lambda: zipped({"a.csv": GOOD}), "unreadable"),
        ("text document", lambda: zipped({"word/document.xml": "x"}), "unreadable"),
        ("cut workbook", lambda: BOOK[: len(BOOK) // 2], "unreadable"),
        ("broken part", lambda: replaced(BOOK, SHEET, "</sheetData>", "<"), "unreadable"),
        ("XML named .xls", lambda: '<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>', "unreadable"),
        ("web page without table", lambda: "<html><body>Masuk dahulu</body></html>", "unreadable"),
        ("saved web page", lambda: "MIME-Version: 1.0\nContent-Type: multipart/related\n\n<table>", "unreadable"),
        ("zeros", lambda: b"\0" * 5000, "empty"),
        ("commas alone", lambda: ",,,\n, ,\n", "empty"),
        ("semicolons alone", lambda: ";;\r\n;;\r\n", "empty"),
        ("quotes alone", lambda: '"","",""\n', "empty"),
        ("book without cells", lambda: xlsx({"A": [], "B": []}), "empty"),
        ("book of blanks", lambda: xlsx({"A": [[" "], [], ["", "  "]], "B": []}), "empty"),
        ("ODS without cells", lambda: ods([["", ""]]), "empty"),
        ("one long line", lambda: "x" * 20_000_000, "wrong_header"),
        ("a million headings", lambda: ",".join(["judul"] * 1_000_000), "too_large"),
    ],
    ids=lambda value: value if isinstance(value, str) and " " in value else "",
)  # fmt: skip
def test_a_file_that_is_no_table_says_what_it_is(
    name: str, make: Callable[[], bytes | str], code: str, tmp_path: Path
) -> None:
    began = time.monotonic()
    with pytest.raises(FileRejected) as refused:
        read(tmp_path, make())
    assert refused.value.code == code, refused.value.message
    assert time.monotonic() - began < 30
    assert not any((tmp_path / "scratch").iterdir())
    assert read(tmp_path, GOOD)[1] == LANDED


def test_a_cell_that_is_far_but_can_be_reached_loads(tmp_path: Path) -> None:
    for reference, row in (("XFD3", "3"), ("B1048576", "1048576")):
        table, landed = read(tmp_path, with_cell(reference, row))
        assert landed[:1] == LANDED
        assert table.rows + sum(f.count for f in table.left_out if f.code != "blank") == 2


def test_formulas_without_result_and_errors_are_words(tmp_path: Path) -> None:
    rows = [
        HEAD,
        ["Dinas A", "App 1", "=A1"],
        ["Dinas B", "App 2", "=A1"],
        ["Dinas C", "App 3", "=A1"],
        ["D", "App 4", "=A1"],
    ]
    book = xlsx({"Data": rows})
    for row, old, new in (
        (2, "<v>0</v>", ""),
        (3, "<v>0</v>", "<v></v>"),
        (4, "<v>0</v>", "<v>#REF!</v>"),
        (5, "<v>0</v>", "<v></v>"),
    ):
        kind = {4: ' t="e"', 5: ' t="str"'}.get(row, "")
        book = replaced(book, SHEET, f'<c r="C{row}"><f>A1</f>{old}', f'<c r="C{row}"{kind}><f>A1</f>{new}')
    _, landed = read(tmp_path, book)
    assert [r.get("url") for r in landed] == ["#KOSONG!", "#KOSONG!", "#REF!", None]


# The process that reads


def test_time_is_limited(tmp_path: Path) -> None:
    slow = "".join(f"Dinas {i},App {i},a{i}.go.id\n" for i in range(400_000))
    limits = replace(SMALL, max_seconds=0.3, max_rows=1_000_000)
    with pytest.raises(FileRejected) as refused:
        read(tmp_path, csv_text([HEAD]) + slow, limits=limits)
    assert refused.value.code == "too_slow"
    assert read(tmp_path, GOOD)[1] == LANDED


def test_memory_is_limited(tmp_path: Path) -> None:
    text = '{"data": [' + ",".join(['{"nama_opd": "A", "system_name": "S"}'] * 300_000) + "]}"
    with pytest.raises(FileRejected) as refused:
        read(tmp_path, text, limits=replace(SMALL, max_memory=150_000_000, max_rows=1_000_000))
    assert refused.value.code == "too_large"
    assert read(tmp_path, GOOD)[1] == LANDED


def test_a_fault_of_the_reader_is_that_file_s(tmp_path: Path) -> None:
    with pytest.raises(FileRejected) as refused:
        tables.read_table(tmp_path / "tidak ada", "system_inventory", SMALL, tmp_path / "scratch")
    assert refused.value.code == "internal"
    assert "FileNotFoundError" in (refused.value.details or "")
    assert "FileNotFoundError" not in refused.value.message
    assert read(tmp_path, GOOD)[1] == LANDED


def test_a_full_disk_is_not_the_file_s_fault(tmp_path: Path) -> None:
    """What can not be written is the home's; the file may be read once there is room."""
    many = csv_text([HEAD]) + "".join(f"Dinas {i},App {i},a{i}.go.id\n" for i in range(20_000))
    process.end_child()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    (tmp_path / "f").write_text(many)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            tables.read_table(tmp_path / "f", "system_inventory", SMALL, tmp_path / "scratch")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        process.end_child()
    assert not any((tmp_path / "scratch").iterdir())
    assert read(tmp_path, many)[0].rows == 20_000


def test_one_process_reads_all_files_until_it_dies(tmp_path: Path) -> None:
    """It reads on however large the process is that asks."""
    process.end_child()
    large = b"x" * 800_000_000
    read(tmp_path, GOOD)
    del large
    child = process._children[os.getpid()].process
    read(tmp_path, BOOK)
    assert process._children[os.getpid()].process is child
    child.send_signal(signal.SIGINT)
    assert read(tmp_path, GOOD)[1] == LANDED
    assert process._children[os.getpid()].process is child
    child.kill()
    child.wait()
    assert read(tmp_path, GOOD)[1] == LANDED


def test_the_process_ends_with_its_parent(tmp_path: Path) -> None:
    """A killed run leaves nobody behind who reads on."""
    path = put(tmp_path, csv_text([HEAD]) + "Dinas A,App,a.go.id\n" * 1_500_000)
    code = (
        "import sys, threading, pathlib\n"
        "from sources import tables\nfrom sources.tables import process\n"
        "limits = tables.TableLimits(max_rows=10_000_000)\n"
        "scratch = pathlib.Path(sys.argv[1]).with_name('scratch')\n"
        "asked = threading.Thread(target=tables.read_table, args=(pathlib.Path(sys.argv[1]), "
        "'system_inventory', limits, scratch), daemon=True)\n"
        "asked.start()\n"
        "while not process._children: pass\n"
        "print(*[c.process.pid for c in process._children.values()], flush=True)\n"
        "asked.join()\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code, str(path)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(tables.__file__).parents[2])},
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    time.sleep(1)
    parent.kill()
    parent.wait()
    for _ in range(100):
        if not Path(f"/proc/{pid}/stat").exists():
            return
        time.sleep(0.1)
    os.kill(pid, signal.SIGKILL)
    pytest.fail("the reading process is still there")

"""The Excel template: filled in as its lists and notes say, it loads without change."""

import datetime as dt
import os
import re
import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

import duckdb
import pytest
import xlsxwriter
from python_calamine import CalamineWorkbook

from expectations.contract import Contract, load_contract
from expectations.references import list_entries
from expectations.template import CODE_SHEET, DATA_SHEET, write_template
from orchestration import intake
from orchestration.cli.common import Failure
from orchestration.cli.template import template
from orchestration.settings import Settings
from sources.kinds import InboxFile
from sources.tables.workbook import declared_version

# A tree of one row and its scores are files of a user's own; their example rows name each other's.
KINDS = [k for k in intake.table_kinds() if k not in ("rulebook", "scores", "overlap_decision")]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("SPBE_HOME", str(tmp_path / "home"))
    made = Settings(home=tmp_path / "home")
    made.prepare_home()
    return made


@pytest.fixture
def con(settings: Settings) -> duckdb.DuckDBPyConnection:
    """A connection with the published lists, as `spbe template` and `spbe check` have it."""
    con = duckdb.connect()
    intake.prepare_check(con, settings)
    con.execute(
        "insert into reference.opd_register select '12.07', code, name, null, true "
        "from (values ('12.07-DINKES', 'Dinas Kesehatan'), ('12.07-DINSOS', 'Dinas Sosial')) v (code, name)"
    )
    return con


def fill(path: Path, cells: list[str]) -> None:
    """Type a second row into the first sheet of a workbook, as text."""
    column = xlsxwriter.utility.xl_col_to_name
    with zipfile.ZipFile(path) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    row = "".join(
        f'<c r="{column(i)}2" t="inlineStr"><is><t>{escape(cell)}</t></is></c>'
        for i, cell in enumerate(cells)
        if cell
    )
    name = "xl/worksheets/sheet1.xml"
    sheet = parts[name].decode()
    parts[name] = sheet.replace("</sheetData>", f'<row r="2">{row}</row></sheetData>').encode()
    with zipfile.ZipFile(path, "w") as book:
        for name, content in parts.items():
            book.writestr(name, content)


def choices(path: Path, contract: Contract) -> dict[str, list[str]]:
    """Column name to the entries of its drop-down."""
    rows = (
        CalamineWorkbook.from_path(str(path)).get_sheet_by_name(CODE_SHEET).to_python(skip_empty_area=False)
    )
    return {
        str(column[0]): [str(cell) for cell in column[1:] if cell != ""]
        for column in zip(*rows, strict=True)
        if column[0] in {c.name for c in contract.columns}
    }


@pytest.mark.parametrize("kind", KINDS)
def test_a_filled_template_loads_without_change(
    kind: str, tmp_path: Path, settings: Settings, con: duckdb.DuckDBPyConnection
) -> None:
    """Examples typed into their columns, and in a column with a drop-down its first entry."""
    contract = load_contract(kind)
    path = tmp_path / f"{kind}.xlsx"
    lists = {c.name: list_entries(con, c, "12.07") for c in contract.columns if c.reference}
    write_template(path, contract, lists)
    offered = choices(path, contract)
    # The first code is the one that asks least of other columns, save that an exchange needs two sides.
    typed = {c.name: offered.get(c.name, [c.example or ""])[0] for c in contract.columns}
    for name in ("consumer_opd_code", "node_id", "rulebook_id", "status", "channel"):
        if name in typed:
            typed[name] = contract.column(name).example or ""
    fill(path, list(typed.values()))
    stat = path.stat()
    file = InboxFile(path, path.name, kind, None, "12.07", None, stat.st_size, stat.st_mtime_ns)
    verdict, broken = intake.check_file(con, settings, file)
    record = verdict.record
    assert (record.rows_received, record.rows_loaded) == (1, 1), broken
    assert [b for b in broken if not b[1].endswith((".reference", ".web_has_url"))] == []


def test_it_offers_what_the_contract_admits(tmp_path: Path, con: duckdb.DuckDBPyConnection) -> None:
    """Codes in Indonesian where they have a spelling, the instansi's own lists, codes with their names."""
    contract = load_contract("system_inventory")
    path = tmp_path / "t.xlsx"
    write_template(
        path, contract, {c.name: list_entries(con, c, "12.07") for c in contract.columns if c.reference}
    )
    offered = choices(path, contract)
    assert offered["status"] == ["Aktif", "Tidak Aktif", "Direncanakan", "Sedang Dibangun", "Dihentikan"]
    assert offered["has_api"] == ["Ya", "Tidak"]
    assert offered["opd_code"] == ["12.07-DINKES", "12.07-DINSOS"]
    assert "RAL.01.01.01 Strategi Pertahanan" in offered["function_code"]
    assert "system_name" not in offered


def test_head_and_codes_can_not_be_changed(tmp_path: Path) -> None:
    """The header is locked, cells are not; the code sheet is hidden; the contract's version is named."""
    contract = load_contract("usage")
    path = tmp_path / "t.xlsx"
    write_template(path, contract, {})
    with zipfile.ZipFile(path) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        workbook = book.read("xl/workbook.xml").decode()
        notes = book.read("xl/comments1.xml").decode()
    assert "<sheetProtection" in sheet
    assert re.search(r'<definedName name="kontrak">"usage@2\.0\.0"</definedName>', workbook)
    assert re.search(rf'name="{CODE_SHEET}"[^>]*state="hidden"', workbook)
    assert all(escape(c.description) in notes for c in contract.columns)
    assert CalamineWorkbook.from_path(str(path)).sheet_names[0] == DATA_SHEET


def test_the_same_contract_gives_the_same_file(tmp_path: Path) -> None:
    """A template can be compared with the one that was sent out."""
    contract = load_contract("usage")
    for name in ("a.xlsx", "b.xlsx"):
        write_template(tmp_path / name, contract, {})
        os.utime(tmp_path / name, (0, dt.datetime.now(dt.UTC).timestamp()))
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


def test_the_command_writes_a_template_or_says_what_is_wrong(tmp_path: Path, settings: Settings) -> None:
    template("vendor_contract", tmp_path / "kontrak.xlsx")
    assert declared_version(tmp_path / "kontrak.xlsx") == ("vendor_contract", "2.0.0")
    with pytest.raises(Failure, match="mungkin maksudnya vendor_contract") as raised:
        template("vendor_contracts", tmp_path / "b.xlsx")
    assert raised.value.exit_code == 2
    with pytest.raises(Failure, match="in a folder that exists"):
        template("usage", tmp_path / "b.csv")


def test_only_a_workbook_of_ours_names_its_contract(tmp_path: Path) -> None:
    """Neither a CSV nor a foreign archive or workbook is taken for one."""
    (tmp_path / "a.csv").write_text("x", encoding="utf-8")
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as book:
        book.writestr("x.txt", "kontrak")
    with xlsxwriter.Workbook(str(tmp_path / "c.xlsx")) as other:
        other.add_worksheet()
    write_template(tmp_path / "d.xlsx", load_contract("usage"), {})
    whole = (tmp_path / "d.xlsx").read_bytes()
    (tmp_path / "d.xlsx").write_bytes(whole[:200] + b"?" * 800 + whole[1000:])
    (tmp_path / "e.xlsx").write_bytes(whole[: len(whole) // 2])
    found = [declared_version(tmp_path / name) for name in ("a.csv", "b.zip", "c.xlsx", "e.xlsx")]
    assert found == [None] * 4
    assert declared_version(tmp_path / "d.xlsx") in (None, ("usage", "2.0.0"))

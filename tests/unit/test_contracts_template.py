"""The Excel template: filled in as its lists and notes say, it loads without change."""

import csv
import datetime as dt
import os
import re
import zipfile
from pathlib import Path
from xml.sax.saxutils import escape, unescape

import duckdb
import pytest
import xlsxwriter
from python_calamine import CalamineWorkbook

from expectations.contract import Contract, code_labels, kinds, load_contract
from expectations.references import list_entries
from expectations.template import CODE_SHEET, DATA_SHEET, HELP_SHEET, example_text, write_template
from exports.prefill import prefilled_rows
from orchestration import intake
from orchestration.cli.common import Failure
from orchestration.cli.template import template
from orchestration.settings import Settings
from sources.errors import FileRejected
from sources.kinds import InboxFile
from sources.tables.workbook import declared_version

# A tree of one row and its scores are files of a user's own; their example rows name each other's.
KINDS = [k for k in intake.table_kinds() if k not in ("rulebook", "scores", "overlap_decision")]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("template") / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPBE_HOME", str(folder))
        made = Settings(home=folder)
        made.prepare_home()
    return made


@pytest.fixture(scope="module")
def con(settings: Settings) -> duckdb.DuckDBPyConnection:
    """A connection with the published lists, as `spbe template` and `spbe check` have it."""
    con = duckdb.connect()
    intake.prepare_check(con, settings)
    con.execute(
        "insert into reference.opd_register select '12.07', code, name, null, true "
        "from (values ('12.07-DINKES', 'Dinas Kesehatan'), ('12.07-DINSOS', 'Dinas Sosial')) v (code, name)"
    )
    con.execute(
        "insert into reference.system_inventory values ('12.07', 'DAA-001', 'Simpeg, versi - 2', null)"
    )
    return con


def lists_of(
    con: duckdb.DuckDBPyConnection, contract: Contract, year: int = 2026
) -> dict[str, list[tuple[str, str | None]]]:
    """Column name to the entries of its list, as `spbe template` asks for them."""
    return {c.name: list_entries(con, c, "12.07", year) for c in contract.columns if c.reference}


def texts(path: Path) -> str:
    """All that a person can see of a workbook: cells, notes, prompts, alerts, headers."""
    with zipfile.ZipFile(path) as book:
        parts = [book.read(n).decode() for n in book.namelist() if re.search(r"sheet\d|comments|shared", n)]
    return unescape(" ".join(re.sub(r"<formula\d>.*?</formula\d>|r:id=\S+", " ", part) for part in parts))


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
    lists = lists_of(con, contract)
    write_template(path, contract, lists, "12.07")
    offered = choices(path, contract)
    # The first code is the one that asks least of other columns, save that an exchange needs two sides.
    own = {c.name: example_text(c, lists.get(c.name, ()), "12.07") for c in contract.columns}
    typed = {name: offered.get(name, [example])[0] for name, example in own.items()}
    for name in ("consumer_opd_code", "status", "channel"):
        if name in typed:
            typed[name] = contract.column(name).example_of("12.07")
    if kind == "evidence_document":
        typed["rulebook_id"] = contract.column("rulebook_id").example or ""
    fill(path, list(typed.values()))
    stat = path.stat()
    file = InboxFile(path, path.name, kind, None, "12.07", None, stat.st_size, stat.st_mtime_ns)
    verdict, broken = intake.check_file(con, settings, file)
    record = verdict.record
    assert (record.rows_received, record.rows_loaded) == (1, 1), broken
    assert [b for b in broken if not b[1].endswith((".reference", ".web_has_url"))] == []


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_a_drop_down_offers_loads_and_so_does_its_code(
    kind: str, tmp_path: Path, settings: Settings, con: duckdb.DuckDBPyConnection
) -> None:
    """Every entry of every list, every code, and both its labels break no rule of their column."""
    contract = load_contract(kind)
    path = tmp_path / "t.xlsx"
    write_template(path, contract, lists_of(con, contract), "12.07")
    offered = choices(path, contract)
    for column in contract.columns:
        labels = code_labels(kind, column.name)
        offered.setdefault(column.name, [])
        offered[column.name] += [*column.codes, *(label.label_en for label in labels.values())]
    cells = {name: entries for name, entries in offered.items() if entries}
    rows = max(map(len, cells.values()), default=0)
    with (tmp_path / "t.csv").open("w", encoding="utf-8", newline="") as f:
        writer = csv.writer(f)
        writer.writerow(contract.column(name).title for name in cells)
        writer.writerows([entries[i % len(entries)] for entries in cells.values()] for i in range(rows))
    if not rows:
        return
    stat = (tmp_path / "t.csv").stat()
    file = InboxFile(tmp_path / "t.csv", "t.csv", kind, None, "12.07", "2026", stat.st_size, stat.st_mtime_ns)
    try:
        _, broken = intake.check_file(con, settings, file)
    except FileRejected as problem:
        assert problem.code == "wrong_header", problem
        return
    faults = {name: [b for b in broken if b.rule.startswith(f"{kind}.{name}.")] for name in cells}
    assert {name: found[:3] for name, found in faults.items() if found} == {}


def test_it_offers_what_the_contract_admits(tmp_path: Path, con: duckdb.DuckDBPyConnection) -> None:
    """Labels for codes, the instansi's own lists as code and name; the regulation's indicators alone."""
    contract = load_contract("system_inventory")
    path = tmp_path / "t.xlsx"
    write_template(path, contract, lists_of(con, contract))
    offered = choices(path, contract)
    assert offered["status"] == ["Aktif", "Tidak Aktif", "Direncanakan", "Sedang Dibangun", "Dihentikan"]
    assert offered["has_api"] == ["Ya", "Tidak"]
    assert offered["opd_code"] == ["12.07-DINKES - Dinas Kesehatan", "12.07-DINSOS - Dinas Sosial"]
    assert offered["opd_name"] == ["Dinas Kesehatan", "Dinas Sosial"]
    assert "RAL.01.01.01 - Strategi Pertahanan" in offered["function_code"]
    assert "system_name" not in offered
    write_template(path, load_contract("usage"), lists_of(con, load_contract("usage")))
    assert choices(path, load_contract("usage"))["system_code"] == ["DAA-001 - Simpeg, versi - 2"]


@pytest.mark.parametrize(("year", "indicators"), [(2025, 47), (2026, 20)])
def test_an_assessment_has_its_indicators_already(
    year: int, indicators: int, tmp_path: Path, settings: Settings, con: duckdb.DuckDBPyConnection
) -> None:
    """One row each with its name, of the regulation in force; as it stands it loads without a warning."""
    contract = load_contract("self_assessment")
    lists = lists_of(con, contract, year)
    rows = prefilled_rows(contract, lists, tmp_path / "none", "12.07", "12.07-DINKES", year)
    assert len(rows) == len(lists["node_id"]) == indicators
    path = tmp_path / "t.xlsx"
    write_template(path, contract, lists, "12.07", rows)
    assert not re.search(r"interop|\bp(59|8)\.", texts(path))
    stat = path.stat()
    file = InboxFile(path, path.name, "self_assessment", None, "12.07", None, stat.st_size, stat.st_mtime_ns)
    verdict, broken = intake.check_file(con, settings, file)
    assert (verdict.record.rows_loaded, broken) == (indicators, [])
    assert con.execute("select count(distinct node_id) from judged").fetchone() == (indicators,)


@pytest.mark.parametrize("kind", kinds())
def test_it_says_labels_and_no_code_everywhere(
    kind: str, tmp_path: Path, con: duckdb.DuckDBPyConnection
) -> None:
    """Cells, notes, prompts and instructions; nor a code of another instansi or of the fictional one."""
    contract = load_contract(kind)
    path = tmp_path / "t.xlsx"
    write_template(path, contract, lists_of(con, contract), "12.07")
    # The hidden head of each list names its column; what an OPD owes is written in codes by the coordinator.
    known = {c.name for c in contract.columns} | {"system_inventory", "service_log"}
    seen = texts(path)
    ids = set(re.findall(r"(?<![\w/.-])[a-z]+(?:_[a-z]+)+(?![\w/.-])", seen)) - known
    assert ids == set()
    assert "99.99" not in seen
    words = set(re.findall(r"[\w-]+", " ".join(c.description for c in contract.columns)))
    for column in contract.columns:
        labels = {word for label in column.labels for word in re.findall(r"[\w-]+", label)}
        said = {label.lower() for label in column.labels}
        english = {c for c in column.codes if c.lower() not in said} - labels
        assert not english & words, column.name


def test_it_prints_across_with_its_header_on_every_page(tmp_path: Path) -> None:
    """Both sheets fit the width that they are told; no instruction runs over its neighbour."""
    path = tmp_path / "t.xlsx"
    write_template(path, load_contract("system_inventory"), {})
    with zipfile.ZipFile(path) as book:
        sheets = [book.read(f"xl/worksheets/sheet{i}.xml").decode() for i in (1, 2)]
        names = book.read("xl/workbook.xml").decode()
    for sheet in sheets:
        assert re.search(r"<pageSetup[^>]*orientation=.landscape.[^>]*", sheet)
        assert "fitToPage" in sheet
        assert 'fitToHeight="0"' in sheet
    assert "fitToWidth" not in sheets[1], "one page wide"
    assert f"{DATA_SHEET}!$1:$1" in names
    assert re.search(rf"{HELP_SHEET}!\$\d+:\$\d+", names)
    assert sheets[1].count("<mergeCell ") > 5


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
    assert re.search(r'<definedName name="kontrak">"usage@2\.0\.1"</definedName>', workbook)
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


def test_the_command_writes_a_template_or_says_what_is_wrong(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPBE_HOME", str(settings.home))
    template("vendor_contract", tmp_path / "kontrak.xlsx")
    assert declared_version(tmp_path / "kontrak.xlsx") == ("vendor_contract", "2.0.1")
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
    assert declared_version(tmp_path / "d.xlsx") in (None, ("usage", "2.0.1"))

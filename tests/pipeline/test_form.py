"""The form that the evaluation asks for: what stands in it, and that it loads as it is when it comes back."""

import csv
import datetime as dt
import os
import re
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from python_calamine import CalamineWorkbook

from expectations.contract import header_aliases, header_choices
from exports.database import open_published
from exports.form import DRAFT, FIELDS, KIND, write_forms
from exports.publish import publish_database
from orchestration import intake
from orchestration.dbt import run_dbt
from orchestration.settings import Settings
from orchestration.warehouse import open_warehouse
from sources.ledger import FileRecord

DAY = dt.date(2026, 11, 28)
SPBE, PEMDI = "permenpanrb-59-2020", "permenpanrb-8-2026"
INBOX = "self_assessment/99.99/2026"
# Counted by hand on `assessment` of generate_example.py: the final level, and one or two more; 31 unanswered.
DECLARED = "433433333352444434352441232431-3224334334554533"
Row = dict[str, str]


@pytest.fixture(autouse=True)
def _own_variables() -> Iterator[None]:
    """A home sets variables for the tools it runs; here they end with the test."""
    before = dict(os.environ)
    for name in [name for name in os.environ if name.startswith("SPBE_")]:
        del os.environ[name]
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="module")
def forms(example_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the forms of the example."""
    folder = tmp_path_factory.mktemp("forms")
    with open_published(example_home / "published" / "spbe.duckdb") as connection:
        write_forms(connection, folder, "99.99", "2026", DAY)
    return folder


def sheet(path: Path, name: str = "Isian") -> list[list[Any]]:
    return CalamineWorkbook.from_path(str(path)).get_sheet_by_name(name).to_python()


def rows(folder: Path, rulebook: str) -> dict[int, Row]:
    """The rows of a CSV by the number of the indicator."""
    with (folder / f"formulir_{rulebook}.csv").open(encoding="utf-8", newline="") as f:
        return {int(row["No"]): row for row in csv.DictReader(f)}


def part(path: Path, name: str) -> str:
    with zipfile.ZipFile(path) as book:
        return book.read(name).decode()


class Copy:
    """A copy of the example home; files are put into its inbox, received, and its marts published again."""

    def __init__(self, example: Path, path: Path) -> None:
        path.mkdir()
        for name in ("warehouse.duckdb", "warehouse.duckdb.wal"):
            if (example / name).exists():
                shutil.copyfile(example / name, path / name)
        shutil.copytree(example / "keys", path / "keys")
        self.settings = Settings(home=path)
        self.settings.prepare_home()

    def send(self, content: bytes, name: str) -> tuple[list[FileRecord], list[tuple[Any, ...]], list[Any]]:
        """Receive one file; give its record, what was left out of it, and the warnings on its rows."""
        path = self.settings.inbox / INBOX / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        (path.parent / f"{name}.meta.toml").write_text('opd_code = "99.99-DISKOMINFO"\n')
        with open_warehouse(self.settings.warehouse) as con:
            intake.prepare_warehouse(con, self.settings)
            records = list(intake.receive(con, self.settings, self.settings.inbox, KIND))
            left_out = con.execute("select * from intake.left_out where file_name like ?", [f"%{name}"])
            return records, left_out.fetchall(), self._warnings(con, name)

    def _warnings(self, con: duckdb.DuckDBPyConnection, name: str) -> list[Any]:
        return con.execute(
            "select row_number, rule from raw.row_warnings where file_name like ?", [f"%{name}"]
        ).fetchall()

    def form(self, folder: Path) -> dict[int, Row]:
        """Build what the form reads anew, publish it, write the form; give the rows of 59/2020."""
        os.environ["SPBE_WAREHOUSE"] = str(self.settings.warehouse)
        models = ["stg_self_assessment__levels", "int_evidence__leveled", "fct_evidence_levels"]
        done = run_dbt(self.settings, ["run", "--select", *models, "fct_evidence_checklist"])
        assert not [result for result in done if not result.passed]
        self.settings.published.parent.mkdir(exist_ok=True)
        publish_database(self.settings.warehouse, self.settings.published, folder / "no-questions")
        with open_published(self.settings.published) as connection:
            write_forms(connection, folder, "99.99", "2026", DAY)
        return rows(folder, SPBE)


def with_cell(book: Path, cell: str, value: int | str) -> bytes:
    """A workbook as it is saved when one cell was typed into: a number, or a text."""
    text = part(book, "xl/worksheets/sheet1.xml")
    typed = f"<v>{value}</v>" if isinstance(value, int) else f"<is><t>{value}</t></is>"
    kind = "" if isinstance(value, int) else ' t="inlineStr"'
    changed, times = re.subn(
        rf'<c r="{cell}" s="(\d+)"[^>]*?(?:/>|>.*?</c>)', rf'<c r="{cell}" s="\1"{kind}>{typed}</c>', text
    )
    assert times == 1
    path = book.with_name("typed.xlsx")
    with zipfile.ZipFile(book) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            new.writestr(name, changed if name == "xl/worksheets/sheet1.xml" else old.read(name))
    return path.read_bytes()


def test_every_indicator_stands_in_the_order_of_the_regulation(forms: Path) -> None:
    found = rows(forms, SPBE)
    assert list(found) == list(range(1, 48))
    assert [row["Kode Indikator"] for row in found.values()] == [f"p59.i{n:02d}" for n in range(1, 48)]
    domains = [row["Domain"] for row in found.values()]
    # Annex I of Permen PANRB 59/2020: 10, 10, 11 and 16 indicators.
    assert [domains.count(name) for name in dict.fromkeys(domains)] == [10, 10, 11, 16]
    assert found[18]["Aspek"] == "Teknologi Informasi dan Komunikasi"
    levels = "".join(row["Tingkat Kematangan"] or "-" for row in found.values())
    assert levels == DECLARED


def test_what_is_missing_is_marked(forms: Path) -> None:
    """17: nothing came; 47: listed and never sent; 24: a draft, declared at level 1; 31: unanswered."""
    found = rows(forms, SPBE)

    def marked(words: str) -> set[int]:
        return {number for number, row in found.items() if words in row["Perlu Dilengkapi"].split("; ")}

    assert marked("tingkat belum dinyatakan") == {31}
    assert marked("tanpa dokumen yang berlaku") == {17, 47}
    assert marked("dinyatakan di atas bukti") == {11, 15, 16, 18, 20, 22, 23, 28, 42, 43, 47}


def test_what_evidence_and_documents_say_stands_beside_the_level(forms: Path) -> None:
    found = rows(forms, SPBE)
    assert found[17]["Tingkat menurut Bukti"] == "belum diketahui"
    assert found[1]["Tingkat menurut Bukti"] == "belum diketahui (dinilai asesor dari dokumen)"
    assert found[43]["Tingkat menurut Bukti"] == "3"
    assert found[43]["Kriteria Tingkat yang Dinyatakan"].startswith(
        "Tingkat 5: Layanan data terbuka ditingkatkan"
    )
    assert found[43]["Kriteria Tingkat Berikutnya"].startswith(
        "Tingkat 4: Layanan data terbuka bertukar data"
    )
    assert (
        found[43]["Kekurangan Tingkat Berikutnya"]
        == "dokumentasi integrasi atau repositori API untuk tingkat 4"
    )
    assert found[43]["Dokumen dan Status"].splitlines() == [
        "DD-43-1 Dokumen fitur indikator 43 (berlaku)",
        "DD-43-2 Dokumen integrasi indikator 43 (kedaluwarsa)",
    ]
    assert found[24]["Dokumen dan Status"] == "DD-24-1 Dokumen rencana indikator 24 (rancangan)"
    assert found[47]["Dokumen dan Status"] == "DD-47-1 Dokumen fitur indikator 47 (berkasnya belum diterima)"
    # What the sender named stays as named; top of the ladder, nothing follows.
    assert found[43]["Data Dukung"] == "DD-43-1; DD-43-2"
    assert (found[45]["Kriteria Tingkat Berikutnya"], found[45]["Kekurangan Tingkat Berikutnya"]) == ("", "")
    # The example's sender explains nothing.
    assert all(row["Penjelasan"].startswith(DRAFT) for row in found.values())
    assert found[18]["OPD Penanggung Jawab"] == "99.99-DISKOMINFO"
    assert found[18]["Tanggal Penilaian"] == "2026-06-30"


def test_pemdi_takes_decimals_by_its_bands(forms: Path) -> None:
    found = rows(forms, PEMDI)
    assert [row["Kode Indikator"] for row in found.values()] == [f"p8.i{n:02d}" for n in range(1, 21)]
    # The regulation has no domains, and nobody declared a value.
    assert {row["Domain"] for row in found.values()} == {""}
    assert {row["Perlu Dilengkapi"] for row in found.values()} == {"tingkat belum dinyatakan"}
    assert len({row["Aspek"] for row in found.values()}) == 7
    cells = part(forms / f"formulir_{PEMDI}.xlsx", "xl/worksheets/sheet1.xml")
    rules = re.findall(r"<dataValidation [^>]*sqref=\"F\d+\"[^>]*>.*?</dataValidation>", cells)
    assert len(rules) == 20
    assert all(
        'type="decimal"' in rule and "<formula1>1<" in rule and "<formula2>5<" in rule for rule in rules
    )
    assert "Tingkat 4: 3,51–4,00" in rules[0]
    # Whole levels are chosen from a list.
    cells = part(forms / f"formulir_{SPBE}.xlsx", "xl/worksheets/sheet1.xml")
    assert cells.count('<formula1>"1,2,3,4,5"</formula1>') == 47


def test_the_workbook_is_made_to_be_worked_in_and_printed(forms: Path) -> None:
    book = forms / f"formulir_{SPBE}.xlsx"
    head, *body = sheet(book)
    assert head == [field.heading for field in FIELDS]
    with (forms / f"formulir_{SPBE}.csv").open(encoding="utf-8", newline="") as f:
        table = list(csv.reader(f))[1:]
    told = [
        [v.isoformat() if isinstance(v, dt.date) else str(int(v)) if isinstance(v, float) else v for v in row]
        for row in body
    ]
    assert told == table
    cells = part(book, "xl/worksheets/sheet1.xml")
    assert 'orientation="landscape"' in cells
    assert 'paperSize="9"' in cells
    assert 'state="frozen"' in cells
    assert "<sheetProtection " in cells
    assert "password" not in cells
    assert "Print_Titles" in part(book, "xl/workbook.xml")
    help_text = " ".join(str(cell) for row in sheet(book, "Petunjuk") for cell in row)
    assert "28 November 2026" in help_text
    assert "rekaan" in help_text
    # All levels of all indicators can be read there.
    assert help_text.lower().count("aturan tentang arsitektur spbe") == 5


def test_every_heading_is_known_to_the_intake() -> None:
    """A heading that it does not know would be told to the sender as a column that was not read."""
    known = {alias.lower() for alias in (*header_aliases(KIND), *header_choices(KIND))}
    assert not [field.heading for field in FIELDS if field.heading.lower() not in known]


def test_the_form_loads_unchanged_and_with_a_level_typed_anew(
    example_home: Path, forms: Path, tmp_path: Path
) -> None:
    home = Copy(example_home, tmp_path / "home")
    book = forms / f"formulir_{SPBE}.xlsx"
    before = rows(forms, SPBE)
    records, left_out, warned = home.send(book.read_bytes(), "formulir.xlsx")
    assert [(r.status, r.rows_loaded, r.rows_quarantined) for r in records] == [("loaded", 47, 0)]
    assert left_out == []
    # Level 2 and above without any document named: what the form marks, too.
    assert [row for row, _ in warned] == [18]
    assert home.form(tmp_path) == before
    # The second indicator is declared one higher, and explained.
    typed = with_cell(book, "F3", 4)
    (forms / "once.xlsx").write_bytes(typed)
    typed = with_cell(forms / "once.xlsx", "G3", "Perbup memuat keselarasan.")
    records, left_out, _ = home.send(typed, "formulir.xlsx")
    assert [(r.status, r.rows_loaded, r.rows_quarantined) for r in records] == [("loaded", 47, 0)]
    assert left_out == []
    after = home.form(tmp_path)
    assert {n for n in after if after[n] != before[n]} == {2}
    assert (after[2]["Tingkat Kematangan"], after[2]["Penjelasan"]) == ("4", "Perbup memuat keselarasan.")
    assert after[2]["Kriteria Tingkat yang Dinyatakan"].startswith("Tingkat 4: ")
    # The CSV of it loads as well, and says the same.
    table = (tmp_path / f"formulir_{SPBE}.csv").read_bytes()
    records, left_out, _ = home.send(table, "formulir.csv")
    assert [(r.status, r.rows_loaded, r.rows_quarantined) for r in records] == [("loaded", 47, 0)]
    assert left_out == []
    assert home.form(tmp_path) == after
    # Pemdi's, with a decimal.
    pemdi = with_cell(forms / f"formulir_{PEMDI}.xlsx", "F2", "2,75")
    records, left_out, warned = home.send(pemdi, "pemdi.xlsx")
    assert [(r.status, r.rows_loaded, r.rows_quarantined) for r in records] == [("loaded", 20, 0)]
    assert left_out == []
    home.form(tmp_path)
    (first, *others) = rows(tmp_path, PEMDI).values()
    assert first["Tingkat Kematangan"] == "2.75"
    assert first["Kriteria Tingkat yang Dinyatakan"].startswith("Tingkat 3: ")
    assert first["Perlu Dilengkapi"] == "tanpa dokumen yang berlaku"
    assert {row["Tingkat Kematangan"] for row in others} == {""}


@pytest.fixture
def small(published_marts: Path, tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A copy of the small published database that a test may change."""
    with duckdb.connect(str(shutil.copyfile(published_marts, tmp_path / "spbe.duckdb"))) as connection:
        yield connection


def test_a_text_that_looks_like_a_formula_stays_a_text(
    small: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    formula = '=HYPERLINK("http://x";"y")'
    small.execute("update fct_documents set document_code = ?, title = ?", [formula, formula])
    small.execute("update fct_evidence_checklist set explanation = ?, evidence_ref = [?]", [formula, formula])
    small.execute("update dim_instansi set instansi_name = ?", [formula])
    for form in write_forms(small, tmp_path, "99.99", "2026", DAY):
        if form.path.suffix == ".xlsx":
            assert "<f>" not in part(form.path, "xl/worksheets/sheet1.xml")
            cells = [
                str(cell) for name in ("Isian", "Petunjuk") for row in sheet(form.path, name) for cell in row
            ]
        else:
            with form.path.open(encoding="utf-8", newline="") as f:
                cells = [cell for row in csv.reader(f) for cell in row]
        assert f"'{formula}" in cells
        assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]


def test_the_same_content_gives_the_same_bytes(small: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    once = write_forms(small, tmp_path / "1", "99.99", "2026", DAY)
    again = write_forms(small, tmp_path / "2", "99.99", "2026", DAY)
    assert [form.path.name for form in once] == [f"formulir_{SPBE}.xlsx", f"formulir_{SPBE}.csv"]
    assert [form.path.read_bytes() for form in once] == [form.path.read_bytes() for form in again]
    other = write_forms(small, tmp_path / "3", "99.99", "2026", dt.date(2026, 11, 29))
    assert other[0].path.read_bytes() != once[0].path.read_bytes()


def test_the_senders_own_explanation_stays_and_a_draft_is_written_anew(
    small: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    for told, shown in (
        ("Dipakai empat OPD.", "Dipakai empat OPD."),
        (f"{DRAFT} Lama.", f"{DRAFT} Bukti mendukung tingkat 2. Dokumen yang berlaku: DD-8 Laporan."),
    ):
        small.execute("update fct_evidence_checklist set explanation = ?", [told])
        write_forms(small, tmp_path, "99.99", "2026", DAY)
        assert rows(tmp_path, SPBE)[18]["Penjelasan"] == shown


def test_a_document_that_is_named_and_not_listed_is_told(
    small: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    small.execute("update fct_evidence_checklist set evidence_ref = ['DD-7', 'X-1']")
    write_forms(small, tmp_path, "99.99", "2026", DAY)
    assert rows(tmp_path, SPBE)[18]["Dokumen dan Status"].splitlines() == [
        "DD-7 Rencana (rancangan, tidak terdaftar untuk indikator ini)",
        "DD-8 Laporan (berlaku)",
        "X-1 (tidak ada pada daftar dokumen)",
    ]


def test_rows_of_others_and_of_other_years_stay_out(small: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    write_forms(small, tmp_path / "before", "99.99", "2026", DAY)
    for table in ("fct_evidence_checklist", "fct_evidence_levels", "fct_documents"):
        for column, value in (("instansi_code", "88.01"), ("period", "2025")):
            small.execute(
                f"insert into {table} by name select * replace ('{value}' as {column}) from {table}"
            )
    write_forms(small, tmp_path / "after", "99.99", "2026", DAY)
    assert rows(tmp_path / "before", SPBE) == rows(tmp_path / "after", SPBE)
    # A month has no form of its own; nobody has one whom the database does not know.
    assert write_forms(small, tmp_path, "99.99", "2026-10", DAY) == []
    with pytest.raises(LookupError, match=r"77\.77"):
        write_forms(small, tmp_path, "77.77", "2026", DAY)

"""Bad rows, the answer about them and the mended rows sent back: real intake, dbt, workbook, browser."""

import datetime as dt
import os
import re
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
import xlsxwriter
from accessibility import page_faults
from python_calamine import CalamineWorkbook

from exports.feedback import (
    PAGE,
    RESEND,
    BrokenRule,
    RefusedFile,
    RefusedRow,
    group_by_rule,
    write_answer,
    write_feedback,
)
from exports.publish import publish_database
from exports.reports.guides import ANSWER, FOLDER
from orchestration import intake
from orchestration.dbt import run_dbt
from orchestration.settings import Settings
from orchestration.warehouse import open_warehouse
from sources.ledger import FileRecord

if TYPE_CHECKING:
    from playwright.sync_api import Browser

DAY = dt.date(2026, 11, 24)
LEVELS = "self_assessment/88.01/2026"
HEADER = "rulebook_id,node_id,stage,level\n"
ROWS = (
    "permenpanrb-59-2020,p59.i01,self,6\n"
    "permenpanrb-59-2020,p59.i02,self,tiga\n"
    "permenpanrb-59-2020,p59.i03,self,1\n"
)


class Home:
    """A home of its own, with its warehouse open: files are put into the inbox and received."""

    def __init__(self, path: Path) -> None:
        self.settings = Settings(home=path)
        self.settings.prepare_home()
        self.con = open_warehouse(self.settings.warehouse)
        intake.prepare_warehouse(self.con, self.settings)

    def put(self, name: str, content: str | bytes) -> Path:
        path = self.settings.inbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def receive(self) -> list[FileRecord]:
        found: list[FileRecord] = []
        for kind in intake.table_kinds():
            found += intake.receive(self.con, self.settings, self.settings.inbox, kind)
        return found

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.con.execute(sql).fetchall()

    def open_items(self) -> list[tuple[str, int]]:
        return [
            (name.rsplit("/", 1)[-1], row)
            for name, row in self.rows(
                "select file_name, row_number from raw.quarantine where is_open order by all"
            )
        ]

    def levels(self) -> dict[str, int]:
        return {
            node: int(level) for node, level in self.rows("select node_id, level from raw.self_assessment")
        }


@pytest.fixture(scope="module", autouse=True)
def _own_variables() -> Iterator[None]:
    """A home sets variables for the tools it runs; here they end with the module."""
    before = dict(os.environ)
    for name in [name for name in os.environ if name.startswith("SPBE_")]:
        del os.environ[name]
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    made = Home(tmp_path / "home")
    yield made
    made.con.close()


def test_a_correction_replaces_those_rows_alone(home: Home) -> None:
    home.put(f"{LEVELS}/level.csv", HEADER + ROWS)
    home.receive()
    assert home.open_items() == [("level.csv", 2), ("level.csv", 3)]
    # Only the reference and what changes: all else stays as it was.
    home.put(f"{LEVELS}/perbaikan.csv", "_perbaikan_dari,level\nlevel.csv#2,1\nlevel.csv#4,2\n")
    assert [(r.status, r.is_correction) for r in home.receive()] == [("loaded", True)]
    assert home.open_items() == [("level.csv", 3)]
    assert home.levels() == {"p59.i01": 1, "p59.i03": 2}
    assert home.rows("select row_number, closed_by from raw.quarantine where not is_open") == [
        (2, "correction")
    ]
    # What was received stands in history, refused and accepted.
    assert home.rows("select count(*) from received.self_assessment") == [(5,)]
    assert home.rows(
        "select rows_loaded, rows_corrected, status from raw.intake_files where not is_correction"
    ) == [(1, 1, "partly")]
    assert home.receive() == []


def test_a_refused_correction_keeps_one_item_open_and_can_be_corrected(home: Home) -> None:
    home.put(f"{LEVELS}/level.csv", HEADER + ROWS)
    home.receive()
    home.put(f"{LEVELS}/satu.csv", "_perbaikan_dari,level\nlevel.csv#3,9\nlevel.csv#4,9\n")
    home.receive()
    assert home.open_items() == [("level.csv", 2), ("satu.csv", 2), ("satu.csv", 3)]
    # The accepted row stays until something better comes.
    assert home.levels() == {"p59.i03": 1}
    home.put(f"{LEVELS}/dua.csv", "_perbaikan_dari,level\nsatu.csv#2,1\nlevel.csv#4,1\n")
    home.receive()
    assert home.open_items() == [("level.csv", 2)]
    assert home.levels() == {"p59.i02": 1, "p59.i03": 1}


def test_a_refused_correction_of_a_row_that_counts_asks_until_the_next_delivery(home: Home) -> None:
    home.put(f"{LEVELS}/level.csv", HEADER + ROWS)
    home.receive()
    home.put(f"{LEVELS}/satu.csv", "_perbaikan_dari,level\nlevel.csv#2,1\nlevel.csv#3,1\n")
    home.receive()
    assert home.open_items() == []
    home.put(f"{LEVELS}/dua.csv", "_perbaikan_dari,level\nlevel.csv#2,9\nlevel.csv#4,9\n")
    home.receive()
    assert home.open_items() == [("dua.csv", 2), ("dua.csv", 3)]
    home.put(f"{LEVELS}/lain.csv", HEADER + "permenpanrb-59-2020,p59.i09,self,1\n")
    home.receive()
    assert home.open_items() == []
    assert home.levels() == {"p59.i01": 1, "p59.i02": 1, "p59.i03": 1, "p59.i09": 1}
    closed = "select closed_by, closed_at is not null from raw.quarantine where file_name like '%dua.csv'"
    assert home.rows(closed) == [("correction", True)] * 2


def test_a_new_version_replaces_the_file_and_its_corrections(home: Home) -> None:
    home.put(f"{LEVELS}/level.csv", HEADER + ROWS)
    home.receive()
    first = home.rows("select file_sha256 from intake.files")[0][0]
    home.put(f"{LEVELS}/perbaikan.csv", "_perbaikan_dari,level\nlevel.csv#2,1\n")
    home.receive()
    home.put(f"{LEVELS}/level.csv", HEADER + "permenpanrb-59-2020,p59.i04,self,1\n")
    home.receive()
    assert home.levels() == {"p59.i04": 1}
    assert home.open_items() == []
    # A correction of the version that is gone says so, and changes nothing.
    home.put(f"{LEVELS}/telat.csv", f"_perbaikan_dari,level\n{first[:12]}#3,1\n")
    home.receive()
    assert home.levels() == {"p59.i04": 1}
    (message,) = home.rows("select messages[1] from raw.quarantine where is_open")[0]
    assert message == (
        f'Kolom _perbaikan_dari: ditemukan "{first[:12]}#3", seharusnya versi terakhir; '
        "berkas itu sudah digantikan versi baru."
    )


def test_a_new_version_answers_a_file_of_which_nothing_loaded(home: Home) -> None:
    home.put(f"{LEVELS}/level.csv", HEADER + "permenpanrb-59-2020,p59.i01,self,6\n")
    assert [r.status for r in home.receive()] == ["rejected"]
    assert home.open_items() == [("level.csv", 2)]
    home.put(f"{LEVELS}/level.csv", HEADER + "permenpanrb-59-2020,p59.i01,self,1\n")
    home.receive()
    assert home.open_items() == []
    assert home.rows("select closed_by, closed_at is not null from raw.quarantine") == [("version", True)]


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("hilang.csv#2", "berkas itu tidak dikenal"),
        ("level.csv#99", "baris 99 tidak ada padanya"),
        ("level.csv", "nama berkas (atau awal sha256-nya) dan nomor baris"),
        ("", "perlu diisi berkas dan baris yang diperbaiki"),
    ],
)
def test_a_correction_of_an_unknown_row_is_refused(home: Home, named: str, said: str) -> None:
    home.put(f"{LEVELS}/level.csv", HEADER + ROWS)
    home.put(f"{LEVELS}/../../level.csv", HEADER + ROWS.replace("i03", "i05"))
    home.receive()
    home.put(f"{LEVELS}/perbaikan.csv", f"_perbaikan_dari,level\nlevel.csv#2,1\n{named},1\n")
    home.receive()
    messages = home.rows("select messages from raw.quarantine where file_name like '%perbaikan.csv'")
    assert len(messages) == 1
    assert said in messages[0][0][0]
    # Once the next correction has come, the mistaken one asks nothing any more.
    home.put(f"{LEVELS}/lagi.csv", "_perbaikan_dari,level\nlevel.csv#3,1\n")
    home.receive()
    assert not [name for name, _ in home.open_items() if name == "perbaikan.csv"]


def test_two_corrections_of_one_row_in_one_file_are_refused(home: Home) -> None:
    home.put(f"{LEVELS}/level.csv", HEADER + ROWS)
    home.receive()
    home.put(f"{LEVELS}/perbaikan.csv", "_perbaikan_dari,level\nlevel.csv#2,1\nlevel.csv#2,2\n")
    home.receive()
    assert home.open_items() == [
        ("level.csv", 2),
        ("level.csv", 3),
        ("perbaikan.csv", 2),
        ("perbaikan.csv", 3),
    ]


def test_an_empty_reference_column_makes_no_correction(home: Home) -> None:
    home.put(f"{LEVELS}/level.csv", "_perbaikan_dari," + HEADER + ",permenpanrb-59-2020,p59.i03,self,1\n")
    assert [(r.status, r.is_correction) for r in home.receive()] == [("loaded", False)]


def test_a_crash_leaves_the_correction_for_the_next_run(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.put(f"{LEVELS}/level.csv", HEADER + ROWS)
    home.receive()
    home.put(f"{LEVELS}/perbaikan.csv", "_perbaikan_dari,level\nlevel.csv#2,1\n")
    with monkeypatch.context() as broken:
        broken.setattr("sources.ledger.record_file", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            home.receive()
    assert home.rows("select count(*) from intake.corrections") == [(0,)]
    assert home.open_items() == [("level.csv", 2), ("level.csv", 3)]
    home.receive()
    assert home.open_items() == [("level.csv", 3)]


CLASHED = ("Kode aplikasi", "Tanggal audit keamanan")
CONTRACTS = "vendor_contract/88.01/2026"
BAD_CONTRACTS = (
    "Nomor kontrak,Judul pekerjaan,Kode OPD,Kode aplikasi,Penyedia,NPWP penyedia,Jenis pekerjaan,"
    "Nilai (rupiah),Mulai,Berakhir\n"
    '1/SPK,"=HYPERLINK(""http://x"")",88.01-A,S-1,PT Satu,12.345.678.9-012.000,Hosting,100,2026-12-31,'
    "2026-01-01\n"
    "2/SPK,hubungi 3171234567890123,88.01-A,S-2,<b>PT</b> Dua,12.345.678.9-012.000,Hosting,100,32 Mei 2026,"
    "2026-12-31\n"
)


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Home, Path]]:
    """A home whose marts are built and published, with bad contracts, a bad file and hostile OPD codes."""
    home = Home(tmp_path_factory.mktemp("answered") / "home")
    home.put(
        "opd_register/88.01/opd.csv",
        "instansi_code,opd_code,opd_name,is_active\n88.01,88.01-A,Dinas A,Ya\n88.01,88.01-B,Dinas B,Ya\n"
        "88.01,88.01-PUSTAKA,Dinas Perpustakaan,Ya\n",
    )
    home.put(f"{CONTRACTS}/kontrak.csv", BAD_CONTRACTS)
    home.put("vendor_contract/88.01/2026/surat_dinas_b.csv", "a,b\n1,2\n")
    # Where no register tells otherwise, a sender is who it says.
    home.put("vendor_contract/88.02/2026/kepala.csv", "a,b\n1,2\n")
    home.put("vendor_contract/88.02/2026/kepala.csv.meta.toml", 'opd_code = "../../88.01-X"\n')
    # Of no sender and of one OPD alone: with a column of no format, and a slip in its name.
    rows = [
        "Nama aplikasi,OPD pemilik,Jenis,Warna",
        "Loket,Dinas Perpustakaan,entah,biru",
        "Arsip,Dinas Perpustkaan,Aplikasi,hijau",
    ]
    home.put("system_inventory/88.01/2026/aplikasi.csv", "\n".join(rows))
    home.receive()
    night(home)
    yield home, home.settings.feedback
    home.con.close()


def night(home: Home) -> None:
    home.con.close()
    os.environ["SPBE_WAREHOUSE"] = str(home.settings.warehouse)
    marts = [
        "fct_quarantine",
        "fct_intake_files",
        "fct_row_warnings",
        "fct_left_out",
        "dim_opd",
        "dim_instansi",
    ]
    list(run_dbt(home.settings, ["seed"]))
    results = run_dbt(home.settings, ["run", "--select", *(f"+{m}" for m in marts)])
    assert not [r for r in results if not r.passed]
    home.settings.published.parent.mkdir(exist_ok=True)
    publish_database(home.settings.warehouse, home.settings.published, home.settings.home / "no-questions")
    write_feedback(home.settings.published, home.settings.feedback, DAY)
    home.con = open_warehouse(home.settings.warehouse)
    intake.prepare_warehouse(home.con, home.settings)


def sheet(path: Path, name: str) -> list[list[str]]:
    return CalamineWorkbook.from_path(str(path)).get_sheet_by_name(name).to_python()


def test_the_workbook_names_row_column_found_expected_and_how_to_mend(answered: tuple[Home, Path]) -> None:
    _, feedback = answered
    book = feedback / "88.01-A" / "umpan_balik_vendor_contract.xlsx"
    rows = sheet(book, "masalah")
    assert rows[0][:7] == [
        "tingkat", "berkas", "baris", "kolom", "ditemukan", "seharusnya", "cara memperbaiki"
    ]  # fmt: skip
    (date,) = [row for row in rows if row[3] == "Mulai" and row[4] == "32 Mei 2026"]
    assert date[:5] == ["ditolak", f"{CONTRACTS}/kontrak.csv", 3, "Mulai", "32 Mei 2026"]
    assert "tanggal" in date[5]
    assert "Tanggal mulai pekerjaan" in date[6]
    # Refusals stand before warnings.
    levels = [row[0] for row in rows[1:]]
    assert levels == sorted(levels)
    head, first, second = sheet(book, "perbaikan")
    assert head[0] == "_perbaikan_dari"
    assert first[0].startswith(f"{CONTRACTS}/kontrak.csv@")
    assert [first[0][-2:], second[0][-2:]] == ["#2", "#3"]
    assert second[head.index("Mulai")] == "32 Mei 2026"


def test_no_code_reaches_the_page_or_the_workbook(answered: tuple[Home, Path]) -> None:
    """Columns, rules and values by what people call them; files, and what only names a row, as they are."""
    _, feedback = answered
    book = feedback / "88.01-A" / "umpan_balik_vendor_contract.xlsx"
    told = (feedback / "88.01-A" / PAGE).read_text(encoding="utf-8").partition("</style>")[2]
    text = re.sub(r"<code>.*?</code>|<[^>]+>", " ", told, flags=re.DOTALL)
    own = {"_perbaikan_dari", "_masalah"}
    for name in ("masalah", "perbaikan"):
        head, *rows = sheet(book, name)
        text += " ".join(str(cell) for row in rows for cell in row if not str(cell).startswith(CONTRACTS))
        text += " ".join(cell for cell in head if cell not in own)
    assert re.findall(r"(?<![\w/.@#-])[a-z]+(?:_[a-z]+)+\b(?!\.xlsx)", text) == []


def test_the_workbook_offers_the_lists_and_guards_what_names_a_row(answered: tuple[Home, Path]) -> None:
    """Drop-downs of labels and own OPDs; only the cells to mend can be written; a note on each wrong one."""
    _, feedback = answered
    book = feedback / "88.01-A" / "umpan_balik_vendor_contract.xlsx"
    head, *rows = sheet(book, "perbaikan")
    assert head[:2] == ["_perbaikan_dari", "_masalah"]
    assert all("ditemukan" in row[1] or "(ditemukan" in row[1] for row in rows)
    listed = {
        column[0]: [cell for cell in column[1:] if cell] for column in zip(*sheet(book, "kode"), strict=True)
    }
    assert listed["kind"] == ["Pembuatan", "Pemeliharaan", "Hosting", "Lisensi", "Data", "Lainnya"]
    assert listed["opd_code"][:2] == ["88.01-A - Dinas A", "88.01-B - Dinas B"]
    with zipfile.ZipFile(book) as package:
        first = package.read("xl/worksheets/sheet1.xml").decode()
        notes = package.read("xl/comments1.xml").decode()
    assert "<sheetProtection" in first and first.count("<dataValidation ") == len(listed)
    looks = dict(re.findall(r'<c r="([A-Z]+2)" s="(\d+)"', first))
    assert looks["A2"] == looks["B2"] != looks["C2"], "what names a row is locked, what is mended is not"
    assert "Ditemukan: 32 Mei 2026" in notes and "Seharusnya: tanggal" in notes


def test_a_rejected_file_stands_on_the_page_of_the_opd_that_its_name_names(
    answered: tuple[Home, Path],
) -> None:
    _, feedback = answered
    page = (feedback / "88.01-B" / PAGE).read_text(encoding="utf-8")
    assert "Berkas yang ditolak seluruhnya" in page and "surat_dinas_b.csv" in page
    assert re.search(r"Berkas ditolak</dt><dd>1", page)
    # Its rows are asked of the OPD that they name, and the file counts there.
    assert re.search(r"Berkas ditolak</dt><dd>1", (feedback / "88.01-A" / PAGE).read_text(encoding="utf-8"))


def test_the_page_says_its_newest_file_and_where_the_guide_lies(answered: tuple[Home, Path]) -> None:
    home, feedback = answered
    page = (feedback / "88.01-A" / PAGE).read_text(encoding="utf-8")
    (received,) = home.rows("select received_at from intake.files where file_name like '%/kontrak.csv'")
    told = received[0].strftime("%H.%M UTC")
    assert re.search(
        rf"terbaru yang dibaca: <code>{CONTRACTS}/kontrak.csv</code>, diterima .* pukul {told}", page
    )
    (guide,) = re.findall(r'href="([^"]+/panduan/[^"]+)"', page)
    assert (feedback / "88.01-A" / guide).resolve() == home.settings.report / FOLDER / ANSWER


def test_what_was_not_read_and_who_may_be_meant_is_asked_of_the_opd_of_the_rows(
    answered: tuple[Home, Path],
) -> None:
    _, feedback = answered
    asked, other = (
        (feedback / opd / PAGE).read_text(encoding="utf-8") for opd in ("88.01-PUSTAKA", "88.01-A")
    )
    assert "Bagian berkas yang tidak dibaca" in asked and "Warna" in asked
    assert ">Dinas Perpustkaan</td>" in asked
    assert re.search(r"<td[^>]*>mungkin 88.01-PUSTAKA \(Dinas Perpustakaan\); nama ini tidak ada", asked)
    assert "aplikasi.csv" not in other


def test_nothing_personal_and_no_formula_leaves(answered: tuple[Home, Path]) -> None:
    _, feedback = answered
    book = feedback / "88.01-A" / "umpan_balik_vendor_contract.xlsx"
    cells = [str(c) for name in ("masalah", "perbaikan") for row in sheet(book, name) for c in row]
    page = (feedback / "88.01-A" / PAGE).read_text(encoding="utf-8")
    for text in (*cells, page):
        assert "3171234567890123" not in text
        assert "12.345.678.9-012.000" not in text
    assert not [c for c in cells if c.startswith(("=", "+", "-", "@"))]
    assert '\'=HYPERLINK("http://x")' in cells
    assert "<b>PT" not in page


def test_an_answer_holds_nothing_of_another_sender(answered: tuple[Home, Path]) -> None:
    _, feedback = answered
    told = {folder.name: (folder / PAGE).read_text(encoding="utf-8") for folder in feedback.iterdir()}
    for book in feedback.rglob("*.xlsx"):
        told[book.parent.name] += str(
            [sheet(book, n) for n in CalamineWorkbook.from_path(str(book)).sheet_names]
        )
    # In whose name it came may read that it was the last, and nothing of its rows.
    assert {name for name, text in told.items() if "kontrak.csv" in text} - {"88.01"} == {"88.01-A"}
    assert [name for name, text in told.items() if "2/SPK" in text] == ["88.01-A"]
    assert len([name for name, text in told.items() if "kepala.csv" in text]) == 1
    assert "kepala.csv" not in told["88.01-A"]


def test_a_hostile_sender_stays_in_the_folder(answered: tuple[Home, Path]) -> None:
    home, feedback = answered
    (folder,) = [f for f in feedback.iterdir() if "88.01-X" in f.name]
    assert folder.resolve().parent == feedback.resolve()
    assert "kolom" in (folder / PAGE).read_text(encoding="utf-8")
    assert not [p for p in home.settings.home.parent.iterdir() if p != home.settings.home]


def test_the_same_database_gives_the_same_bytes(answered: tuple[Home, Path], tmp_path: Path) -> None:
    home, feedback = answered
    write_feedback(home.settings.published, tmp_path / "again", DAY)
    files = [p.relative_to(feedback) for p in sorted(feedback.rglob("*")) if p.is_file()]
    assert files == [
        p.relative_to(tmp_path / "again") for p in sorted((tmp_path / "again").rglob("*")) if p.is_file()
    ]
    for name in files:
        assert (feedback / name).read_bytes() == (tmp_path / "again" / name).read_bytes(), name


def test_an_answer_stays_until_its_rows_program_or_files_are_others(
    answered: tuple[Home, Path], tmp_path: Path
) -> None:
    home, _ = answered
    published = home.settings.published

    def write(made_by: str, day: dt.date = DAY) -> dict[Path, tuple[int, bytes]]:
        write_feedback(published, tmp_path, day, made_by=made_by)
        files = [path for path in tmp_path.rglob("*") if path.is_file()]
        return {path: (path.stat().st_ino, path.read_bytes()) for path in files}

    before = write("one program")
    assert write("one program") == before
    for damaged in (PAGE, "*.xlsx"):
        path = next(tmp_path.rglob(damaged))
        path.write_bytes(path.read_bytes()[:100])
        after = write("one program")
        assert {path: content for path, (_, content) in after.items()} == {
            path: content for path, (_, content) in before.items()
        }
    pages = [path for path in before if path.name == PAGE]
    for changed in (write("another program"), write("another program", DAY + dt.timedelta(days=1))):
        assert all(changed[page][1] != before[page][1] for page in pages)


def test_an_opd_reads_its_page_without_a_network(answered: tuple[Home, Path], browser: "Browser") -> None:
    _, feedback = answered
    context = browser.new_context(offline=True, viewport={"width": 390, "height": 800})
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((feedback / "88.01-A" / PAGE).as_uri())
    assert page.locator("h1").inner_text() == "Dinas A (88.01-A)"
    assert page.locator("section:has(h2:text-is('Kontrak pihak ketiga')) table").count() >= 2
    assert page.locator("table:not(:has(caption))").count() == 0
    assert all(url.startswith(("file:", "data:")) for url in asked)
    link = page.locator("a[href$='.xlsx']").first.get_attribute("href")
    assert link and (feedback / "88.01-A" / link).is_file()
    context.close()
    for answer in feedback.rglob(PAGE):
        assert page_faults(browser, answer) == []


def mended(book: Path, changes: dict[str, Sequence[str]]) -> bytes:
    """The sheet `perbaikan` as an OPD sends it back, some columns filled anew, row by row."""
    head, *rows = sheet(book, "perbaikan")
    path = book.parent.parent / "kirim.xlsx"
    workbook = xlsxwriter.Workbook(str(path), {"strings_to_formulas": False})
    out = workbook.add_worksheet("perbaikan")
    out.write_row(0, 0, head)
    for i, row in enumerate(rows):
        values = [changes[h][i] if h in changes else row[j] for j, h in enumerate(head)]
        out.write_row(i + 1, 0, values)
    workbook.close()
    content = path.read_bytes()
    path.unlink()
    return content


# Last: it changes the home that the tests above read.
def test_the_workbook_sent_back_closes_the_items(answered: tuple[Home, Path]) -> None:
    home, feedback = answered
    book = feedback / "88.01-A" / "umpan_balik_vendor_contract.xlsx"
    npwp = home.rows("select _row_number, vendor_npwp from received.vendor_contract order by 1")
    home.put(
        f"{CONTRACTS}/kembali.xlsx",
        mended(book, {"Mulai": ["2026-01-01"] * 2, "Berakhir": ["2026-12-31"] * 2}),
    )
    home.put(f"{CONTRACTS}/kepala.csv", BAD_CONTRACTS.splitlines()[0] + "\n")
    (record,) = [r for r in home.receive() if r.is_correction]
    assert (record.status, record.rows_loaded) == ("loaded", 2), record
    assert home.open_items() == []
    raw = home.rows(
        "select contract_no, contract_title, vendor_npwp, starts_on from raw.vendor_contract order by 1"
    )
    assert [row[0] for row in raw] == ["1/SPK", "2/SPK"]
    assert raw[0][1] == '=HYPERLINK("http://x")'
    # The pseudonym that the workbook hid is still that of the first sending.
    assert [row[2] for row in raw] == [value for _, value in npwp]
    assert {row[3] for row in raw} == {dt.date(2026, 1, 1)}
    night(home)
    page = (feedback / "88.01-A" / PAGE).read_text(encoding="utf-8")
    assert "Tidak ada yang perlu diperbaiki" in page
    assert f"terbaru yang dibaca: <code>{CONTRACTS}/kembali.xlsx</code>" in page
    assert not list((feedback / "88.01-A").glob("*.xlsx"))
    with duckdb.connect(str(home.settings.published), read_only=True) as con:
        items = con.execute("select row_number, status, closed_by from fct_quarantine order by 1").fetchall()
    assert items == [(2, "closed", "correction"), (3, "closed", "correction")]


def test_check_writes_the_answer_before_sending(
    tmp_path: Path, spbe: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    bad = tmp_path / "level.csv"
    bad.write_text(HEADER + ROWS)
    done = spbe(tmp_path / "home", "check", bad, "--kind", "self_assessment", "--out", tmp_path / "out")
    assert done.returncode == 1
    rows = sheet(tmp_path / "out" / "umpan_balik_self_assessment.xlsx", "masalah")
    assert ["ditolak", "level.csv", 3, "Tingkat kematangan", "tiga"] in [row[:5] for row in rows]
    assert "tiga" in (tmp_path / "out" / PAGE).read_text(encoding="utf-8")
    # Sent as it is, its workbook corrects it: the rows are named by the content.
    home = Home(tmp_path / "sent")
    shutil.copy(bad, home.put(f"{LEVELS}/asli.csv", ""))
    home.receive()
    book = tmp_path / "out" / "umpan_balik_self_assessment.xlsx"
    home.put(f"{LEVELS}/perbaikan.xlsx", mended(book, {"Tingkat kematangan": ["1", "1"]}))
    home.receive()
    assert home.open_items() == []
    home.con.close()


def test_a_clash_of_codes_is_shown_on_its_cells_and_a_warned_row_is_asked_of_the_file(
    tmp_path: Path, spbe: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    sent = tmp_path / "inventaris.csv"
    rows = [
        "Kode aplikasi,Nama aplikasi,Jenis,OPD pemilik,Tanggal audit keamanan",
        "D-1,Parkir,Aplikasi,Dinas A,2026-03-03",
        "D-2,Terminal,Aplikasi,Dinas A,31 Juni 2026",
        "D-3,Halte,Aplikasi,Dinas A,2026-03-03",
        "D-1,Rambu,Aplikasi,Dinas A,2026-03-03",
    ]
    sent.write_text("\n".join(rows), encoding="utf-8")
    out = tmp_path / "out"

    def check() -> str:
        spbe(tmp_path / "home", "check", sent, "--kind", "system_inventory", "--out", out)
        return (out / PAGE).read_text(encoding="utf-8")

    page = check()
    book = out / "umpan_balik_system_inventory.xlsx"
    problems = {(row[0], row[2]): row for row in sheet(book, "masalah") if row[3] in CLASHED}
    for row, other in ((2, 5), (5, 2)):
        said = f"Kode aplikasi perlu lain dari baris {other} yang isinya berbeda"
        assert problems["ditolak", row][3] == "Kode aplikasi"
        assert problems["ditolak", row][5] == said and said in page
    assert RESEND in problems["peringatan", 3][6] and RESEND not in problems["ditolak", 2][6]
    assert RESEND in page and "Lembar <code>perbaikan</code> memuat" in page
    head, *mending = sheet(book, "perbaikan")
    assert [row[head.index("Nama aplikasi")] for row in mending] == ["Parkir", "Rambu"]
    with zipfile.ZipFile(book) as package:
        first = package.read("xl/worksheets/sheet1.xml").decode()
        notes = package.read("xl/comments1.xml").decode()
    looks = dict(re.findall(r'<c r="([A-Z]+2)" s="(\d+)"', first))
    assert looks["C2"] != looks["D2"] and 'ref="C2"' in notes and "baris 5 yang isinya berbeda" in notes
    # Once no row is refused, nobody is sent to a sheet that is not there.
    sent.write_text("\n".join(rows[:-1]), encoding="utf-8")
    page = check()
    assert CalamineWorkbook.from_path(str(book)).sheet_names == ["masalah"]
    assert RESEND in page and "Lembar <code>perbaikan</code> memuat" not in page


def test_check_judges_a_correction_with_the_values_of_its_row(
    example_home: Path, tmp_path: Path, spbe: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    # The example's kiriman_dinkes.csv is refused row by row; row 2 only for its level.
    sent = tmp_path / "perbaikan.csv"
    sent.write_text("_perbaikan_dari,level\nkiriman_dinkes.csv#2,3\nhilang.csv#2,3\n")
    done = spbe(example_home, "check", sent, "--kind", "self_assessment", "--instansi", "99.99")
    assert done.returncode == 1
    assert "baris 2" not in done.stdout
    assert "berkas itu tidak dikenal" in done.stdout
    assert "2 baris dibaca, 1 akan dimuat" in done.stdout


def broken(rule: str, column: str | None, found: str | None, expected: str | None) -> BrokenRule:
    """A broken rule, its sentence apart."""
    return BrokenRule(rule=rule, column_name=column, found=found, expected=expected, message="sentence")


def test_many_bad_rows_are_grouped_and_the_page_stays_short(tmp_path: Path) -> None:
    rule = "self_assessment.level.type"
    rows = [
        RefusedRow(
            "self_assessment", "a.csv", "f" * 64, i,
            [broken(rule, "level", f"x{i}", "bilangan")], f'{{"level": "x{i}"}}', False,
        )
        for i in range(2, 502)
    ]  # fmt: skip
    rows.append(
        RefusedRow("service_log", "b.log", "e" * 64, 7, [broken("bad_line", None, None, None)], "…", False)
    )
    groups = group_by_rule(rows)
    assert [(g.rule_id, len(g.problems)) for g in groups] == [(rule, 500), ("bad_line", 1)]
    assert groups[0].problems[0].found == "x2"
    # What was judged before it had fields says all in its sentence.
    assert (groups[1].problems[0].found, groups[1].problems[0].expected) == ("", "sentence")
    files = [RefusedFile("unknown", "x/y.csv", "unknown_kind", "jenis berkas tidak dikenal")]
    write_answer(tmp_path, "Dinas", rows, files, DAY)
    page = (tmp_path / PAGE).read_text(encoding="utf-8")
    assert page.count('<tr><th scope="row"><code>a.csv') == 30
    assert "jenis berkas tidak dikenal" in page
    assert len(sheet(tmp_path / "umpan_balik_self_assessment.xlsx", "masalah")) == 501
    write_answer(tmp_path, "Dinas", [], [], DAY)
    assert [p.name for p in tmp_path.iterdir()] == [PAGE]


def test_a_row_is_mended_by_its_opd_or_the_instansi_alone(home: Home) -> None:
    """Who else sends a correction reads why it is not taken; nothing of the row changes."""
    register = "opd_code,opd_name\n88.01-DINKES,Dinas Kesehatan\n88.01-DINSOS,Dinas Sosial\n"
    home.put("opd_register/88.01/2026/opd.csv", register)
    home.put(f"{LEVELS}/level.csv", HEADER + ROWS)
    home.put(f"{LEVELS}/level.csv.meta.toml", 'opd_code = "88.01-DINKES"\n')
    home.receive()
    assert home.levels() == {"p59.i03": 1}
    assert home.rows("select distinct opd_code from raw.self_assessment") == [("88.01-DINKES",)]
    for sender, status in (("88.01-DINSOS", "rejected"), ("88.01-DINKES", "loaded"), ("88.01", "loaded")):
        name = f"{LEVELS}/dari_{sender}.csv"
        home.put(name, "_perbaikan_dari,level\nlevel.csv#2,2\n")
        home.put(f"{name}.meta.toml", f'opd_code = "{sender}"\n')
        assert [r.status for r in home.receive()] == [status], sender
    [(messages,)] = home.rows("select messages from raw.quarantine where file_name like '%DINSOS.csv'")
    assert messages[0] == (
        'Kolom _perbaikan_dari: ditemukan "level.csv#2", berkas ini dikirim 88.01-DINSOS; '
        "hanya OPD pemilik baris atau instansi yang boleh memperbaiki."
    )

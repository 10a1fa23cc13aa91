"""The pages as their readers meet them: in a browser, on a telephone, on paper, without a network."""

import re
from collections.abc import Iterator
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest
from accessibility import page_faults

from expectations.contract import kinds, load_contract
from expectations.suite import LastVerdict
from exports.database import CONFIG, list_tables, open_published
from exports.publish import publish_database
from exports.reports.basis import page_bases
from exports.reports.formats import write_formats
from exports.reports.printing import Printer
from exports.reports.site import write_reports

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

DAY = date(2026, 10, 31)
OPDS = [f"opd/99.99-{name}.html" for name in ("BAPPEDA", "DINKES", "DINSOS", "DUKCAPIL", "KOMINFO")]
SHEETS = ["12.07.html", "99.99.html"]
ANNEXES = ["12.07-lampiran.html", "99.99-lampiran.html"]
GUIDES = ["panduan/mengisi-dan-mengirim.html", "panduan/menjawab-umpan-balik.html"]
PAGES = ["index.html", "opd/index.html", *SHEETS, *ANNEXES, *OPDS, *GUIDES]
# The data dictionary is for analysts, and says codes.
TABLES = ["kamus/index.html", "kamus/fct_scores.html", "kamus/indeks_per_tahap.html"]
FORMATS = ["formats/index.html", "formats/self_assessment.html", "formats/system_inventory.html"]
# What no regent and no OPD reads: tables, kinds of files, measures, nodes, stages and states by their code.
CODES = re.compile(
    r"\b(?:(?:fct|dim|stg|int|raw)_\w+|I\d\d|(?:p5|p59|p8|io1)\.\w+|interop-1|permenpanrb\S*|service_log|"
    + "|".join(kind for kind in kinds() if "_" in kind)
    + r"|\d\d\.\d\d-[A-Z]+|complaint|usage|self|interview|evidence|rejected|quarantine\w*|dikarantina"
    + r"|kominfo_dc|opd_own)\b"
)


@pytest.fixture(scope="module")
def report(published_marts: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    write_reports(published_marts, folder, None, DAY)
    judged = LastVerdict({"system_inventory.opd_code.reference": 2}, 40, datetime(2026, 10, 31, 18, 30))  # noqa: DTZ001  UTC, as it is kept
    contracts = [load_contract(kind) for kind in kinds()]
    write_formats(folder / "formats", contracts, {"system_inventory": judged})
    return folder


@pytest.fixture
def page(browser: "Browser") -> "Iterator[Page]":
    """A telephone-wide page that fails the test on a request, a console message or a script error."""
    page = browser.new_page(viewport={"width": 360, "height": 800})
    seen: list[str] = []
    page.on("request", lambda request: seen.append(f"request {request.url}"))
    page.on("console", lambda message: seen.append(f"console {message.text}"))
    page.on("pageerror", lambda error: seen.append(f"error {error}"))
    yield page
    page.close()
    outside = [entry for entry in seen if not entry.startswith(("request file:", "request data:"))]
    assert outside == []


def _text(report: Path, name: str) -> str:
    html = (report / name).read_text(encoding="utf-8")
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html.partition("</style>")[2])).replace("\u00a0", " ")


def test_every_instansi_and_opd_has_its_pages_and_every_link_leads_to_one(report: Path) -> None:
    written = {path.relative_to(report).as_posix() for path in report.rglob("*") if path.is_file()}
    printed = {str(Path(name).with_suffix(".pdf")) for name in (*SHEETS, *OPDS)}
    assert {name for name in written if not name.startswith(("kamus/", "formats/"))} == {*PAGES, *printed}
    assert {*TABLES, *FORMATS} <= written
    for name in (name for name in written if name.endswith(".html")):
        for href in re.findall(r'href="([^"]+)"', (report / name).read_text(encoding="utf-8")):
            target, _, part = href.partition("#")
            if target.startswith("data:"):
                continue
            path = (report / name).parent / target if target else report / name
            assert path.is_file(), f"{name} leads to {href}"
            assert not part or f'id="{part}"' in path.read_text(encoding="utf-8"), f"{name} leads to {href}"


def test_sheet_says_index_predicate_what_lacks_and_who_must_do_what(report: Path) -> None:
    text = _text(report, "99.99.html")
    assert (
        "Laporan SPBE untuk Bupati · tahun 2026, Permen PANRB 59/2020 · log terbaru 31 Oktober 2026" in text
    )
    assert "3,11 Baik : indeks 2,60 sampai di bawah 3,50, dinilai dari dokumen." in text
    assert "Kurang 0,39 lagi untuk Sangat Baik" in text
    told = (
        "Dihitung menurut Permen PANRB 59/2020, yang menilai tahun 2021 sampai 2025; evaluasi 2026 memakai "
        "Permen PANRB 8/2026 (Pemdi)."
    )
    assert told in text and told in _text(report, "99.99-lampiran.html")
    assert "Dihitung menurut" not in _text(report, "12.07.html") + _text(report, "12.07-lampiran.html")
    assert "antara 3,05 dan 3,23" in text
    assert "1 indikator naik, seluruhnya 1 tingkat; indeks menjadi 3,50." in text
    assert "15 Pembangunan Aplikasi SPBE : tingkat 2 ke 3. Oleh Koordinator SPBE. Kebijakan" in text
    assert "pemilik: Dinas Kesehatan" in text
    assert "Bukti yang dapat dibaca mencakup 22 % bobot indeks" in text
    assert "70 dari 72 kiriman wajib diterima pada Oktober 2026." in text
    html = (report / "99.99.html").read_text(encoding="utf-8")
    assert "2 Tata Kelola SPBE" in html and "1,60 sampai 4,20" in html


def test_sheet_compares_no_further_than_the_published_table_reaches(report: Path) -> None:
    text = _text(report, "12.07.html")
    assert "peringkat 17 dari 360 kabupaten yang dinilai, 2 dari 25 di Provinsi Sumatera Utara" in text
    assert "Terdekat di atasnya di provinsi: Kabupaten Karo (3,60, bersama 1 lainnya)" in text
    assert (
        "Dibanding 12 kabupaten dengan indeks hampir sama, paling tertinggal pada Manajemen SPBE (−0,40)"
        in text
    )
    assert "paling unggul pada Kebijakan Internal SPBE (+0,50)" in text
    assert "Kementerian mencetak 3,47" in text
    assert "Belum ada tabel terbit yang memuat instansi ini" in _text(report, "99.99.html")
    annex = _text(report, "12.07-lampiran.html")
    assert "Manajemen SPBE 2,09 120 dari 360 – Kabupaten Wonosobo (2,10) 2,49 −0,40" in annex
    assert "Di antara yang sejenis" not in _text(report, "99.99-lampiran.html")


def test_annex_explains_the_figures(report: Path) -> None:
    text = _text(report, "12.07-lampiran.html")
    assert "Indeks 2023, tahap akhir 3,47 Baik" in text
    assert "Terbit oleh kementerian 3,47" in text
    text = _text(report, "99.99-lampiran.html")
    assert "Indeks 2026, tahap dokumen 3,11 Baik" in text
    assert "3,05 sampai 3,23 cakupan 95,5 %" in text
    assert "1,80 sampai 4,35" in text
    assert "61 dari 62 sumber diterima" in text
    assert "5.120 dari 5.400" in text
    assert "rubrik lokal" in text
    assert "Belum dapat diukur dari yang diterima: Angka terbit = angka lapangan." in text
    assert "Inventaris aplikasi: Status seharusnya isi yang dikenal (1 baris)" in text
    assert "Kong: 3–4 Oktober 2026 (2 hari, tidak wajib menurut daftar OPD)" in text
    assert "X-Road: 17 Oktober 2026 (1 hari)" in text


@pytest.mark.parametrize("name", PAGES)
def test_no_code_reaches_a_page(report: Path, name: str) -> None:
    text = _text(report, name)
    if name in GUIDES:
        # Folders and commands are typed as they are, and look so.
        html = (report / name).read_text(encoding="utf-8").partition("</style>")[2]
        text = re.sub(r"<code>.*?</code>|<[^>]+>", " ", html, flags=re.DOTALL)
    assert CODES.findall(text) == []


def test_opd_page_holds_its_own_things_and_nothing_open_of_another(report: Path) -> None:
    text = _text(report, "opd/99.99-DINKES.html")
    assert "Bulan ini lakukan dua hal ini Kirim kontrak pihak ketiga yang masih berlaku" in text
    assert "Sambungkan sistem ini dengan OPD yang memakai datanya" in text
    assert "Antrean Puskesmas Aktif Tidak diketahui tidak ada berdiri sendiri" in text
    assert "Log layanan 0 0 – 0 1" in text
    text = _text(report, "opd/99.99-DINSOS.html")
    assert "Dinas Kependudukan dan Pencatatan Sipil memakai 5.360 dinyatakan dan terlihat" in text
    assert "Antrean" not in text and "Inventaris aplikasi" not in text
    assert "Tidak ada yang harus dikerjakan menurut data yang diterima." in text
    text = _text(report, "opd/99.99-KOMINFO.html")
    assert "Perbaiki 3 baris yang belum dapat dipakai" in text
    assert "DD-9 Bukti berkasnya belum diterima" in text
    assert "Hari tanpa log X-Road: 17 Oktober 2026 Dokumen" in text


def test_fictional_regency_is_marked_and_the_real_one_is_not(report: Path) -> None:
    for name in ("99.99.html", "99.99-lampiran.html", *OPDS):
        assert "DATA FIKTIF" in _text(report, name)
    assert "DATA FIKTIF" not in _text(report, "12.07.html")
    assert _text(report, "index.html").count("DATA FIKTIF") == 1


def test_study_tables_and_their_licence_stand_in_the_annex_of_their_instansi_only(report: Path) -> None:
    text = _text(report, "12.07-lampiran.html")
    assert "Jumlah 153 98 55" in text
    assert "4,55 1 dari 22 persen berbeda" in text
    assert "29,5 – persen tidak dapat dibandingkan" in text
    assert "Lisensi: CC BY-SA 4.0" in text
    assert "Realisasi program menurut dimensi" not in _text(report, "99.99-lampiran.html")


def test_heaviest_finding_comes_first_and_foreign_markup_is_shown_as_text(report: Path) -> None:
    html = (report / "99.99-lampiran.html").read_text(encoding="utf-8")
    severities = re.findall(r'class="severity (\w+)"', html)
    assert severities == ["high", "medium", "low"]
    for name in ("99.99.html", "99.99-lampiran.html", "opd/99.99-DINKES.html"):
        html = (report / name).read_text(encoding="utf-8")
        assert "<b>Fiktif</b>" not in html
        assert "CV &lt;b&gt;Fiktif&lt;/b&gt; &amp; Rekan" in html


def test_same_database_gives_the_same_bytes_whatever_the_day(
    published_marts: Path, report: Path, tmp_path: Path
) -> None:
    write_reports(published_marts, tmp_path, None, date(2026, 12, 24))
    written = [path.relative_to(report) for path in report.rglob("*.*")]
    for path in (path for path in written if path.parts[0] != "formats"):
        assert (tmp_path / path).read_bytes() == (report / path).read_bytes()


def test_what_would_not_change_is_left_alone_and_what_was_cut_is_made_again(
    published_marts: Path, tmp_path: Path
) -> None:
    write_reports(published_marts, tmp_path, None, DAY)
    before = {path: (path.stat().st_ino, path.read_bytes()) for path in tmp_path.rglob("*.*")}
    cut, gone = tmp_path / "99.99.pdf", tmp_path / "opd" / "99.99-DINSOS.pdf"
    cut.write_bytes(cut.read_bytes()[:100])
    gone.unlink()
    # Pages of an OPD that is no more, beside one that somebody else laid there.
    vanished = [tmp_path / "opd" / f"99.99-LAMA.{ending}" for ending in ("html", "pdf")]
    for path in vanished:
        path.write_bytes(before[gone.with_suffix(path.suffix)][1])
    foreign = tmp_path / "opd" / "catatan.html"
    foreign.write_text("<!doctype html><title>Catatan</title>")
    write_reports(published_marts, tmp_path, ["12.07"], DAY)
    assert all(path.is_file() for path in vanished)
    write_reports(published_marts, tmp_path, None, DAY)
    assert foreign.is_file() and not any(path.exists() for path in vanished)
    for path, (inode, content) in before.items():
        assert path.read_bytes() == content
        assert path in (cut, gone) or path.name == "index.html" or path.stat().st_ino == inode


def test_pages_of_an_instansi_rest_on_its_basis_alone(
    published_marts: Path, report: Path, tmp_path: Path
) -> None:
    """What another sent neither shows on them nor has them made again."""
    own, alone = "99.99", tmp_path / "alone.duckdb"
    alone.write_bytes(published_marts.read_bytes())
    with duckdb.connect(str(alone), config=CONFIG) as con:
        for table in list_tables(con):
            if "instansi_code" in table.column_names and table.name not in ("dim_instansi", "dim_opd"):
                con.execute(f"delete from {table.name} where instansi_code <> ?", [own])
        con.execute(
            "update dim_instansi set measured_to = null, kecamatan = null where instansi_code <> ?", [own]
        )
    with open_published(published_marts) as con, open_published(alone) as other:
        bases = page_bases(con, "program")
        assert bases[own] == page_bases(other, "program")[own] != page_bases(con, "another")[own]
        assert bases["12.07"] != page_bases(other, "program").get("12.07")
    write_reports(alone, tmp_path / "report", [own], DAY)
    for path in (p for p in (tmp_path / "report").rglob("*.*") if own in p.name):
        assert path.read_bytes() == (report / path.relative_to(tmp_path / "report")).read_bytes()


def test_pages_are_made_again_where_their_rows_changed_or_they_did(
    published_marts: Path, tmp_path: Path
) -> None:
    changed, folder = tmp_path / "changed.duckdb", tmp_path / "report"
    changed.write_bytes(published_marts.read_bytes())
    wanted = write_reports(changed, folder, None, DAY, "program")
    assert write_reports(changed, folder, None, DAY, "program") == wanted
    sheet, other, kept = (folder / name for name in ("99.99.html", "12.07.html", "99.99-lampiran.html"))
    before = {path: path.read_bytes() for path in (sheet, other, kept)}
    sheet.write_bytes(b"")
    write_reports(changed, folder, None, DAY, "program")
    assert sheet.read_bytes() == before[sheet]
    with duckdb.connect(str(changed), config=CONFIG) as con:
        con.execute("update fct_findings set statement = 'Lain sama sekali.' where instansi_code = '99.99'")
    assert write_reports(changed, folder, None, DAY, "program") == wanted
    assert "Lain sama sekali." in kept.read_text(encoding="utf-8")
    assert other.read_bytes() == before[other]


def test_pdf_carries_its_fonts_and_tags_and_a_sheet_stays_one_page_whatever_it_holds(
    warehouse: Path, tmp_path: Path, page: "Page"
) -> None:
    long = "Sistem Informasi Pelayanan Perizinan Berusaha Terintegrasi Secara Elektronik dan Pengaduan " * 4
    with duckdb.connect(str(warehouse), config=CONFIG) as connection:
        connection.execute("update marts.fct_findings set statement = ?, unit_name = ?", [long, long[:120]])
        connection.execute(
            """
            insert into marts.fct_findings by name
            select found.* replace (finding_id || n as finding_id, 10 + n as finding_rank)
            from marts.fct_findings as found cross join (select unnest(range(20)) as n) as more
            """
        )
        connection.execute("update marts.dim_node set name = ? where node_kind = 'domain'", [long[:60]])
        connection.execute(
            """
            insert into marts.dim_system by name
            select system.* replace ('LOKET-' || n as system_code, 'Loket ' || n as system_name)
            from marts.dim_system as system cross join (select unnest([10, 9, 2]) as n) as more
            where system.system_code = 'BANSOS'
            """
        )
        connection.execute("delete from marts.fct_lever_sets")
        connection.execute(
            """
            insert into marts.fct_lever_sets by name
            select '99.99' as instansi_code, 'instansi' as unit_kind, '99.99' as unit_code, '2026' as period,
                rulebook_id, 'document' as stage, 'Sangat Baik' as next_predicate, 1 as set_no, node_id,
                n / 10 as from_level, 4.0 as to_level, 2 as levels_up, 2 as cost, 0.1 as gain, 40 as set_cost,
                0.9 as set_gain, 2.5 as index_now, 3.6 as index_reached, ? as evidence_asked
            from marts.dim_node cross join (select unnest(range(12)) as n) as more
            where node_kind = 'indicator'
            """,
            [long],
        )
    publish_database(warehouse, tmp_path / "spbe.duckdb")
    write_reports(tmp_path / "spbe.duckdb", tmp_path / "report", ["99.99"], DAY)
    sheet = tmp_path / "report" / "99.99.html"
    assert len(Printer().pictures(sheet.read_bytes())) == 1
    content = sheet.with_suffix(".pdf").read_bytes()
    assert content.startswith(b"%PDF-1.7") and b"/StructTreeRoot" in content and b"/FontFile" in content
    page.goto(sheet.as_uri())
    assert len(re.findall(rb"/Type\s*/Page\b", page.pdf(prefer_css_page_size=True))) == 1
    # Numbered systems stand as they are counted, not as letters do.
    systems = re.findall(r"Loket \d+", _text(tmp_path / "report", "opd/99.99-DINSOS.html"))
    assert systems == ["Loket 2", "Loket 9", "Loket 10"]


def test_only_asked_instansi_are_written_and_an_unknown_one_is_named(
    published_marts: Path, tmp_path: Path
) -> None:
    written = write_reports(published_marts, tmp_path, ["12.07"], DAY)
    own = {path.relative_to(tmp_path) for path in written}
    assert {str(path) for path in own if path.parts[0] not in ("kamus", "panduan")} == {
        "index.html", "opd/index.html", "12.07.html", "12.07.pdf", "12.07-lampiran.html"
    }  # fmt: skip
    assert written[0] == tmp_path / "index.html"
    with pytest.raises(LookupError, match=r"instansi 36: not in dim_instansi"):
        write_reports(published_marts, tmp_path / "none", ["36"], DAY)


def test_instansi_without_any_figure_still_gets_an_honest_page(warehouse: Path, tmp_path: Path) -> None:
    with duckdb.connect(str(warehouse), config=CONFIG) as connection:
        connection.execute(
            "insert into marts.dim_instansi"
            " values ('kosong', 'Kota Tanpa Data', 'kota', false, null, null, null, null)"
        )
    publish_database(warehouse, tmp_path / "spbe.duckdb")
    write_reports(tmp_path / "spbe.duckdb", tmp_path / "report", ["kosong"], DAY)
    text = _text(tmp_path / "report", "kosong.html")
    assert "Belum ada indeks: belum ada penilaian yang diterima dari instansi ini." in text
    text = _text(tmp_path / "report", "kosong-lampiran.html")
    assert "belum ada nilai yang diterima" in text
    assert "Belum ada berkas yang diterima dari instansi ini." in text


@pytest.mark.parametrize("name", [*PAGES, *TABLES, *FORMATS])
def test_page_is_whole_quiet_and_accessible_at_every_width_and_on_paper(
    report: Path, browser: "Browser", name: str
) -> None:
    assert page_faults(browser, report / name) == []


@pytest.mark.parametrize("name", [*PAGES, *TABLES, *FORMATS])
def test_page_can_be_read_by_a_screen_reader(report: Path, page: "Page", name: str) -> None:
    page.goto((report / name).as_uri())
    assert page.evaluate("document.documentElement.lang") == "id"
    assert page.locator("h1").count() == 1
    assert page.locator("script, iframe, img").count() == 0
    assert page.locator("figure").count() == page.locator("figure[role=group]:has(figcaption)").count()
    assert page.locator("svg").count() == page.locator("figure svg[role=img][aria-label]").count()
    assert page.locator("table").count() == page.locator("table:has(caption)").count()
    assert page.locator("th").count() == page.locator("th[scope]").count()
    headings = page.locator("h1, h2, h3").evaluate_all("hs => hs.map(h => Number(h.tagName[1]))")
    assert all(deeper - level <= 1 for level, deeper in pairwise(headings))
    ids = page.locator("[id]").evaluate_all("all => all.map(e => e.id)")
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", ["99.99.html", "12.07.html", "99.99-lampiran.html"])
def test_text_of_charts_does_not_run_out_of_its_picture(report: Path, page: "Page", name: str) -> None:
    page.goto((report / name).as_uri())
    outside = page.evaluate(
        """() => [...document.querySelectorAll('svg text')].filter(t => {
            const box = t.getBBox(), frame = t.ownerSVGElement.viewBox.baseVal;
            return box.x < -1 || box.x + box.width > frame.width + 1
                || box.y < -1 || box.y + box.height > frame.height + 1;
        }).map(t => t.textContent)"""
    )
    assert outside == []


def test_a_sign_that_no_font_has_stops_no_pdf() -> None:
    page = "<title>日本</title><main class='sheet one'><h1>Dinas 日本 العربية 😀 \ue000</h1></main>".encode()
    printed = Printer().pdf(page)
    assert printed.startswith(b"%PDF-") and printed == Printer().pdf(page)


def test_a_mended_row_counts_once_and_a_name_of_no_opd_is_no_opd(warehouse: Path, tmp_path: Path) -> None:
    with duckdb.connect(str(warehouse), config=CONFIG) as con:
        con.execute(
            """
            update marts.fct_intake_files set rows_corrected = 2
            where file_name = 'system_inventory/99.99/2026/inventaris.csv'
            """
        )
        con.execute(
            """
            insert into marts.fct_intake_files by name
            select * replace ('perbaikan.xlsx' as file_name, sha256('p') as file_sha256, 'loaded' as status,
                2 as rows_received, 2 as rows_loaded, 0 as rows_quarantined, true as is_correction,
                0 as rows_corrected)
            from marts.fct_intake_files where kind = 'system_inventory'
            """
        )
        con.execute(
            """
            insert into marts.dim_opd by name
            select * replace ('99.99-SOSAIL' as opd_code, 'Dinas Sosail' as opd_name, false as is_mapped)
            from marts.dim_opd where opd_code = '99.99-DINSOS'
            """
        )
    publish_database(warehouse, tmp_path / "spbe.duckdb")
    write_reports(tmp_path / "spbe.duckdb", tmp_path / "report", None, DAY)
    # 24, 100 and 410 rows came; of the three and three that were refused, two are mended.
    assert "530 dari 534 baris yang dikirim dapat dipakai" in _text(tmp_path / "report", "99.99.html")
    assert "4 baris belum dapat dipakai" in _text(tmp_path / "report", "99.99-lampiran.html")
    assert "5 OPD aktif, dan 1 nama yang tidak ada pada Daftar OPD" in _text(
        tmp_path / "report", "opd/index.html"
    )
    ghost = _text(tmp_path / "report", "opd/99.99-SOSAIL.html")
    assert "Nama ini tidak ada pada Daftar OPD" in ghost
    assert "Nama ini" not in _text(tmp_path / "report", "opd/99.99-DINSOS.html")

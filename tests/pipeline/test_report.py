"""The pages as their readers meet them: in a browser, on a telephone, on paper, without a network."""

import re
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest

from exports.database import CONFIG
from exports.publish import publish_database
from exports.reports.pages import write_reports

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

DAY = date(2026, 10, 31)
PAGES = ["index.html", "12.07.html", "99.99.html"]


@pytest.fixture(scope="module")
def report(published_marts: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    write_reports(published_marts, folder, None, DAY)
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


def test_every_reported_instansi_has_a_page_and_the_list_leads_to_it(report: Path) -> None:
    assert sorted(path.name for path in report.iterdir()) == sorted(PAGES)
    index = (report / "index.html").read_text(encoding="utf-8")
    assert re.findall(r'href="([^"]+\.html)"', index) == ["formats/index.html", "12.07.html", "99.99.html"]


def test_page_says_the_index_its_band_the_printed_value_and_how_sure_it_is(report: Path) -> None:
    text = _text(report, "12.07.html")
    assert "Indeks 2023, tahap akhir 3,47 Baik" in text
    assert "Terbit oleh kementerian 3,47" in text
    text = _text(report, "99.99.html")
    assert "Indeks 2026, tahap dokumen 3,11 Baik" in text
    assert "3,05 sampai 3,23 cakupan 95,5 %" in text
    assert "1,80 sampai 4,35" in text
    assert "61 dari 62 sumber diterima" in text
    assert "5.120 dari 5.400" in text
    assert "rubrik lokal" in text
    assert "Belum dapat diukur dari yang diterima: Angka terbit = angka lapangan (I24)." in text


def test_fictional_regency_is_marked_and_the_real_one_is_not(report: Path) -> None:
    assert "DATA FIKTIF" in _text(report, "99.99.html")
    assert "DATA FIKTIF" not in _text(report, "12.07.html")
    assert _text(report, "index.html").count("DATA FIKTIF") == 1


def test_study_tables_and_their_licence_stand_on_the_page_of_their_instansi_only(report: Path) -> None:
    text = _text(report, "12.07.html")
    assert "Jumlah 153 98 55" in text
    assert "4,55 1 dari 22 percent berbeda" in text
    assert "29,5 – percent tidak dapat dibandingkan" in text
    assert "Lisensi: CC BY-SA 4.0" in text
    assert "Realisasi program menurut dimensi" not in _text(report, "99.99.html")


def test_heaviest_finding_comes_first_and_foreign_markup_is_shown_as_text(report: Path) -> None:
    html = (report / "99.99.html").read_text(encoding="utf-8")
    severities = re.findall(r'class="severity (\w+)"', html)
    assert severities == ["high", "medium", "low"]
    assert "<b>Fiktif</b>" not in html
    assert "CV &lt;b&gt;Fiktif&lt;/b&gt; &amp; Rekan" in html


def test_same_database_and_day_give_the_same_bytes(
    published_marts: Path, report: Path, tmp_path: Path
) -> None:
    write_reports(published_marts, tmp_path, None, DAY)
    for name in PAGES:
        assert (tmp_path / name).read_bytes() == (report / name).read_bytes()


def test_only_asked_instansi_are_written_and_an_unknown_one_is_named(
    published_marts: Path, tmp_path: Path
) -> None:
    written = write_reports(published_marts, tmp_path, ["12.07"], DAY)
    assert [path.name for path in written] == ["index.html", "12.07.html"]
    with pytest.raises(LookupError, match=r"instansi 36: not in dim_instansi"):
        write_reports(published_marts, tmp_path / "none", ["36"], DAY)


def test_instansi_without_any_figure_still_gets_an_honest_page(warehouse: Path, tmp_path: Path) -> None:
    with duckdb.connect(str(warehouse), config=CONFIG) as connection:
        connection.execute(
            "insert into marts.dim_instansi values ('kosong', 'Kota Tanpa Data', 'kota', false)"
        )
    publish_database(warehouse, tmp_path / "spbe.duckdb")
    write_reports(tmp_path / "spbe.duckdb", tmp_path / "report", ["kosong"], DAY)
    text = _text(tmp_path / "report", "kosong.html")
    assert "belum ada nilai yang diterima" in text
    assert "Belum ada berkas yang diterima dari instansi ini." in text


@pytest.mark.parametrize("name", PAGES)
def test_page_is_readable_on_a_telephone_and_asks_the_network_for_nothing(
    report: Path, page: "Page", name: str
) -> None:
    page.goto((report / name).as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    smallest = page.evaluate(
        """() => Math.min(99, ...[...document.querySelectorAll('svg text')].map(text =>
            parseFloat(getComputedStyle(text).fontSize)
            * text.ownerSVGElement.getBoundingClientRect().width / 360))"""
    )
    assert smallest >= 9.5


@pytest.mark.parametrize("name", PAGES)
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


def test_text_of_charts_does_not_run_out_of_its_picture(report: Path, page: "Page") -> None:
    page.goto((report / "99.99.html").as_uri())
    outside = page.evaluate(
        """() => [...document.querySelectorAll('svg text')].filter(t => {
            const box = t.getBBox(), frame = t.ownerSVGElement.viewBox.baseVal;
            return box.x < -1 || box.x + box.width > frame.width + 1
                || box.y < -1 || box.y + box.height > frame.height + 1;
        }).map(t => t.textContent)"""
    )
    assert outside == []


def test_page_prints_on_a4_without_cutting_a_table(report: Path, page: "Page") -> None:
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 680, "height": 1000})
    page.goto((report / "99.99.html").as_uri())
    assert (
        page.evaluate(
            "[...document.querySelectorAll('.scroll')].filter(s => s.scrollWidth > s.clientWidth + 1).length"
        )
        == 0
    )
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")

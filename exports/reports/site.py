"""The folder of pages: which files there are, and that they are written whole, and only where they change.

Belongs here: names and order of the files. Stays out: what a page says (`pages.py`, `regent.py`, `opd.py`).
"""

import hashlib
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import duckdb

from exports.aside import write_file
from exports.database import open_published, read_rows
from exports.reports.basis import MadeOf, page_bases
from exports.reports.guides import FOLDER as GUIDES
from exports.reports.guides import render_guides
from exports.reports.opd import list_opds, render_opds
from exports.reports.pages import (
    Row,
    annex_name,
    index_row,
    instansi_row,
    opd_page,
    page_name,
    render_instansi,
    render_page,
    reported_codes,
)
from exports.reports.printing import Printer
from exports.reports.regent import render_regent
from exports.reports.tables import render_tables
from exports.reports.whatif import render_whatif, whatif_name

OPD_FOLDER = "opd"
TABLES_FOLDER = "kamus"
_HEAD = b"</title>\n"
# How each page of ours, of any version, forbids itself to ask a network; pages of others do not.
_OURS = b'<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
_HEAD_BYTES = 1000


def write_reports(
    published: Path,
    report_dir: Path,
    instansi: Sequence[str] | None,
    generated_for: date,
    made_by: str = "",
) -> list[Path]:
    """Write all pages: of each instansi the sheet, its PDF and annex, of each OPD a page and PDF, how an OPD
    fills in and answers, of each published table what it means, and lists.

    Args:
        published: the published database.
        report_dir: folder of the pages; files of others in it are left alone, and what would not change, too.
        instansi: codes to report; None for every instansi that handed in a file or has a system or OPD: then
            pages of instansi, OPDs and tables that are no more go.
        generated_for: the day the pages are made for; same database, same bytes.
        made_by: sha256 of the program and settings; pages that they made of the same rows stay.

    Returns:
        The files, the index first.

    Raises:
        FileNotFoundError: nothing has been published yet.
        LookupError: an asked instansi is not in `dim_instansi`.
    """
    for below in (OPD_FOLDER, GUIDES, TABLES_FOLDER):
        (report_dir / below).mkdir(parents=True, exist_ok=True)
    folder = _Folder(report_dir)
    with open_published(published) as connection:
        codes = sorted(set(instansi)) if instansi is not None else reported_codes(connection)
        rows = [index_row(connection, code) for code in codes]
        groups = [
            (unit, found) for unit in rows if (found := _listed(connection, str(unit["instansi_code"])))
        ]
        with_opds = {unit["instansi_code"] for unit, _ in groups}
        made_of = MadeOf(report_dir)
        bases = page_bases(connection, f"{made_by} {folder.printer.engine}") if made_by else {}
        for code in codes:
            basis = bases.get(code)
            if basis and (made := made_of.files(code, basis)):
                folder.files += made
                continue
            first = len(folder.files)
            _write_instansi(folder, connection, code, generated_for, with_opds=code in with_opds)
            if basis:
                made_of.note(code, basis, folder.files[first:])
        for name, page in render_tables(connection).items():
            folder.write(f"{TABLES_FOLDER}/{name}", page)
    for name, page in render_guides().items():
        folder.write(name, page)
    # Lists come last, so that they never lead to a page that is not there.
    folder.write(
        f"{OPD_FOLDER}/index.html",
        render_page("opds.html.j2", title="Halaman tiap OPD", groups=groups),
    )
    folder.write("index.html", render_page("index.html.j2", title="Daftar laporan", rows=rows))
    if instansi is None:
        if bases:
            made_of.write(codes)
        folder.remove_others(("", OPD_FOLDER, TABLES_FOLDER))
    return folder.files[::-1]


def _write_instansi(
    folder: "_Folder", connection: duckdb.DuckDBPyConnection, code: str, generated_for: date, with_opds: bool
) -> None:
    trial = render_whatif(connection, code)
    if trial is not None:
        folder.write(whatif_name(code), trial)
    folder.print(page_name(code), render_regent(connection, code, opds=with_opds, trial=trial is not None))
    folder.write(annex_name(code), render_instansi(connection, code, generated_for))
    for opd, page in render_opds(connection, code):
        folder.print(f"{OPD_FOLDER}/{opd_page(code, opd['opd_code'])}", page)


def _listed(connection: duckdb.DuckDBPyConnection, code: str) -> list[Row]:
    instansi_row(connection, code)
    findings = {
        row["unit_code"]: row["found"]
        for row in read_rows(
            connection,
            """
            select unit_code, count(*) as found from fct_findings
            where instansi_code = ? and unit_kind = 'opd' and status = 'open' group by all
            """,
            [code],
        )
    }
    return [{**opd, "findings": findings.get(opd["opd_code"], 0)} for opd in list_opds(connection, code)]


class _Folder:
    """Files written one after the other; each is left as it is where it holds the same already."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.printer = Printer()
        self.files: list[Path] = []

    def write(self, name: str, content: bytes) -> None:
        path = self._folder / name
        if not path.is_file() or path.read_bytes() != content:
            write_file(path, content)
        self.files.append(path)

    def print(self, name: str, page: bytes) -> None:
        """Write a page and its PDF; the page names both engine and PDF, which tells whether they are new."""
        paper = (self._folder / name).with_suffix(".pdf")
        if not self._is_made(name, paper, page):
            content = self.printer.pdf(page)
            write_file(paper, content)
        self.files.append(paper)
        self.write(name, self._named(page, paper.read_bytes()))

    def remove_others(self, below: Sequence[str]) -> None:
        """Remove pages of ours, each with its PDF, that were written before and now are not."""
        kept = set(self.files)
        for page in (page for name in below for page in sorted((self._folder / name).glob("*.html"))):
            if page in kept or not _is_ours(page):
                continue
            # The page last: it alone tells that both are ours.
            page.with_suffix(".pdf").unlink(missing_ok=True)
            page.unlink()

    def _is_made(self, name: str, paper: Path, page: bytes) -> bool:
        path = self._folder / name
        if not path.is_file() or not paper.is_file():
            return False
        return path.read_bytes() == self._named(page, paper.read_bytes())

    def _named(self, page: bytes, paper: bytes) -> bytes:
        mark = f"{self.printer.engine}:{hashlib.sha256(paper).hexdigest()}"
        return page.replace(_HEAD, _HEAD + f'<meta name="pdf" content="{mark}">\n'.encode(), 1)


def _is_ours(page: Path) -> bool:
    with page.open("rb") as file:
        return _OURS in file.read(_HEAD_BYTES)

"""One way in: whose file it is, what replaces what, what is told, and what a home of before becomes."""

import csv
import datetime as dt
import io
import os
import resource
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from orchestration import intake
from orchestration.settings import Settings
from orchestration.warehouse import open_warehouse
from sources.ledger import FileRecord
from sources.logs.record import LAKE_COLUMNS

HEAD = "dimension,programs,achieved,not_achieved\n"
ROW = "Smart Living,10,6,4\n"
PROGRAMS = "program_realization"
REGISTER = (
    "opd_code,opd_name,short_name\n12.07-DISHUB,Dinas Perhubungan,Dishub\n12.07-DINSOS,Dinas Sosial,Dinsos\n"
)


class Door:
    """A home whose intake is called as a night calls it."""

    def __init__(self, path: Path) -> None:
        self.settings = Settings(home=path)
        self.settings.prepare_home()
        self.con = open_warehouse(self.settings.warehouse)
        intake.prepare_warehouse(self.con, self.settings)

    def put(self, name: str, content: str | bytes, meta: str | None = None) -> Path:
        path = self.settings.inbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        if meta is not None:
            path.with_name(path.name + ".meta.toml").write_text(meta, encoding="utf-8")
        return path

    def receive(self) -> list[FileRecord]:
        found: list[FileRecord] = []
        for kind in [None, *intake.table_kinds(), "service_log"]:
            found += intake.receive(self.con, self.settings, self.settings.inbox, kind)
        return found

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.con.execute(sql).fetchall()

    def statuses(self) -> dict[str, str]:
        return dict(self.rows("select regexp_extract(file_name, '/(.*)', 1), status from raw.intake_files"))


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    before = dict(os.environ)
    made = Door(tmp_path / "home")
    yield made
    made.con.close()
    os.environ.clear()
    os.environ.update(before)


def test_equal_bytes_of_two_hands_both_count(door: Door) -> None:
    for folder in ("12.07/2024", "12.07/2025", "12.10/2025", "12.71/2025"):
        door.put(f"{PROGRAMS}/{folder}/sama.csv", HEAD + ROW)
    door.put(f"{PROGRAMS}/12.07/2025/lain/sama.csv", HEAD + ROW)
    door.receive()
    assert door.statuses() == {
        "12.07/2024/sama.csv": "loaded",
        "12.07/2025/lain/sama.csv": "duplicate",
        "12.07/2025/sama.csv": "loaded",
        "12.10/2025/sama.csv": "loaded",
        "12.71/2025/sama.csv": "loaded",
    }
    assert door.rows(f"select _instansi_code, _period from raw.{PROGRAMS} order by all") == [
        ("12.07", "2024"), ("12.07", "2025"), ("12.10", "2025"), ("12.71", "2025"),
    ]  # fmt: skip
    assert door.receive() == []


def test_equal_logs_of_two_regencies_both_count(door: Door) -> None:
    line = '10.1.1.1 - dinsos [17/Feb/2026:09:00:00 +0700] "GET /a HTTP/1.1" 200 5 "-" "x"\n'
    for folder in ("12.07", "12.10"):
        door.put(f"service_log/combined/{folder}/akses.log", line)
    door.receive()
    assert set(door.statuses().values()) == {"loaded"}
    assert door.rows("select instansi_code, count(*) from lake.service_calls group by 1 order by 1") == [
        ("12.07", 1),
        ("12.10", 1),
    ]


def test_a_content_under_two_names_still_counts_when_the_first_name_gets_a_new_version(door: Door) -> None:
    door.put(f"{PROGRAMS}/12.07/2025/a.csv", HEAD + ROW)
    door.receive()
    door.put(f"{PROGRAMS}/12.07/2025/b.csv", HEAD + ROW)
    assert [r.status for r in door.receive()] == ["duplicate"]
    door.put(f"{PROGRAMS}/12.07/2025/a.csv", HEAD + "Smart Economy,3,2,1\n")
    door.receive()
    assert door.rows(f"select dimension, _file_name from raw.{PROGRAMS} order by 1") == [
        ("Smart Economy", f"{PROGRAMS}/12.07/2025/a.csv"),
        ("Smart Living", f"{PROGRAMS}/12.07/2025/b.csv"),
    ]


def test_a_meta_that_comes_later_is_read(door: Door) -> None:
    door.put("opd_register/12.07/daftar.csv", REGISTER)
    path = door.put("system_inventory/12.07/a.csv", "system_name,url\nSistem,s.contohkab.go.id\n")
    assert [r.status for r in door.receive()] == ["loaded", "rejected"]
    path.with_name("a.csv.meta.toml").write_text('opd_code = "Dishub"\nperiod = "2025"\n')
    assert [(r.status, r.opd_code, r.period) for r in door.receive()] == [("loaded", "12.07-DISHUB", "2025")]
    assert door.rows("select opd_code, _opd_code, _period from raw.system_inventory") == [
        ("12.07-DISHUB", "12.07-DISHUB", "2025")
    ]
    assert door.rows("select count(*) from received.system_inventory") == [(1,)]
    assert door.receive() == []


def test_what_meta_and_folder_say_differently_is_told(door: Door) -> None:
    door.put("opd_register/12.07/daftar.csv", REGISTER)
    meta = 'period = "2024"\nopd_code = "12.07-TIDAKADA"\n'
    door.put(f"{PROGRAMS}/12.07/2025/a.csv", HEAD + ROW, meta)
    [_, record] = door.receive()
    assert (record.status, record.period, record.opd_code) == ("loaded", "2024", "12.07")
    assert record.reason is not None
    assert all(word in record.reason for word in ("12.07-TIDAKADA", "Daftar OPD", "2024", "2025"))


def test_the_heading_of_a_sender_becomes_a_column(door: Door) -> None:
    door.put("opd_register/12.07/daftar.csv", REGISTER)
    meta = 'opd_code = "Dishub"\n[columns]\n"Alamat di Internet" = "url"\n'
    door.put("system_inventory/12.07/a.csv", "Nama Aplikasi,Alamat di Internet\nS,s.contohkab.go.id\n", meta)
    bad = '[columns]\n"x" = "tidak_ada"\n'
    door.put("system_inventory/12.07/b.csv", "Nama Aplikasi,x\nS,s.contohkab.go.id\n", bad)
    found = {r.file_name[-5:]: r for r in door.receive()}
    assert found["a.csv"].status == "loaded"
    assert door.rows("select url from raw.system_inventory") == [("s.contohkab.go.id",)]
    assert (found["b.csv"].reason or "").startswith("bad_meta")
    assert "tidak_ada" in (found["b.csv"].reason or "")


def test_what_is_not_read_is_counted_with_the_file(door: Door) -> None:
    content = "LAPORAN TAHUN 2025,,,,\n\n" + HEAD.strip() + ",Warna Dinding\n" + ROW.strip() + ",biru\n"
    content += "Jumlah,10,6,4,\n\nCatatan: angka sementara,,,,\n"
    door.put(f"{PROGRAMS}/12.07/2025/a.csv", content)
    [record] = door.receive()
    assert (record.status, record.rows_received) == ("loaded", 1)
    told = dict(door.rows("select code, count from raw.left_out where file_name like '%a.csv'"))
    assert {"column": 1, "total": 1, "footer": 1}.items() <= told.items()
    # What is refused as a whole tells it, too; a new version takes the place of what was told.
    door.put(f"{PROGRAMS}/12.07/2025/a.csv", HEAD + ROW)
    door.receive()
    assert door.rows("select count(*) from raw.left_out where is_current") == [(0,)]


def test_a_file_judged_again_is_still_the_file_that_came_then(door: Door) -> None:
    path = door.put(f"{PROGRAMS}/12.07/a.csv", HEAD + ROW)
    [first] = door.receive()
    door.con.execute("update intake.files set received_at = timestamp '2024-05-05', period = '2024'")
    door.con.execute(f"update received.{PROGRAMS} set _period = '2024'")
    os.utime(path, (1, 1))
    [again] = door.receive()
    assert (again.status, again.period, again.received_at.date()) == ("loaded", "2024", dt.date(2024, 5, 5))
    assert first.file_sha256 == again.file_sha256
    assert door.rows(f"select _period from raw.{PROGRAMS}") == [("2024",)]


def test_a_full_disk_is_not_the_files_fault(door: Door) -> None:
    """What the next file would meet, too, stops the night, and the file is read once there is room."""
    door.put(f"{PROGRAMS}/12.07/2025/a.csv", HEAD + ROW + "\n" * 20_000_000)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000_000, limits[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            door.receive()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert door.statuses() == {}
    assert [r.status for r in door.receive()] == ["loaded"]


def test_a_ledger_of_before_keeps_what_it_knows(tmp_path: Path) -> None:
    """Before, files were known by their content alone."""
    home = tmp_path / "home"
    settings = Settings(home=home)
    settings.prepare_home()
    con = open_warehouse(settings.warehouse)
    con.execute("create schema intake; create schema received; create schema raw; create schema reference")
    con.execute((Path(__file__).parent.parent / "data" / "ledger_before.sql").read_text(encoding="utf-8"))
    day = settings.lake / "service_calls" / "day=2026-01-02" / f"{'b' * 64}.parquet"
    empty = settings.lake / "service_calls" / "day=1970-01-01" / "empty.parquet"
    columns = ", ".join(f"null::{kind} as {name}" for name, kind in LAKE_COLUMNS.items() if name != "file_id")
    for path, rows in ((empty, 0), (day, 1)):
        path.parent.mkdir(parents=True)
        con.execute(f"copy (select '{'b' * 64}' as file_sha256, {columns} limit {rows}) to '{path}'")
    intake.prepare_warehouse(con, settings)
    intake.prepare_warehouse(con, settings)
    assert con.execute("select file_id, day from lake.service_calls").fetchall() == [
        ("b" * 64, dt.date(2026, 1, 2))
    ]
    assert con.execute(f"select dimension, programs, _file_name from raw.{PROGRAMS}").fetchall() == [
        ("Smart Living", 10, f"{PROGRAMS}/12.07/2025/a.csv")
    ]
    assert con.execute(
        "select file_name, status, rows_received, file_order from raw.intake_files order by file_order"
    ).fetchall() == [
        (f"{PROGRAMS}/12.07/2025/a.csv", "partly", 2, 1),
        ("service_log/combined/12.07/akses.log", "partly", 2, 2),
    ]
    assert con.execute(
        "select kind, row_number, rules, messages from raw.quarantine order by 1"
    ).fetchall() == [
        (PROGRAMS, 3, ["program_realization.programs.type"], ["…"]),
        ("service_log", 2, ["combined.head"], ["…"]),
    ]
    con.close()


def test_a_ledger_of_sentences_becomes_one_of_fields(door: Door) -> None:
    """Before, reasons and broken rules were sentences; what a home kept of them stays, in every table."""
    before = Path(__file__).parent.parent / "data" / "ledger_sentences.sql"
    door.con.execute(before.read_text(encoding="utf-8"))
    intake.prepare_warehouse(door.con, door.settings)
    intake.prepare_warehouse(door.con, door.settings)
    assert door.rows("select reason, reason_code, reason_text from raw.intake_files order by 1") == [
        ("catatan: ini bukan kode", None, "catatan: ini bukan kode"),
        ("no_usable_row: semua baris dikarantina", "no_usable_row", "semua baris dikarantina"),
    ]
    nothing = {"severity": "error", "column_name": None, "found": None, "expected": None}
    assert door.rows("select kind, rules, messages, broken from raw.quarantine order by kind") == [
        (PROGRAMS, ["a.b.type"], ["A."], [{"rule": "a.b.type", "message": "A."} | nothing]),
        ("service_log", ["combined.head"], ["B."], [{"rule": "combined.head", "message": "B."} | nothing]),
    ]
    types = (
        "select distinct data_type from information_schema.columns where column_name in ('broken', '_broken')"
    )
    assert len(door.rows(f"{types} and table_schema in ('intake', 'received')")) == 1
    # What comes now has the fields.
    door.put(f"{PROGRAMS}/12.07/2025/a.csv", HEAD + "Smart Living,x,6,4\n")
    door.receive()
    [(broken,)] = door.rows("select broken[1] from raw.quarantine where file_name like '%/a.csv'")
    expected = "bilangan bulat, misalnya 1.234"
    assert broken == {
        "rule": "program_realization.programs.type",
        "severity": "error",
        "column_name": "programs",
        "found": "x",
        "expected": expected,
        "message": f'Kolom Program: ditemukan "x", seharusnya {expected}.',
    }


def test_the_check_tells_first_what_is_not_read_and_offers_a_meta(
    door: Door, spbe: Any, tmp_path: Path
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(HEAD.strip() + ",Sumbar\n" + ROW.strip() + ",Bappeda\n\nCatatan: sementara,,,,\n")
    door.con.close()
    done = spbe(door.settings.home, "check", path, "--kind", PROGRAMS, "--out", tmp_path / "hasil")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("tidak dibaca:")
    assert '"Sumbar" = "source"' in done.stdout
    page = (tmp_path / "hasil" / "umpan_balik.html").read_text(encoding="utf-8")
    assert "Bagian berkas yang tidak dibaca" in page
    assert "Semua baris yang dikirim sudah dimuat" not in page


DOCUMENTS = "evidence_document/12.07/2026"
LIST = "Kode Dokumen,Judul,Jenis Dokumen,Tanggal Dokumen,Status,Peraturan,Indikator,Tingkat,Nama Berkas\n"
LISTED = "DD-7,Perbup,Peraturan,2025-03-01,Ditetapkan,permenpanrb-59-2020,7,2; 3,perbup.pdf\n"


def zipped(**parts: str) -> bytes:
    """A zip package with these parts; `__` in a name stands for a slash, `_` for a dot."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        for name, text in parts.items():
            package.writestr(name.replace("__", "/").replace("_", "."), text)
    return out.getvalue()


def test_documents_are_kept_as_they_are_beside_their_list(door: Door) -> None:
    door.put(f"{DOCUMENTS}/perbup.pdf", b"%PDF-1.4\nsatu\n")
    door.put(f"{DOCUMENTS}/foto.jpg", b"\xff\xd8\xff\xe0" + b"0" * 20)
    door.put(f"{DOCUMENTS}/sop.docx", zipped(word__document_xml="<x/>"))
    door.put(f"{DOCUMENTS}/catatan.odt", zipped(mimetype="application/vnd.oasis.opendocument.text"))
    door.put(f"{DOCUMENTS}/palsu.pdf", b"MZ\x90\x00 bukan PDF")
    door.put(f"{DOCUMENTS}/daftar.csv", LIST + LISTED)
    door.receive()
    assert {name.rpartition("/")[2]: status for name, status in door.statuses().items()} == {
        "perbup.pdf": "loaded", "foto.jpg": "loaded", "sop.docx": "loaded", "catatan.odt": "loaded",
        "palsu.pdf": "rejected", "daftar.csv": "loaded",
    }  # fmt: skip
    [(code, reason)] = door.rows("select reason_code, reason from raw.intake_files where status = 'rejected'")
    assert code == "unknown_document" and "diharapkan PDF" in reason
    assert door.rows("select name, media_type from raw.document_files order by name") == [
        ("catatan.odt", "application/vnd.oasis.opendocument.text"),
        ("foto.jpg", "image/jpeg"),
        ("perbup.pdf", "application/pdf"),
        ("sop.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ]
    assert door.rows(
        "select document_code, document_type, status, indicators, levels from raw.evidence_document"
    ) == [("DD-7", "aturan", "valid", ["7"], ["2", "3"])]


def test_a_workbook_beside_documents_is_the_list_or_a_document(door: Door) -> None:
    for name, head in (("daftar.xlsx", LIST), ("anggaran.xlsx", "Uraian,Jumlah\n")):
        book = xlsxwriter.Workbook(door.put(f"{DOCUMENTS}/{name}", b""))
        sheet = book.add_worksheet("Data")
        sheet.write_row(0, 0, next(csv.reader([head])))
        sheet.write_row(1, 0, next(csv.reader([LISTED])))
        book.close()
    door.receive()
    assert door.rows("select name from raw.document_files") == [("anggaran.xlsx",)]
    assert door.rows("select count(*) from raw.evidence_document") == [(1,)]


def test_a_document_sent_again_takes_the_place_of_the_one_before(door: Door) -> None:
    door.put(f"{DOCUMENTS}/perbup.pdf", b"%PDF-1.4\nlama\n")
    door.receive()
    door.put(f"{DOCUMENTS}/perbup.pdf", b"%PDF-1.4\nbaru dan lebih panjang\n")
    door.receive()
    assert door.rows("select size_bytes from raw.document_files") == [(32,)]
    assert door.rows("select status, count(*) from raw.intake_files group by 1 order by 1") == [
        ("loaded", 1), ("replaced", 1),
    ]  # fmt: skip


def test_a_document_over_the_limit_waits_for_a_smaller_one(door: Door) -> None:
    door.settings = door.settings.model_copy(update={"document_max_bytes": 100})
    door.put(f"{DOCUMENTS}/besar.pdf", b"%PDF-1.4\n" + b"0" * 200)
    door.receive()
    assert door.rows("select status, reason_code from raw.intake_files") == [("rejected", "too_large")]

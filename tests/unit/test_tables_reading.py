"""Tables in the forms that agencies send: what is read as rows, and what is told to the sender instead.

Whoever sends a file relies on this: every row that stands in it is loaded, quarantined or named.
"""

# ruff: noqa: E501  a case is a line
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from table_files import Rows, accounted, csv_text, elements, filled, left_out, ods, page, read, xlsx, zipped

from sources.errors import FileRejected
from sources.tables import UnknownHeader, propose_columns, row_place

HEAD = ["No", "Nama OPD", "Nama Aplikasi", "Alamat URL", "Status"]
ONE = [1, "Dinas A", "Aplikasi 1", "a1.contohkab.go.id", "Aktif"]
TWO = [2, "Dinas B", "Aplikasi 2", "a2.contohkab.go.id", "Aktif"]


def app(row: int, owner: str, name: str | None = None, url: str | None = None, **more: str) -> dict[str, Any]:
    """A landed row of an inventory."""
    found = {"row": row, "opd_name": owner, "system_name": name, "url": url, **more}
    return {k: v for k, v in found.items() if v is not None}


FIRST = app(2, "Dinas A", "Aplikasi 1", "a1.contohkab.go.id", status="Aktif")
SECOND = app(3, "Dinas B", "Aplikasi 2", "a2.contohkab.go.id", status="Aktif")


@dataclass
class Case:
    """A table, and what is read of it: landed rows and counts of rows left out."""

    name: str
    rows: Rows
    landed: list[dict[str, Any]]
    left: dict[str, int] = field(default_factory=dict)


CASES = [
    Case("plain", [HEAD, ONE, TWO], [FIRST, SECOND]),
    Case("only a header", [HEAD], []),
    # where the table begins
    Case(
        "titles above", [["DAFTAR APLIKASI"], ["Tahun", 2025], [], HEAD, ONE], [FIRST | {"row": 5}], {"heading": 2}
    ),
    Case(
        "a form's own fields above",
        [["Instansi : Kabupaten Contoh", "Status : Final"], HEAD, ONE],
        [FIRST | {"row": 3}],
        {"heading": 1},
    ),
    Case(
        "a group over two columns",
        [["No", "Nama OPD", "Aplikasi", "", "Status"], ["", "", "Nama", "Alamat URL", ""], ONE, TWO],
        [FIRST | {"row": 3}, SECOND | {"row": 4}],
    ),
    Case(
        "the second row names the columns",
        [["", "Pemilik", "Aplikasi", "", ""], HEAD, ONE],
        [FIRST | {"row": 3}],
        {"heading": 1},
    ),
    Case("numbered columns", [HEAD, ["(1)", "(2)", "(3)", "(4)", "(5)"], ONE], [FIRST | {"row": 3}], {"numbering": 1}),
    Case("numbers and a sum", [HEAD, [1, 2, 3, "4=2+3", 5], ONE], [FIRST | {"row": 3}], {"numbering": 1}),
    # how a name is written
    Case("stars and hints", [["No.", "Nama OPD *", "Nama Aplikasi*", "Alamat URL (wajib)", "Status :"], ONE], [FIRST]),
    Case("snake case", [["no", "nama_opd", "NAMA-APLIKASI", "alamat/url", "status"], ONE], [FIRST]),
    Case("numbers", [["1. No", "2. Nama OPD", "3) Nama Aplikasi", "4 Alamat URL", "e. Status"], ONE], [FIRST]),
    Case("arrows", [["No", "Nama OPD → pemilik", "← Nama Aplikasi", "Alamat URL -> daring", "Status: pilih"], ONE], [FIRST]),
    Case(
        "what to fill in",
        [["No", "Nama OPD (pengelola)", "Nama Aplikasi diisi lengkap", "Alamat URL, contoh a.go.id", "Status Aktif/Tidak Aktif"], ONE],
        [FIRST],
    ),
    Case("invisible marks", [["No", "Nama\u00a0OPD", "\u200bNama  Aplikasi", "Alamat URL\u00ad", "Status"], ONE], [FIRST]),
    # sections
    Case(
        "a second table below",
        [HEAD, ONE, [], ["Daftar Website"], ["No", "Nama OPD", "Alamat URL", "Status"], [1, "Dinas Z", "z.contohkab.go.id", "Aktif"]],
        [FIRST, app(6, "Dinas Z", None, "z.contohkab.go.id", status="Aktif")],
        {"footer": 1, "header": 1},
    ),
    Case(
        "a pasted table in another order",
        [HEAD, ONE, ["Status", "Alamat URL", "Nama Aplikasi", "Nama OPD", "No"], ["Aktif", "a2.contohkab.go.id", "Aplikasi 2", "Dinas B", 2]],
        [FIRST, SECOND | {"row": 4}],
        {"header": 1},
    ),
    Case("a repeated header", [HEAD, ONE, HEAD, TWO], [FIRST, SECOND | {"row": 4}], {"header": 1}),
    Case(
        "a list of codes below",
        [HEAD[1:], ONE[1:], [], ["Kode Status", "Keterangan"], ["A", "Aktif"]],
        [FIRST],
        {"section": 2},
    ),
    Case(
        "a legend below",
        [HEAD, ONE, [], ["Status", "Keterangan"], ["Aktif", "dipakai"], ["Tidak Aktif", "mati"]],
        [FIRST],
        {"header": 1, "section": 2},
    ),
    # rows that are none
    Case("totals", [HEAD, ONE, TWO, ["", "Jumlah", 2], ["TOTAL :", "", 2]], [FIRST, SECOND], {"total": 2}),
    Case(
        "headings between",
        [HEAD, ["A. Dinas"], ONE, ["B", "Badan"], TWO],
        [FIRST | {"row": 3}, SECOND | {"row": 5}],
        {"heading": 2},
    ),
    Case(
        "a signature",
        [HEAD, ONE, TWO, [], ["Catatan: data per Maret"], ["", "", "", "Lubuk Pakam, 3 Maret 2026"],
         ["", "", "", "Kepala Dinas Kominfo,"], [], ["", "", "", "BUDI, S.Kom"], ["", "", "", "NIP. 19700101 199003 1 001"]],
        [FIRST, SECOND],
        {"footer": 5},
    ),
    Case(
        "two who sign",
        [HEAD[1:], ONE[1:], ["Mengetahui", "", "", "Lubuk Pakam, 3 Maret 2026"], ["Sekretaris Daerah", "", "", "Kepala Dinas"], ["SITI", "", "", "BUDI"]],
        [FIRST],
        {"footer": 3},
    ),
    # rows that are rows
    Case(
        "sparse rows",
        [HEAD, [1, "Dinas A", "", "", ""], TWO, [3, "", "Tanpa pemilik", "", ""], ["", "Dinas D", "App D", "d.go.id", "Aktif"], [5, "Dinas E", "", "", ""]],
        [app(2, "Dinas A"), SECOND, {"row": 4, "system_name": "Tanpa pemilik"},
         app(5, "Dinas D", "App D", "d.go.id", status="Aktif"), app(6, "Dinas E")],
    ),
    Case(
        "an owner without number after a blank row",
        [HEAD[1:], ["Dinas A", "", "", "Aktif"], [], ["Dinas B", "", "", "Aktif"]],
        [app(2, "Dinas A", status="Aktif"), app(4, "Dinas B", status="Aktif")],
    ),
    Case(
        "a short last row behind a gap",
        [HEAD[1:], ONE[1:], [], ["Dinas B", "Aplikasi 2", "", ""]],
        [FIRST, app(4, "Dinas B", "Aplikasi 2")],
    ),
    Case("two columns", [["Nama OPD", "Nama Aplikasi"], ["", "App"], ["Dinas A", ""]],
         [{"row": 2, "system_name": "App"}, app(3, "Dinas A")]),
    Case("more cells than headings", [HEAD, [*ONE, "lebih", "", "lagi"]], [FIRST | {"surplus": "lebih | lagi"}]),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=[c.name for c in CASES])
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_what_is_read_of_a_table(form: str, case: Case, tmp_path: Path) -> None:
    content = csv_text(case.rows) if form == "csv" else xlsx({"Data": case.rows})
    table, landed = read(tmp_path, content)
    assert landed == case.landed
    assert {k: n for k, n in left_out(table).items() if k != "column"} == case.left
    assert accounted(table) == filled(case.rows)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("semicolons", csv_text([HEAD, ONE, TWO], ";")),
        ("tabs", csv_text([HEAD, ONE, TWO], "\t")),
        ("pipes", csv_text([HEAD, ONE, TWO], "|")),
        ("BOM", "\ufeff" + csv_text([HEAD, ONE, TWO])),
        ("UTF-16", csv_text([HEAD, ONE, TWO]).encode("utf-16")),
        ("UTF-16 without mark", csv_text([HEAD, ONE, TWO]).encode("utf-16-le")),
        ("line ends", csv_text([HEAD, ONE, TWO]).replace("\n", "\r\n")),
        ("web page", page([HEAD, ONE, TWO])),
        ("ODS", ods([HEAD, ONE, TWO])),
    ],
)
def test_every_form_gives_the_same_rows(name: str, content: bytes | str, tmp_path: Path) -> None:
    assert read(tmp_path, content)[1] == [FIRST, SECOND]


def test_a_web_page_may_hold_other_tables_and_spans(tmp_path: Path) -> None:
    text = (
        "<html><body><table><tr><td>menu</td></tr></table><TABLE><tr><th colspan=5>DAFTAR</th></tr>"
        "<tr><th rowspan=2>No<th rowspan=2>Nama OPD<th colspan=2>Aplikasi<th rowspan=2>Status</tr>"
        "<tr><th>Nama Aplikasi<th>Alamat URL</tr><tr><td>1<td>Dinas A<td>Aplikasi&nbsp;1<td>a1.contohkab.go.id"
        "<td>Aktif</tr></table></body></html>"
    )
    table, landed = read(tmp_path, text)
    assert landed == [FIRST | {"row": 4, "system_name": "Aplikasi 1"}]
    assert [(f.code, f.place) for f in table.left_out] == [("sheet", "tabel 1"), ("heading", "baris 1-2")]


# Sheets


def test_every_sheet_of_the_kind_loads_and_the_others_are_named(tmp_path: Path) -> None:
    sheets = {
        "Petunjuk": [["Petunjuk pengisian"], ["1. isi semua"]],
        "Ref": [["Nama OPD", "Status"], ["Dinas A", "Aktif"]],
        "Dinkes": [HEAD, ONE],
        "Disdik": [["REKAP"], ["Status", "Nama OPD", "Nama Aplikasi", "Catatan kami"], ["Aktif", "Dinas B", "PPDB", "x"]],
        "Kosong": [],
        "Lama": [HEAD, TWO],
    }  # fmt: skip
    table, landed = read(tmp_path, xlsx(sheets, hidden=["Lama"]))
    assert landed == [FIRST, app(10_000_003, "Dinas B", "PPDB", status="Aktif")]
    assert table.sheets == ["Dinkes", "Disdik"]
    assert row_place(table.sheets, 10_000_003) == "Disdik!3"
    assert row_place(["Data"], 3) == "3"
    told = {(f.code, f.place): f.count for f in table.left_out}
    assert told[("sheet", "Petunjuk")] == 2
    assert told[("sheet", "Ref")] == 2
    assert told[("sheet", "Lama")] == 2
    assert told[("heading", "Disdik: baris 1")] == 1
    assert table.unknown == [UnknownHeader("Catatan kami", None, "Disdik: baris 2, kolom D")]
    assert accounted(table) == sum(filled(rows) for rows in sheets.values())


def test_merged_cells_say_the_same_for_each_row(tmp_path: Path) -> None:
    rows = [HEAD, ONE, [2, None, "Aplikasi 2", None, "Aktif"]]
    _, landed = read(tmp_path, xlsx({"Data": rows}, merge=[(1, 1, 2, 1, "Dinas A")]))
    assert landed[1] == app(3, "Dinas A", "Aplikasi 2", status="Aktif")


# Headings with a meaning of their own


@pytest.mark.parametrize(
    ("values", "column"),
    [(["Web", "Mobile; Web"], "platform"), (["UMUM", "khusus"], "app_class"), (["Website", "Aplikasi"], "system_kind"),
     (["entah", "apa"], None), ([], None)],
)  # fmt: skip
def test_a_heading_of_several_meanings_is_decided_by_its_values(
    values: list[str], column: str | None, tmp_path: Path
) -> None:
    rows = [["Nama OPD", "Nama Aplikasi", "Jenis Aplikasi"], *([f"Dinas {v}", "App", v] for v in values)]
    table, _ = read(tmp_path, csv_text(rows))
    assert table.columns[2] == column
    assert [f.code for f in table.left_out] == ([] if column else ["column"])


@pytest.mark.parametrize(
    ("head", "columns"),
    [
        # Free text, no value to go by.
        (["ID Aduan", "Laporan"], ["complaint_id", "text"]),
        # Nothing but weak headings is a header all the same; the first of two takes the column.
        (["Tiket", "Uraian", "Deskripsi"], ["complaint_id", "text", None]),
        # A sure heading wins wherever it stands.
        (["Tiket", "Uraian", "ID Aduan"], [None, "text", "complaint_id"]),
    ],
)
@pytest.mark.parametrize("filled", [True, False])
def test_a_weak_heading_gives_its_column_where_nothing_else_does(
    head: list[str], columns: list[str | None], filled: bool, tmp_path: Path
) -> None:
    rows = [head, [f"sel {i}" for i in range(len(head))]] if filled else [head]
    table, _ = read(tmp_path, csv_text(rows), "complaint")
    assert table.columns == columns
    said = [f.message for f in table.left_out if f.code == "column"]
    assert len(said) == columns.count(None)
    assert all("sudah ada pada kolom lain" in message for message in said)


def test_unknown_columns_never_reject_and_each_is_named(tmp_path: Path) -> None:
    ours = [f"kolom kami {i}" for i in range(20)]
    table, landed = read(tmp_path, csv_text([[*HEAD, *ours, "Nama Penyedla"], [*ONE, *"x" * 20, "PT A"]]))
    assert landed == [FIRST]
    assert [u.header for u in table.unknown] == [*ours, "Nama Penyedla"]
    assert table.unknown[-1].near is not None
    assert left_out(table) == {"column": 21}
    assert propose_columns(table, "system_inventory") == {"Nama Penyedla": "vendor_name"}
    assert propose_columns(["Nama OPDD", "cuaca"], "system_inventory") == {"Nama OPDD": "opd_name"}


def test_the_senders_own_headings_win(tmp_path: Path) -> None:
    rows = [
        ["Dinas Pengampu", "Nama Aplikasi", "Laman", "Alamat URL"],
        ["Dinas A", "App", "a.go.id", "Jalan 1"],
    ]
    renamed = {"Dinas Pengampu": "opd_name", "laman": "url"}
    table, landed = read(tmp_path, csv_text(rows), renamed=renamed)
    assert landed == [app(2, "Dinas A", "App", "a.go.id")]
    assert [u.header for u in table.unknown] == ["Alamat URL"]


@pytest.mark.parametrize(
    ("rows", "code", "words"),
    [
        ([["Nama OPD", "Nama Aplikasi", "Nama Sistem"], ["A", "B", "C"]], "wrong_header",
         ["kolom Nama aplikasi", "dua kali", "Nama Aplikasi, Nama Sistem"]),
        ([["Nama OPD", "Nama Aplikasi", "Stаtus"], ["A", "B", "C"]], "wrong_header", ["Stаtus", "aksara lain"]),
        ([["warna", "Nama Aplikasy"], ["A", "B"]], "wrong_header", ["warna", "mungkin maksudnya Nama aplikasi", "diharapkan: Nama aplikasi, ", "OPD pemilik", "kolom lain pada halaman formatnya"]),
        ([["x" * 50] * 2000, ["A"]], "too_large", ["2,000 kolom"]),
        ([HEAD, [1, "A", "x" * 40_000, "", ""]], "too_large", ["baris 2", "Nama Aplikasi", "40,000"]),
    ],
    ids=["twice", "other script", "unknown", "many columns", "long cell"],
)  # fmt: skip
def test_a_header_that_can_not_be_used_is_named(
    rows: Rows, code: str, words: list[str], tmp_path: Path
) -> None:
    with pytest.raises(FileRejected) as refused:
        read(tmp_path, csv_text(rows))
    assert refused.value.code == code
    assert all(word in refused.value.message for word in words), refused.value.message


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"[Content_Types].xml": "<Types/>", "word/document.xml": "<x/>"}, "dokumen Word"),
        ({"[Content_Types].xml": "wordprocessingml.document.main+xml", "isi.xml": "<x/>"}, "dokumen Word"),
        ({"[Content_Types].xml": "presentationml.slide+xml", "ppt/slide1.xml": "<x/>"}, "salindia PowerPoint"),
        ({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": "<x/>"}, "dokumen teks OpenDocument"),
        ({"a.csv": "x,y"}, "arsip zip"),
    ],
)  # fmt: skip
def test_a_document_is_called_what_it_is(parts: dict[str, str], said: str, tmp_path: Path) -> None:
    with pytest.raises(FileRejected, match=said) as refused:
        read(tmp_path, zipped(parts))
    assert refused.value.code == "unreadable"


# Encodings and rows that can not be read


@pytest.mark.parametrize(
    ("content", "names", "faults"),
    [
        ("Sistem Café — uji,a\nSistem 2,x".encode() + b"\xff\n", ["Sistem Café — uji", "Sistem 2"], [3]),
        ("Café,a\nRéseau,b\nÜ,c\n".encode("cp1252"), ["Café", "Réseau", "Ü"], []),
        ("Sistem “Ü”,a\n".encode("cp1252"), ["Sistem “Ü”"], []),
        (b"Sistem 1,a\nSistem 2,b\x81\n", ["Sistem 1", "Sistem 2"], [3]),
        (b"Sistem 1,a\nSis\0tem 2,b\nSistem 3,c\n", ["Sistem 1", "Sis\ufffdtem 2", "Sistem 3"], [3]),
        (b'Sistem 1,a\n"Sistem 2,b\nSistem 3,c\n', ["Sistem 1", "Sistem 3"], [3]),
    ],
    ids=["one bad byte", "CP1252", "one line of CP1252", "a byte of no text", "NUL", "open quote"],
)
def test_what_can_not_be_read_costs_its_own_row(
    content: bytes, names: list[str], faults: list[int], tmp_path: Path
) -> None:
    _, landed = read(tmp_path, b"Nama Aplikasi,Nama OPD\n" + content)
    assert [r["system_name"] for r in landed if "opd_name" in r] == names
    assert [r["row"] for r in landed if "fault" in r] == faults
    assert len({r["row"] for r in landed}) == content.count(b"\n")


# JSON

ONE_OBJECT = '{"nama_opd": "Dinas A", "system_name": "App"}'
TWO_OBJECT = '{"nama_opd": "Dinas B", "system_name": "App 2"}'
BOTH = [app(1, "Dinas A", "App"), app(2, "Dinas B", "App 2")]


@pytest.mark.parametrize(
    ("text", "landed", "left"),
    [
        (f"[{ONE_OBJECT}, {TWO_OBJECT}]", BOTH, {}),
        (f"{ONE_OBJECT}\n{TWO_OBJECT}\n", BOTH, {}),
        (ONE_OBJECT.replace(",", ",\n") + "\n" + TWO_OBJECT, BOTH, {}),
        (f"[{ONE_OBJECT}]\n[{TWO_OBJECT}]", BOTH, {}),
        (f'{{"status": "ok", "data": [{ONE_OBJECT}, {TWO_OBJECT}], "meta": {{"n": 2}}}}', BOTH, {"envelope": 2}),
        (f'{{"hasil": {{"ref": [{{"a": 1}}], "baris": [{ONE_OBJECT}, {TWO_OBJECT}]}}}}', BOTH, {}),
        ('{"nama_opd": "Dinas A", "system_name": "App", "platform": ["web", "mobile"]}',
         [BOTH[0] | {"platform": "web;mobile"}], {}),
        (f"[{ONE_OBJECT}, 5, {{}}, {TWO_OBJECT}]",
         [BOTH[0], {"row": 2, "fault": "JSON rusak", "opd_name": "5"}, BOTH[1] | {"row": 4}], {}),
        (f"{ONE_OBJECT}\n{{broken\n\n{TWO_OBJECT}",
         [BOTH[0], {"row": 2, "fault": "JSON rusak", "opd_name": "{broken"}, BOTH[1] | {"row": 4}], {}),
        ('[{"nama_opd": "A", "system_name": "S", "status": "active", "status": "retired"}]',
         [app(1, "A", "S", status="retired", fault="kunci status tertulis dua kali")], {}),
        ('[{"nama_opd": "A", "system_name": NaN, "year_built": 2020.0}]', [app(1, "A", "NaN", year_built="2020")], {}),
        ('[{"nama_opd": "A", "system_name": true, "year_built": %s}]' % ("9" * 5000),
         [app(1, "A", "true", year_built="9" * 5000)], {}),
        ('[{"nama_opd": "A", "system_name": "\\ud800", "\\udfff": 1, "": 2, "$x": 3}]', [app(1, "A", "?")], {"column": 3}),
        ("[" + ",".join([ONE_OBJECT] * 1000) + ', {"nama_opd": "B", "url": "b.go.id", "baru": 1}]',
         [BOTH[0] | {"row": i} for i in range(1, 1001)] + [app(1001, "B", None, "b.go.id")], {"column": 1}),
    ],
)  # fmt: skip
def test_documents(text: str, landed: list[dict[str, Any]], left: dict[str, int], tmp_path: Path) -> None:
    table, found = read(tmp_path, text)
    assert found == landed
    assert left_out(table) == left


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[" * 100_000 + "]" * 100_000, "unreadable"),
        ('[{"nama_opd": "A", "system_name": ' + "[" * 100_000 + "]" * 100_000 + "}]", "unreadable"),
        ('{"a":' * 50_000 + "1" + "}" * 50_000, "unreadable"),
        (f"[{ONE_OBJECT}, ", "unreadable"),
        ("[]", "empty"),
        ("[1, 2]", "wrong_header"),
        ('{"data": "x"}', "wrong_header"),
    ],
)
def test_documents_that_are_no_table(text: str, code: str, tmp_path: Path) -> None:
    with pytest.raises(FileRejected) as refused:
        read(tmp_path, text)
    assert refused.value.code == code


def test_elements_and_rows_are_the_same(tmp_path: Path) -> None:
    _, landed = read(tmp_path, elements([HEAD, ONE, TWO]))
    assert landed == [FIRST | {"row": 1}, SECOND | {"row": 2}]

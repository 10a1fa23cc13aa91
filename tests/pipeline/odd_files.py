"""Dirty, odd and hostile files, each with what must become of it.

Belongs here: the shape of a case, how such files are made (never stored, names invented), and the cases of
tables and of what else lies in an inbox; logs are in `odd_logs.py`. Stays out: running them (`test_odd_inbox.py`,
`test_hostile_files.py`).
"""

# ruff: noqa: E501  a case is a line
import bz2
import datetime as dt
import gzip
import io
import json
import lzma
import os
import random
import socket
import tarfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import xlsxwriter

# What one file of a table may hold in these tests; the settings of the same names.
LIMITS = {"table_max_bytes": 5_000_000, "table_max_rows": 2_000, "table_max_columns": 60}

PROGRAM = "dimension,programs,achieved,not_achieved\n"
GOOD = "Smart Living,10,6,4\n"
ASSESSMENT = "rulebook_id,node_id,stage,level\n"
CONTRACT = "contract_no,system_code,vendor_name,kind,starts_on,ends_on,value_idr\n"
FIGURE = "figure_id,name,unit,published_value,field_value\n"
INVENTORY = "opd_code,system_code,system_name,system_kind,app_class,status,platform,url,function_text,builder_kind,hosting,has_api\n"
FORM = "No,Nama OPD,Nama Aplikasi,Alamat URL,Status\n"
COMPLAINT = "complaint_id,channel,opd_code,received_at,status\n"

# Where a case lies when it does not say: an instansi of its own, this year of reports.
OWN = "{instansi}/2026"
OWN_LOG = "{instansi}"


@dataclass(frozen=True)
class Case:
    """A file and what must become of it.

    Attributes:
        name: of the file, with folders before it where it lies in some.
        content: its bytes, or what makes the entry at a path.
        kind: the folder it lies in, `service_log/<format>` for logs; "" for none.
        status: of the ledger; `ignored` where nothing may be listed. Several, with `|` between, where the
            rules leave it open.
        loaded: how many rows load.
        meta: text of the `.meta.toml` beside it, or what makes that.
        reason: words of the file's reason.
        broken: for each quarantined row its number (a text: its place), a rule and words of its message. A
            rule that ends in `*` is any that begins so.
        place: folders between kind and name; `{instansi}` is an instansi of the case's own, `{n}` a folder.
        values: SQL over `rows` (those that loaded), `refused`, `warned` and `told` (what was left out) of this
            file, and what it gives: a list of rows, or of values where it has one column.
        left_out: codes of what must be told as left out, and all of them.
    """

    name: str
    content: bytes | str | Callable[[Path], object]
    kind: str = "program_realization"
    status: str = "loaded"
    loaded: int | None = None
    meta: str | bytes | Callable[[Path], object] | None = None
    reason: tuple[str, ...] = ()
    broken: Sequence[tuple[int | str, str, tuple[str, ...]]] | None = ()
    place: str | None = None
    values: Sequence[tuple[str, list[object]]] = ()
    left_out: tuple[str, ...] = ()

    @property
    def is_log(self) -> bool:
        return self.kind.startswith("service_log")

    @property
    def label(self) -> str:
        """A short name for the list of tests."""
        plain = self.name.encode(errors="surrogateescape").decode(errors="replace")
        plain = "".join(c if c.isascii() and c.isprintable() and c not in "[]" else "." for c in plain)
        return f"{self.kind.rsplit('/', 1)[-1]}-{plain[:40]}"


def _own(number: int) -> dict[str, str]:
    return {"instansi": f"{70 + number // 100}.{number % 100:02}", "n": f"kasus-{number}"}


def _place(case: Case) -> str:
    return case.place if case.place is not None else OWN_LOG if case.is_log else OWN


def folder_of(case: Case, number: int) -> str:
    """The folder of a case in the inbox; ends without a slash."""
    return "/".join(part for part in (case.kind, _place(case).format(**_own(number))) if part)


def mark_of(case: Case, number: int) -> str | None:
    """A folder that no other case has, None where the case shares its folder with others."""
    return next((f"/{own}/" for name, own in _own(number).items() if f"{{{name}}}" in _place(case)), None)


def lay(case: Case, number: int, inbox: Path) -> None:
    """Put a case into an inbox."""
    path = inbox / folder_of(case, number) / case.name
    path.parent.mkdir(parents=True, exist_ok=True)
    _make(path, case.content)
    if case.meta is not None:
        _make(path.with_name(path.name + ".meta.toml"), case.meta)


def _make(path: Path, content: bytes | str | Callable[[Path], object]) -> None:
    if callable(content):
        content(path)
    else:
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def xlsx(rows: list[list[object]], **options: object) -> bytes:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    for name in options.get("sheets", ["Sheet1"]):  # type: ignore[attr-defined]
        sheet = book.add_worksheet(name)
        if name == options.get("hidden"):
            sheet.hide()
            continue
        if name == options.get("first"):
            sheet.write(0, 0, "catatan")
            continue
        for r, row in enumerate(rows, int(options.get("top", 0))):  # type: ignore[call-overload]
            for c, value in enumerate(row):
                if isinstance(value, str) and value.startswith("="):
                    sheet.write_formula(r, c, value, None, options.get("result", 0))  # type: ignore[arg-type]
                elif value is not None:
                    sheet.write(r, c, value)
        for area in options.get("merge", []):  # type: ignore[attr-defined]
            sheet.merge_range(*area)
    if "first" in options:
        book.get_worksheet_by_name(str(options["first"]))
    book.close()
    return buffer.getvalue()


def ods(rows: list[list[str]]) -> bytes:
    cells = "".join(
        "<table:table-row>"
        + "".join(
            f'<table:table-cell office:value-type="string"><text:p>{c}</text:p></table:table-cell>'
            for c in row
        )
        + "</table:table-row>"
        for row in rows
    )
    content = (
        '<?xml version="1.0" encoding="UTF-8"?><office:document-content '
        'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
        'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" office:version="1.2"><office:body>'
        f'<office:spreadsheet><table:table table:name="A">{cells}</table:table></office:spreadsheet>'
        "</office:body></office:document-content>"
    )
    manifest = (
        '<?xml version="1.0"?><manifest:manifest '
        'xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
    )
    return archive(
        {
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
            "content.xml": content,
            "META-INF/manifest.xml": manifest,
        }
    )


def archive(members: dict[str, str | bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(name, content)
    return buffer.getvalue()


def with_member(workbook: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(workbook)) as old:
        members: dict[str, str | bytes] = {n: old.read(n) for n in old.namelist()}
    return archive(members | {name: b"x"})


def book(sheets: Mapping[str, Sequence[Sequence[object]]], **options: object) -> bytes:
    """A workbook of several sheets; `hidden` names those that are not shown, `old_dates` counts from 1904."""
    buffer = io.BytesIO()
    made = xlsxwriter.Workbook(
        buffer,
        {
            "in_memory": True,
            "date_1904": options.get("old_dates", False),
            "default_date_format": "dd/mm/yyyy",
        },
    )
    for name, rows in sheets.items():
        sheet = made.add_worksheet(name)
        for r, row in enumerate(rows):
            for c, value in enumerate(row):
                if value is not None:
                    sheet.write(r, c, value)
    for name in options.get("hidden", ()):  # type: ignore[attr-defined]
        made.get_worksheet_by_name(name).hide()
    if options.get("chart"):
        chart = made.add_chart({"type": "bar"})
        chart.add_series({"values": f"={next(iter(sheets))}!$B$2:$B$2"})
        made.add_chartsheet("Grafik").set_chart(chart)
    made.close()
    return buffer.getvalue()


_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'


def column_name(number: int) -> str:
    """A, B, … of a column counted from 0."""
    name = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        name = chr(65 + rest) + name
    return name


def sheet_data(rows: Sequence[Sequence[object]]) -> str:
    """The XML of rows, texts inline; a text that begins with `<` is the XML of a cell, `@` in it its place."""
    made = []
    for r, row in enumerate(rows, 1):
        cells = []
        for c, value in enumerate(row):
            place = f"{column_name(c)}{r}"
            if isinstance(value, str) and value.startswith("<"):
                cells.append(value.replace("@", place))
            elif isinstance(value, str):
                cells.append(f'<c r="{place}" t="inlineStr"><is><t>{value}</t></is></c>')
            elif value is not None:
                cells.append(f'<c r="{place}"><v>{value}</v></c>')
        made.append(f'<row r="{r}">{"".join(cells)}</row>')
    return "".join(made)


def raw_book(
    sheets: Mapping[str, str],
    extra: str = "",
    shared: str = "",
    dtd: str = "",
    more: Mapping[str, str | bytes] = {},
) -> bytes:
    """A workbook from the XML of its rows by sheet; `extra` follows the rows, `shared` are shared strings."""
    names = list(sheets)
    members: dict[str, str | bytes] = {
        "[Content_Types].xml": f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>',
        "_rels/.rels": f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><workbookPr/><sheets>'
        + "".join(f'<sheet name="{name}" sheetId="{i}" r:id="rId{i}"/>' for i, name in enumerate(names, 1))
        + "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
        + "".join(
            f'<Relationship Id="rId{i}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{i}.xml"/>'
            for i, _ in enumerate(names, 1)
        )
        + (
            f'<Relationship Id="rId{len(names) + 1}" Type="{_OFFICE}/sharedStrings" Target="sharedStrings.xml"/>'
        )
        + "</Relationships>",
        "xl/sharedStrings.xml": f'{_XML}{dtd}<sst xmlns="{_MAIN}">{shared}</sst>',
    }
    for i, rows in enumerate(sheets.values(), 1):
        members[f"xl/worksheets/sheet{i}.xml"] = (
            f'{_XML}<worksheet xmlns="{_MAIN}"><sheetData>{rows}</sheetData>{extra}</worksheet>'
        )
    return archive(members | dict(more))


def ods_book(content: str, manifest: str = "", more: Mapping[str, str | bytes] = {}) -> bytes:
    """An ODS whose one sheet holds the given rows as XML."""
    text = "urn:oasis:names:tc:opendocument:xmlns"
    return archive(
        {
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
            "content.xml": f'<?xml version="1.0" encoding="UTF-8"?><office:document-content xmlns:office="{text}:office:1.0" '
            f'xmlns:table="{text}:table:1.0" xmlns:text="{text}:text:1.0" office:version="1.2"><office:body>'
            f'<office:spreadsheet><table:table table:name="A">{content}</table:table></office:spreadsheet>'
            "</office:body></office:document-content>",
            "META-INF/manifest.xml": f'<?xml version="1.0"?><manifest:manifest xmlns:manifest="{text}:manifest:1.0">'
            f"{manifest}</manifest:manifest>",
            **more,
        }
    )


def ods_row(cells: Sequence[str], attributes: str = "") -> str:
    return (
        f"<table:table-row{attributes}>"
        + "".join(
            f'<table:table-cell office:value-type="string"><text:p>{c}</text:p></table:table-cell>'
            for c in cells
        )
        + "</table:table-row>"
    )


def system(code: str, name: str = "Sistem 1", url: str | None = None, **other: str) -> str:
    """A row of `INVENTORY`."""
    cells = {
        "opd_code": "12.07-DINSOS", "system_code": code, "system_name": name, "system_kind": "application",
        "app_class": "khusus", "status": "active", "platform": "web", "url": url or f"{code.lower()}.uji.go.id",
        "function_text": "Layanan", "builder_kind": "own_opd", "hosting": "kominfo_dc", "has_api": "Ya",
    }  # fmt: skip
    return ",".join((cells | other).values()) + "\n"


def program_json(*rows: str) -> str:
    return "[" + ",".join(rows) + "]"


def tar(name: str, content: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as made:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        made.addfile(info, io.BytesIO(content.encode()))
    return buffer.getvalue()


def touched(content: str, seconds: int) -> Callable[[Path], object]:
    """A file of a time, in seconds since 1970."""

    def make(path: Path) -> None:
        path.write_text(content, encoding="utf-8")
        os.utime(path, (seconds, seconds))

    return make


def with_mode(content: str, mode: int) -> Callable[[Path], object]:
    def make(path: Path) -> None:
        path.write_text(content, encoding="utf-8")
        path.chmod(mode)

    return make


def link_to(target: str) -> Callable[[Path], object]:
    return lambda path: path.symlink_to(target)


def unix_socket(path: Path) -> None:
    """A socket; its path may be longer than an address may be."""
    here = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


def folder_with(name: str, content: str) -> Callable[[Path], object]:
    def make(path: Path) -> None:
        path.mkdir()
        (path / name).write_text(content, encoding="utf-8")

    return make


def deep_folder(depth: int, name: str, content: str) -> Callable[[Path], object]:
    def make(path: Path) -> None:
        deepest = path.joinpath(*["d"] * depth)
        deepest.mkdir(parents=True)
        (deepest / name).write_text(content, encoding="utf-8")

    return make


def beside(path: Path, name: str, content: str | Callable[[Path], object]) -> None:
    """Something else that lies where a case lies."""
    _make(path.with_name(name), content)


def odd_name(raw: bytes) -> str:
    return os.fsdecode(raw)


HEAD = ["dimension", "programs", "achieved", "not_achieved"]
ROW: list[object] = ["Smart Living", 10, 6, 4]
ONE = "Smart Economy,3,2,1\n"

CASES = [
    # text files as people send them
    Case("bom.csv", "\ufeff" + PROGRAM + GOOD, loaded=1),
    Case("semicolon.csv", (PROGRAM + GOOD).replace(",", ";"), loaded=1),
    Case("tab.tsv", (PROGRAM + GOOD).replace(",", "\t"), loaded=1),
    Case("utf16.csv", (PROGRAM + GOOD).encode("utf-16"), loaded=1),
    Case("cp1252.csv", (PROGRAM + "Smart Café,10,6,4\n").encode("cp1252"), loaded=1),
    Case("crlf.csv", (PROGRAM + GOOD).replace("\n", "\r\n"), loaded=1),
    Case("old_mac.csv", (PROGRAM + GOOD).replace("\n", "\r"), loaded=1),
    Case("no_last_newline.csv", PROGRAM + GOOD.strip(), loaded=1),
    Case("plain.csv.gz", gzip.compress((PROGRAM + GOOD + ONE).encode(), mtime=0), loaded=2),
    Case("title_rows.csv", "LAPORAN PROGRAM,,,\n,,,\n" + PROGRAM + GOOD, loaded=1),
    Case("blank_rows.csv", PROGRAM + ",,,\n" + GOOD + "\n,,,\n", loaded=1),
    Case("totals.csv", PROGRAM + GOOD + "Jumlah,10,6,4\nTOTAL,10,6,4\n", loaded=1),
    Case("repeated_header.csv", PROGRAM + GOOD + PROGRAM + ONE, loaded=2),
    Case("quoted_newline.csv", PROGRAM + '"Smart\nLiving",10,6,4\n' + ONE, loaded=2),
    Case("spaces.csv", PROGRAM + "  Smart\u00a0\u00a0Living ,\t10 , 6,4\n", loaded=1),
    Case("invisible.csv", PROGRAM + "Smart\u200b Living,10\u200e,6,4\n", loaded=1),
    Case("thousands.csv", PROGRAM + 'Smart Living,"1.234","1.000",234\n', loaded=1),
    Case("header_case.csv", "DIMENSION, Programs ,ACHIEVED,Not_Achieved\n" + GOOD, loaded=1),
    Case("two_row_header.csv", "dimension,programs,achieved,\n,,,not_achieved\n" + GOOD, loaded=1),
    Case(
        "unknown_column.csv",
        PROGRAM.strip() + ",sumbar\n" + GOOD.strip() + ",x\n",
        loaded=1,
        left_out=("column",),
        values=[("select bool_or(contains(message, 'sumbar') and contains(lower(message), 'sumber')) from told", [True])],
    ),
    Case("header_only.csv", PROGRAM, loaded=0),
    # workbooks
    Case("plain.xlsx", xlsx([HEAD, ROW]), loaded=1),
    Case("title.xlsx", xlsx([["Laporan"], [], HEAD, ROW], top=2), loaded=1),
    Case("second_sheet.xlsx", xlsx([HEAD, ROW], sheets=["Baca", "Data"], first="Baca"), loaded=1),
    Case("hidden_sheet.xlsx", xlsx([HEAD, ROW], sheets=["Data", "Rahasia"], hidden="Rahasia"), loaded=1),
    Case("formula.xlsx", xlsx([HEAD, ["Smart Living", "=6+4", 6, 4]], result=10), loaded=1),
    Case("float.xlsx", xlsx([HEAD, ["Smart Float", 10.0, 6.0, 4.0]]), loaded=1),
    Case("wrong_ending.csv", xlsx([HEAD, ROW, ["Smart Governance", 5, 4, 1]]), loaded=2),
    Case("plain.ods", ods([HEAD, ["Smart Living", "10", "6", "4"]]), loaded=1),
    Case(
        "merged.xlsx",
        xlsx(
            [["dimension", "description", "verdict"], ["Policy", "a", "Enough"], [None, "b", "Better"]],
            merge=[(1, 0, 2, 0, "Policy")],
        ),
        kind="smart_city_evaluation",
        loaded=2,
    ),
    # JSON
    Case("array.json", '[{"dimension":"A","programs":3,"achieved":2,"not_achieved":1}]', loaded=1),
    Case("object.json", '{"data":[{"dimension":"B","programs":3,"achieved":2,"not_achieved":1}]}', loaded=1),
    Case(
        "lines.jsonl",
        '{"dimension":"C","programs":3,"achieved":2,"not_achieved":1}\n{"dimension":"D",\n',
        status="partly",
        loaded=1,
        broken=[(2, "program_realization.row.unreadable", ("JSON",))],
    ),
    # whole files that can not be used
    Case("empty.csv", b"", status="rejected", reason=("empty", "0 byte")),
    Case("blank.csv", "\n  \n\n", status="rejected", reason=("empty",)),
    Case("wrong.csv", "warna,rasa\nbiru,asin\n", status="rejected", reason=("wrong_header", "warna, rasa")),
    Case(
        "no_key.csv",
        "dimension,programs,source\nA,1,x\n",
        status="rejected",
        reason=("wrong_header", "Tercapai, Belum tercapai"),
    ),
    Case("twice.csv", "dimension,dimension,programs,achieved,not_achieved\nA,A,1,1,0\n", status="rejected",
         reason=("wrong_header", "dua kali")),
    Case("cyrillic.csv", PROGRAM.replace("programs", "prоgrams") + GOOD, status="rejected", reason=("aksara lain",)),
    Case("pdf.csv", b"%PDF-1.7\n1 0 obj\n", status="rejected", reason=("unreadable", "PDF")),
    Case("picture.xlsx", b"\x89PNG\r\n\x1a\n0000", status="rejected", reason=("unreadable", "gambar")),
    Case("cut.xlsx", xlsx([HEAD, ROW])[:900], status="rejected", reason=("unreadable",)),
    Case("locked.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
         status="rejected", reason=("encrypted", "sandi")),
    Case("old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"Workbook", status="rejected", reason=(".xls",)),
    Case("macro.xlsm", with_member(xlsx([HEAD, ROW]), "xl/vbaProject.bin"), status="rejected", reason=("macro",)),
    Case("files.zip", archive({"a.csv": PROGRAM + GOOD}), status="rejected", reason=("unreadable", "zip")),
    Case("bomb.xlsx", archive({"xl/workbook.xml": b"0" * 6_000_000}), status="rejected", reason=("too_large",)),
    Case("bomb.csv.gz", gzip.compress(b"0" * 6_000_000, mtime=0), status="rejected", reason=("too_large",)),
    Case("gz_in_gz.csv.gz", gzip.compress(gzip.compress(b"a,b\n", mtime=0), mtime=0), status="rejected",
         reason=("unreadable", "gz di dalam gz")),
    Case("cut.csv.gz", gzip.compress((PROGRAM + GOOD * 50).encode(), mtime=0)[:-12], status="rejected",
         reason=("truncated",)),
    Case("broken.json", '[{"dimension": "A",', status="rejected", reason=("unreadable", "baris 1")),
    Case("number.json", "[1, 2, 3]", status="rejected", reason=("wrong_header",)),
    Case("many_rows.csv", PROGRAM + "".join(f"D{i},1,1,0\n" for i in range(2001)), status="rejected",
         reason=("too_large", "2,000 baris")),
    Case("many_columns.csv", ",".join([*HEAD, *(f"programs{i}" for i in range(3)), *(["source"] * 0)])
         + "\n" + GOOD, loaded=1, left_out=("column",),
         values=[("select bool_or(contains(place || message, 'programs0')) from told", [True])]),
    Case("long_cell.csv", PROGRAM + "x" * 40_000 + ",1,1,0\n", status="rejected",
         reason=("too_large", "baris 2", "dimension")),
    Case("bad_meta.csv", PROGRAM + "M,1,1,0\n", meta='periode = "2026"', status="rejected",
         reason=("bad_meta", "periode")),
    Case("meta_column.csv", PROGRAM + "N,1,1,0\n", meta='[constants]\nwarna = "biru"', status="rejected",
         reason=("bad_meta", "warna")),
    Case("link.csv", lambda p: p.symlink_to("/etc/hostname"), status="rejected", reason=("unsafe_path",)),
    # any other folder is only a folder
    Case("folder.csv", lambda p: p.mkdir(), status="ignored"),
    # rows
    Case("surplus.csv", PROGRAM + "A,1,1,0,lebih\n" + GOOD, status="partly", loaded=1,
         broken=[(2, "program_realization.row.surplus_cells", ("lebih",))]),
    Case("open_quote.csv", PROGRAM + '"A,1,1,0\n' + GOOD + ONE, status="partly", loaded=2,
         broken=[(2, "program_realization.row.unreadable", ("tanda kutip",))]),
    Case("nul.csv", PROGRAM + "A\0,1,1,0\n" + GOOD, status="partly", loaded=1,
         broken=[(2, "program_realization.row.unreadable", ("NUL",))]),
    Case("sum.csv", PROGRAM + "A,5,3,1\n" + GOOD, status="partly", loaded=1,
         broken=[(2, "program_realization.row.parts_sum", ("5",))]),
    Case("word.csv", PROGRAM + "A,lima,3,2\n" + GOOD, status="partly", loaded=1,
         broken=[(2, "program_realization.programs.type", ("Kolom Program", "lima", "bilangan bulat"))]),
    Case("fraction.csv", PROGRAM + "A,5.5,3,2\n" + GOOD, status="partly", loaded=1,
         broken=[(2, "program_realization.programs.type", ("5.5",))]),
    Case("negative.csv", PROGRAM + "A,-1,-1,0\n" + GOOD, status="partly", loaded=1,
         broken=[(2, "program_realization.programs.range", ("-1", "paling sedikit 0"))]),
    Case("missing.csv", PROGRAM + "A,-,3,2\n" + GOOD, status="partly", loaded=1,
         broken=[(2, "program_realization.programs.missing", ("Kolom Program",))]),
    Case("duplicate.csv", PROGRAM + GOOD + GOOD, status="partly", loaded=1,
         broken=[(3, "program_realization.key.duplicate", ("sama persis", "Smart Living"))]),
    Case("conflict.csv", PROGRAM + GOOD + "Smart Living,9,5,4\n" + ONE, status="partly", loaded=1,
         broken=[(2, "program_realization.key.conflict", ("Smart Living",)),
                 (3, "program_realization.key.conflict", ("Smart Living",))]),
    Case("level6.csv", ASSESSMENT + "permenpanrb-59-2020,p59.i01,self,6\n", kind="self_assessment",
         status="rejected", loaded=0, reason=("no_usable_row",),
         broken=[(2, "self_assessment.row.level_on_scale", ("skala",))]),
    Case("tiga.csv", ASSESSMENT + "permenpanrb-59-2020,p59.i01,self,tiga\npermenpanrb-59-2020,p59.i02,self,3\n",
         kind="self_assessment", status="partly", loaded=1,
         broken=[(2, "self_assessment.level.type", ("tiga", "bilangan"))]),
    Case("nan.csv", ASSESSMENT + "permenpanrb-59-2020,p59.i01,self,Infinity\npermenpanrb-59-2020,p59.i02,self,3\n",
         kind="self_assessment", status="partly", loaded=1,
         broken=[(2, "self_assessment.level.type", ("Infinity",))]),
    Case("empty_level.csv", ASSESSMENT + "permenpanrb-59-2020,p59.i01,self,\n", kind="self_assessment", loaded=1),
    Case("comma_level.csv", ASSESSMENT + 'permenpanrb-59-2020,p59.i01,self,"3,00"\n', kind="self_assessment",
         loaded=1),
    Case("node.csv", ASSESSMENT + "permenpanrb-59-2020,p59.i48,self,3\npermenpanrb-59-2020,p59.i02,self,3\n",
         kind="self_assessment", status="partly", loaded=1,
         broken=[(2, "self_assessment.node_id.reference", ("p59.i48",))]),
    Case("stage.csv", ASSESSMENT + "permenpanrb-59-2020,p59.i01,besok,3\npermenpanrb-59-2020,p59.i02,self,3\n",
         kind="self_assessment", status="partly", loaded=1,
         broken=[(2, "self_assessment.stage.codes", ("besok", "Wawancara"))]),
    Case("dates.csv", CONTRACT + "1,A,PT A,host,3 Maret 2026,31/12/2026,Rp 99.000.000,-\n".replace(
        "Rp 99.000.000,-", '"Rp 99.000.000,-"') + "2,A,PT A,host,46084,2026-12-31,1\n",
         kind="vendor_contract", loaded=2),
    Case("no_such_day.csv", CONTRACT + "1,A,PT A,host,2026-02-30,2026-12-31,1\n2,A,PT A,host,2026-01-01,2026-12-31,1\n",
         kind="vendor_contract", status="partly", loaded=1,
         broken=[(2, "vendor_contract.starts_on.type", ("2026-02-30", "tanggal"))]),
    Case("reversed.csv", CONTRACT + "1,A,PT A,host,2026-12-31,2026-01-01,1\n2,A,PT A,host,2026-01-01,2026-12-31,1\n",
         kind="vendor_contract", status="partly", loaded=1,
         broken=[(2, "vendor_contract.row.date_order", ("2026-12-31",))]),
    Case("zero.csv", "figure_id,name,unit,published_value,numerator,denominator\nF1,a,users,1,1,0\nF2,a,users,1,1,2\n",
         kind="published_figure", status="partly", loaded=1,
         broken=[(2, "published_figure.row.denominator_not_zero", ("nol",))]),
    Case("injection.csv", FIGURE + "F1,=HYPERLINK(1),users,1,1\n", kind="published_figure", loaded=1),
    Case("sql.csv", FIGURE + "F1,'); drop table intake.files; --,users,1,1\n", kind="published_figure", loaded=1),
    Case("html.csv", FIGURE + "F1,<script>alert(1)</script>,users,1,1\n", kind="published_figure", loaded=1),
]  # fmt: skip


def _program(*rows: str) -> str:
    return PROGRAM + "".join(f"{row}\n" for row in rows)


def _told(word: str, code: str = "column") -> tuple[str, list[object]]:
    """That a word stands in what was told as left out."""
    return (
        f"select count(*) > 0 from told where code = '{code}' and contains(place || ' ' || message, '{word}')",
        [True],
    )


DIMENSIONS = "select dimension from rows order by _row_number"
COUNTS = "select programs, achieved, not_achieved from rows order by _row_number"
NAMES = "select system_name from rows order by _row_number"
FORM_HEAD = ["No", "Nama OPD", "Nama Aplikasi", "Alamat URL", "Status"]


def _form(number: int, opd: str | None = None) -> list[object]:
    return [number, opd or f"Dinas Rekaan {number}", f"Aplikasi {number}", f"r{number}.rekaan.go.id", "Aktif"]


# Personal values that nobody may find again; all invented, of people who were never born.
NIKS = tuple(f"12072641059{n:05}" for n in range(70, 90))

# How agencies really fill their forms.
FORMS = [
    Case("katalog.csv", "No,Nama Data,Produsen Data,Wali Data,Sifat Data,Jenis Data,Jadwal Pemutakhiran\n"
         "1,Jumlah puskesmas,Dinas Kesehatan,Dinas Kominfo,Terbuka,Statistik,Tahunan\n", kind="dataset_catalogue", loaded=1,
         values=[("select dataset_name, access, data_type, update_frequency from rows",
                  [("Jumlah puskesmas", "open", "statistic", "annual")])]),
    # No oddity: the register of 12.07, which cases below are held to.
    Case("daftar_opd.csv", "opd_code,opd_name,short_name,is_active\n" + "".join(f"12.07-{code},{name},{code.title()},Ya\n" for code, name in (
         ("DINSOS", "Dinas Sosial"), ("DISHUB", "Dinas Perhubungan"), ("DINKES", "Dinas Kesehatan"))), kind="opd_register", place="12.07/{n}", loaded=3),
    Case("kode_dan_nama.csv", INVENTORY + system("R-1", opd_code="12.07-DINSOS Dinas Sosial"), kind="system_inventory",
         place="12.07/{n}", loaded=1, values=[("select opd_code from rows", ["12.07-DINSOS"])]),
    Case("daftar_dulu.xlsx", book({"Petunjuk": [["Petunjuk pengisian"], ["1. isi semua"]],
         "Ref": [["Nama OPD", "Status"], ["Dinas A", "Aktif"], ["Dinas B", "Aktif"]],
         "Data": [FORM_HEAD, *(_form(n) for n in (1, 2, 3))]}), kind="system_inventory", loaded=3, left_out=("sheet",),
         values=[(NAMES, ["Aplikasi 1", "Aplikasi 2", "Aplikasi 3"]), _told("Ref", "sheet")]),
    Case("web.xls", "<html><body><table border=1><tr>" + "".join(f"<th>{h}</th>" for h in FORM_HEAD) + "</tr>"
         + "".join("<tr>" + "".join(f"<td>{c}</td>" for c in _form(n)) + "</tr>" for n in (1, 2)) + "</table></body></html>",
         kind="system_inventory", status="loaded|rejected"),
    Case("xml2003.xls", '<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook '
         'xmlns="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet/></Workbook>', kind="system_inventory",
         status="rejected", reason=("unreadable", ".xlsx")),
    Case("kolom_periode.csv", "period," + INVENTORY + "2025," + system("R-2"), kind="system_inventory", place="{instansi}", loaded=1,
         values=[("select _period from rows", ["2025"])]),
    Case("tabel_kedua.csv", (FORM + "1,Dinas Rekaan 1,Aplikasi 1,r1.rekaan.go.id,Aktif\n2,Dinas Rekaan 2,Aplikasi 2,r2.rekaan.go.id,Aktif\n"
         "\nDaftar Website\nNo,Nama OPD,Alamat URL,Status\n1,Dinas Z,z.rekaan.go.id,Aktif\n").replace("\n", "\r\n"), kind="system_inventory",
         loaded=3, values=[("select opd_name, system_name, url from rows order by _row_number",
         [("Dinas Rekaan 1", "Aplikasi 1", "r1.rekaan.go.id"), ("Dinas Rekaan 2", "Aplikasi 2", "r2.rekaan.go.id"), ("Dinas Z", None, "z.rekaan.go.id")])]),
    Case("lembar_per_opd.xlsx", book({"Dinkes": [FORM_HEAD, _form(1), _form(2)], "Disdik": [FORM_HEAD, _form(3)],
         "Dishub": [FORM_HEAD, _form(4)]}), kind="system_inventory", loaded=4, values=[("select count(distinct system_name) from rows", [4])]),
    Case("garis_bawah.csv", "id,nama_opd,nama_aplikasi,alamat_url,status\n1,Dinas A,App,a.rekaan.go.id,Aktif\n", kind="system_inventory",
         loaded=1, values=[("select opd_name, system_name, url, status from rows", [("Dinas A", "App", "a.rekaan.go.id", "active")])]),
    Case("bintang.xlsx", book({"S": [["No.", "Nama OPD *", "Nama Aplikasi*", "Alamat URL (wajib)", "Status :"], _form(1), _form(2)]}),
         kind="system_inventory", loaded=2, values=[("select opd_name, status from rows order by _row_number",
         [("Dinas Rekaan 1", "active"), ("Dinas Rekaan 2", "active")])]),
    Case("nomor_dan_panah.csv", "1. No,2. Nama OPD ← OPD pemilik,3. Nama-Aplikasi,4/ Alamat URL: tanpa http,Status\n"
         "1,Dinas A,App,a.rekaan.go.id,Aktif\n", kind="system_inventory", loaded=1, values=[(NAMES, ["App"])]),
    Case("kata_status.csv", "Nama OPD,Nama Aplikasi,Status\nDinas A,App1,Non Aktif\nDinas A,App2,Non-Aktif\nDinas A,App3,Dalam Pengembangan\n"
         "Dinas A,App4,Masih digunakan\nDinas A,App5,Entah\n", kind="system_inventory", loaded=5,
         values=[("select status from rows order by _row_number", ["inactive", "inactive", "in_development", "active", None])]),
    Case("judul_pemilik.csv", "No,Nama Aplikasi,URL,Dinas Pengampu,Status\n1,App1,a1.rekaan.go.id,Dinas A,Aktif\n", kind="system_inventory",
         status="loaded|rejected", broken=None,
         values=[("select (select count(*) from rows where opd_name = 'Dinas A') + (select count(*) from told where code = 'column' "
                  "and contains(place || message, 'Dinas Pengampu')) > 0", [True])]),
    Case("kunci_dua_kali.json", '[{"opd_code":"12.07-DINSOS","system_code":"R-3","system_name":"S","status":"active","status":"retired"}]',
         kind="system_inventory", status="rejected", loaded=0, reason=("no_usable_row",),
         broken=[(1, "system_inventory.row.unreadable", ("status", "dua kali"))]),
    Case("kunci_dua_kali_dalam.json", '[{"opd_code":"12.07-DINSOS","system_code":"R-4","system_name":"S","x":{"a":[{"b":1,"b":2}]}},'
         '{"opd_code":"12.07-DINSOS","system_code":"R-5","system_name":"T"}]', kind="system_inventory", status="loaded|partly", broken=None,
         values=[("select count(*) from rows where system_code = 'R-5'", [1])]),
    Case("rumus_kosong.xlsx", raw_book({"Data": sheet_data([["rulebook_id", "node_id", "stage", "level", "evidence_ref"],
         ["permenpanrb-59-2020", "p59.i01", "self", '<c r="@"><f>AVERAGE(A1:A2)</f></c>', "a"],
         ["permenpanrb-59-2020", "p59.i02", "self", '<c r="@" t="e"><v>#DIV/0!</v></c>', "a"]])}), kind="self_assessment", loaded=2,
         values=[("select level from rows order by _row_number", [None, None]),
                 ("select count(distinct row_number) from warned where contains(rule, 'level')", [2])]),
    Case("rumus_wajib.xlsx", raw_book({"Data": sheet_data([HEAD, ["Smart A", '<c r="@"><f>1+1</f></c>', 1, 1],
         ["Smart B", '<c r="@" t="e"><v>#REF!</v></c>', 1, 1], ["Smart C", '<c r="@" t="str"><f>A1</f><v>2</v></c>', 1, 1]])}),
         status="partly", loaded=1, broken=[(2, "program_realization.programs.*", ("Kolom Program",)), (3, "program_realization.programs.*", ("Kolom Program",))]),
    Case("waktu_setempat.csv", COMPLAINT + "K-1,lapor,12.07-DINSOS,2026-01-31 20:00,received\n", kind="complaint", place="{instansi}/2026-01",
         loaded=1, values=[("select strftime(received_at, '%Y-%m-%d %H:%M') from rows", ["2026-01-31 13:00"])]),
    Case("bentuk_waktu.csv", "complaint_id,channel,category_code,opd_code,received_at,verified_at,first_answer_at,closed_at,status\n"
         "W-1,app,layanan,12.07-DINKES,2025-10-31 18:00,,2025-10-31T20:00+07:00,,answered\n"
         "W-2,app,layanan,12.07-DINKES,2025-10-05 08.00,,2025-10-05 14.30,,answered\n"
         "W-3,app,layanan,12.07-DINKES,2025-10-06 8:00,,2025-10-06 9:30,,answered\n"
         "W-4,app,layanan,12.07-DINKES,06/10/2025 08:00:00,,3 November 2025 08.00,,answered\n", kind="complaint", loaded=4,
         values=[("select strftime(received_at, '%m-%d %H:%M') || ' ' || strftime(first_answer_at, '%m-%d %H:%M') from rows order by _row_number",
         ["10-31 11:00 10-31 13:00", "10-05 01:00 10-05 07:30", "10-06 01:00 10-06 02:30", "10-06 01:00 11-03 01:00"])]),
    Case("ekor_waktu.csv", COMPLAINT + "E-1,lapor,12.07-DINSOS,2026-01-31 20:00 pagi,received\nE-2,lapor,12.07-DINSOS,2026-01-31 20:00+19:00,received\n"
         "E-3,lapor,12.07-DINSOS,2026-01-31 08:00 WITA,received\n", kind="complaint", status="partly", loaded=1,
         broken=[(2, "complaint.received_at.type", ("pagi",)), (3, "complaint.received_at.type", ("+19:00",))],
         values=[("select strftime(received_at, '%H:%M') from rows", ["00:00"])]),
    Case("lebih_banyak.csv", "system_code,kecamatan_code,period,active_users,target_population,counting_rule\nA-1,12.07.26,2026-01,1500,1000,login\n",
         kind="usage", place="12.07/2026-01/{n}", loaded=1, values=[("select count(*) > 0 from warned where contains(rule, 'usage.row.users')", [True])]),
    Case("terlalu_banyak.csv", "system_code,kecamatan_code,period,active_users,target_population,counting_rule\nA-1,12.07.26,2026-02,9223372036854775807,1,login\n"
         "A-1,12.07.27,2026-02,9223372036854775807,1,login\n", kind="usage", place="12.07/2026-02/{n}", status="loaded|partly|rejected", broken=None),
    Case("nan_belum.csv", "rulebook_id,node_id,stage,level,evidence_ref\npermenpanrb-59-2020,p59.i01,self,NaN,a\npermenpanrb-59-2020,p59.i02,self,belum ada,a\n"
         "permenpanrb-59-2020,p59.i03,self,3,a\n", kind="self_assessment", place="{instansi}/2025", status="partly", loaded=2,
         broken=[(2, "self_assessment.level.type", ("NaN",))],
         values=[("select node_id, level::double from rows order by _row_number", [("p59.i02", None), ("p59.i03", 3.0)])]),
    Case("ejaan_indikator.csv", "rulebook_id,node_id,stage,level,evidence_ref\npermenpanrb-59-2020,Indikator 3,self,3,a\npermenpanrb-59-2020,I.4,self,3,a\n",
         kind="self_assessment", place="{instansi}/2025", loaded=2, values=[("select node_id from rows order by _row_number", ["p59.i03", "p59.i04"])]),
    Case("bita_rusak.csv", (INVENTORY + system("R-6", "Sistem Café — uji")).encode() + (INVENTORY + system("R-7", function_text="x")).encode().split(b"\n")[1].replace(b",x,", b",x\xff,") + b"\n",
         kind="system_inventory", status="loaded|partly", broken=None, values=[("select system_name from rows where system_code = 'R-6'", ["Sistem Café — uji"])]),
    Case("sandi_campur.csv", (PROGRAM + "Smart Naïveté,1,1,0\n").encode() + "Smart Café,1,1,0\n".encode("cp1252"), status="loaded|partly", broken=None,
         values=[("select dimension from rows where _row_number = 2", ["Smart Naïveté"])]),
    Case("urutan_lain.csv", INVENTORY + system("R-8", "Sistem 8")
         + "opd_code,system_code,function_text,system_kind,app_class,status,platform,url,system_name,builder_kind,hosting,has_api\n"
         + "12.07-DINSOS,R-9,Layanan,application,khusus,active,web,r9.uji.go.id,Sistem 9,own_opd,kominfo_dc,Ya\n", kind="system_inventory", loaded=2,
         values=[(NAMES, ["Sistem 8", "Sistem 9"])]),
    Case("persen.csv", "rulebook_id,node_id,parent_id,kind,name,weight,method\nrekaan-persen,akar,,index,Indeks,1,arithmetic\n"
         "rekaan-persen,d1,akar,domain,Satu,60%,arithmetic\nrekaan-persen,d2,akar,domain,Dua,0.4,arithmetic\n", kind="rulebook",
         status="loaded|rejected", broken=None, values=[("select count(*) from rows where weight > 1", [0])]),
    Case("tahun_salah.csv", "period,rulebook_id,node_id,stage,level,evidence_ref\nTahun 2025,permenpanrb-59-2020,p59.i01,self,3,a\n"
         "2099,permenpanrb-59-2020,p59.i02,self,3,a\n2025,permenpanrb-59-2020,p59.i03,self,3,a\n", kind="self_assessment", place="{instansi}/2025",
         status="partly", loaded=1, broken=[(2, "self_assessment.period.*", ("Tahun 2025",)), (3, "self_assessment.period.*", ("2099",))]),
    Case("instansi_nol.csv", "instansi_code,dimension,programs,achieved,not_achieved\n12.1,Smart Living,10,6,4\n", place="12.07/2025/{n}", status="rejected",
         loaded=0, reason=("no_usable_row",), broken=[(2, "program_realization.instansi_code.*", ("12.1", "12.10"))]),
    Case("instansi_bps.csv", "instansi_code,dimension,programs,achieved,not_achieved\n1212,Smart Living,10,6,4\n12.07,Smart Economy,3,2,1\n", place="12.07/2025/{n}",
         status="partly", loaded=1, broken=[(2, "program_realization.instansi_code.*", ("1212",))]),
    Case("dua_baris_judul.xlsx", raw_book({"Data": sheet_data([["opd_code", "Sistem", None, "status"], [None, "system_name", "system_kind"],
         ["12.07-DINSOS", "Sistem 1", "application", "active"]])}, '<mergeCells count="3"><mergeCell ref="A1:A2"/><mergeCell ref="B1:C1"/><mergeCell ref="D1:D2"/></mergeCells>'),
         kind="system_inventory", loaded=1, values=[("select system_name, system_kind, status from rows", [("Sistem 1", "application", "active")])]),
    Case("judul_gabung_tiga.xlsx", raw_book({"Data": sheet_data([["INVENTARIS"], ["Nama OPD", "Aplikasi", None, "Status"], [None, "Nama Aplikasi", "Alamat URL"],
         ["Dinas A", "App", "a.rekaan.go.id", "Aktif"]])}, '<mergeCells count="2"><mergeCell ref="A1:D1"/><mergeCell ref="B2:C2"/></mergeCells>'),
         kind="system_inventory", loaded=1, values=[("select system_name, url from rows", [("App", "a.rekaan.go.id")])]),
    Case("tanpa_jawaban.csv", "url,opd_code,checked_at,http_status\na.rekaan.go.id,12.07-DINSOS,2026-01-10 08:00,999\n", kind="website_check", status="rejected",
         loaded=0, reason=("no_usable_row",), broken=[(2, "website_check.row.status_or_error", ())]),
    Case("lebar.csv", INVENTORY.strip() + "".join(f",kolom kami {n}" for n in range(20)) + "\n" + system("R-10").strip() + ",x" * 20 + "\n",
         kind="system_inventory", loaded=1, left_out=("column",), values=[("select sum(count)::bigint from told where code = 'column'", [20])]),
    Case("kaki.csv", FORM + "1,Dinas A,App,a.rekaan.go.id,Aktif\n,,,,\n*) data per Januari,,,,\n,,,\"Kota Rekaan, 5 Januari 2026\",\n,,,Kepala Dinas,\n,,,\"Drs. Fulan, M.Si.\",\n",
         kind="system_inventory", loaded=1, values=[(NAMES, ["App"])], left_out=("footer",)),
    Case("nomor_kolom.csv", FORM + "1,2,3,4,5\n1,Dinas A,App,a.rekaan.go.id,Aktif\n", kind="system_inventory", loaded=1, values=[(NAMES, ["App"])], left_out=("numbering",)),
    Case("pengirim_meta.csv", "system_code,system_name,status\nR-11,Sistem 11,active\n", kind="system_inventory", place="12.07/{n}", loaded=1,
         meta='opd_code = "12.07-DISHUB"\nperiod = "2026"\n', values=[("select _opd_code, _period from rows", [("12.07-DISHUB", "2026")])]),
    Case("pengirim_asing.csv", INVENTORY + system("R-12"), kind="system_inventory", place="12.07/{n}", loaded=1, meta='opd_code = "12.07-TIADA"\n', reason=("Daftar OPD", "12.07-TIADA")),
    Case("url_bukan.csv", INVENTORY + system("R-13", url="javascript:alert(1)") + system("R-14", url="https://u:rahasia@r14.uji.go.id/") + system("R-15", url="ada di kantor"),
         kind="system_inventory", loaded=3, values=[("select url is null or not contains(url, 'rahasia') from rows order by _row_number", [True, True, True]),
         ("select url from rows where system_code in ('R-13', 'R-15')", [None, None])]),
    Case("panjang_kolom.csv", "complaint_id,channel,opd_code,received_at,status\n" + "K" * 30_000 + ",lapor,12.07-DINSOS,2026-01-05,received\n", kind="complaint", status="loaded|partly|rejected", broken=None),
    Case("perbaikan_asing.csv", "_perbaikan_dari," + PROGRAM + "program_realization/99.99/2026/realisasi_program.csv#2," + GOOD, status="rejected", loaded=0,
         broken=[(2, "program_realization._perbaikan_dari.reference", ("realisasi_program.csv",))]),
    Case("perbaikan_kacau.csv", "_perbaikan_dari," + PROGRAM + "entah apa," + GOOD, status="rejected", loaded=0, broken=[(2, "program_realization._perbaikan_dari.pattern", ("entah apa",))]),
]  # fmt: skip

# Text files that no form asks for.
TEXTS = [
    Case("spasi_lain.csv", "\u2003dimension\u3000,programs\u2009,\u00a0achieved,not_achieved\u202f\n\u3000Smart\u2003Living\u00a0,10,6,4\n", loaded=1, values=[(DIMENSIONS, ["Smart Living"])]),
    Case("pemisah_baris.csv", PROGRAM + "Smart\u2028Living\u0085x,10,6,4\n" + ONE, loaded=2),
    Case("dua_bom.csv", "\ufeff\ufeff" + PROGRAM + GOOD, loaded=1),
    Case("utf16be.csv", b"\xfe\xff" + (PROGRAM + GOOD).encode("utf-16-be"), loaded=1, values=[(COUNTS, [(10, 6, 4)])]),
    Case("utf16_tanpa_bom.csv", (PROGRAM + GOOD).encode("utf-16-le"), status="loaded|rejected"),
    Case("utf16_ganjil.csv", (PROGRAM + GOOD).encode("utf-16")[:-1], status="loaded|partly|rejected", broken=None),
    Case("utf32.csv", (PROGRAM + GOOD).encode("utf-32"), status="loaded|rejected", broken=None),
    Case("sep.csv", "sep=;\n" + (PROGRAM + GOOD).replace(",", ";"), loaded=1),
    Case("pipa.csv", (PROGRAM + GOOD).replace(",", "|"), status="loaded|rejected"),
    Case("nul_saja.csv", b"\0" * 50_000, status="rejected"),
    Case("kutip_saja.csv", '"' * 9_999, status="rejected"),
    Case("kutip_genap.csv", '"' * 10_000, status="rejected"),
    Case("koma_saja.csv", ",,,\n" * 500, status="rejected"),
    Case("acak.csv", random.Random(1).randbytes(20_000), status="rejected"),
    Case("satu_baris_4mb.csv", "x" * 4_000_000, status="rejected"),
    Case("judul_4mb.csv", PROGRAM.strip() + "," + "x" * 4_000_000 + "\n" + GOOD.strip() + ",1\n", status="rejected"),
    Case("judul_10mb.csv", "x" * 10_000_000, status="rejected", reason=("too_large",)),
    Case("100_ribu_kolom.csv", PROGRAM.strip() + "," * 100_000 + "\n" + GOOD, status="loaded|rejected", broken=None),
    Case("100_ribu_judul.csv", PROGRAM.strip() + "".join(f",k{n}" for n in range(100_000)) + "\n" + GOOD, status="rejected", reason=("too_large",)),
    Case("baris_lebar.csv", PROGRAM + "A" + ",1" * 100_000 + "\n" + GOOD, status="loaded|partly|rejected", broken=None),
    Case("judul_baris_30.csv", "Laporan,,,\n" * 29 + PROGRAM + GOOD, loaded=1),
    Case("judul_baris_31.csv", "Laporan,,,\n" * 30 + PROGRAM + GOOD, status="rejected", reason=("wrong_header",)),
    Case("berdampingan.csv", PROGRAM.strip() + ",," + PROGRAM + GOOD.strip() + ",," + ONE, status="rejected", reason=("wrong_header", "dua kali")),
    Case("emoji.csv", PROGRAM + "Smart 👩‍👩‍👧 Living,10,6,4\n", loaded=1),
    Case("kanan_ke_kiri.csv", PROGRAM + "\u202eحياة ذكية\u202c,10,6,4\n", loaded=1, values=[(DIMENSIONS, ["حياة ذكية"])]),
    Case("nol_minus.csv", _program("A,-0,0,-0"), loaded=1, values=[(COUNTS, [(0, 0, 0)])]),
    Case("angka_eksponen.csv", _program("A,1e1,6,4", "B,10.0,6,4"), status="loaded|partly|rejected", broken=None),
    Case("angka_besar.csv", _program("A,9223372036854775807,9223372036854775807,0", "B,9223372036854775808,1,1", "C," + "9" * 300 + ",1,1"), status="loaded|partly|rejected", broken=None),
    Case("angka_arab.csv", _program("A,١٠,٦,٤"), status="loaded|rejected", broken=None),
    Case("parameter.csv", "$dimension,$1,?,{{ programs }}\n" + GOOD, status="rejected", reason=("wrong_header",)),
    Case("judul_parameter.csv", PROGRAM.strip() + ",$opd_code,?,:x,$1\n" + GOOD.strip() + ",1,2,3,4\n", loaded=1, left_out=("column",), values=[_told("$opd_code")]),
    Case("judul_sql.csv", PROGRAM.strip() + ',"x""; drop table intake.files; --",\'\n' + GOOD.strip() + ",1,2\n", loaded=1, left_out=("column",)),
    Case("judul_bawah.csv", PROGRAM.strip() + ",_row_number,_file_id,_broken,rowid\n" + GOOD.strip() + ",9,9,9,9\n", loaded=1, left_out=("column",), values=[("select _row_number from rows", [2])]),
    Case("judul_html.csv", PROGRAM.strip() + ",<img src=x onerror=alert(1)>\n" + GOOD.strip() + ",1\n", loaded=1, left_out=("column",)),
    Case("jinja.csv", PROGRAM + "{{ 7 * 7 }} {% raw %},10,6,4\n", loaded=1, values=[(DIMENSIONS, ["{{ 7 * 7 }} {% raw %}"])]),
    Case("baris_buta.csv", PROGRAM + "A,1,1,0\r\r\n" + "B,1,1,0\n\r" + "C,1,1,0\n", status="loaded|partly", broken=None),
    Case("kontrol.csv", PROGRAM + "A\x07\x1b[31m\x0b\x0c,1,1,0\n", status="loaded|partly|rejected", broken=None),
    Case("surogat.csv", (PROGRAM + "A").encode() + b"\xed\xa0\x80" + b",1,1,0\n" + ONE.encode(), status="loaded|partly", broken=None),
    Case("kutip_dalam.csv", PROGRAM + 'Smart "A" Living,10,6,4\n' + ONE, status="loaded|partly", broken=None),
    Case("kutip_besar.csv", PROGRAM + '"' + "A\n" * 1500 + '",1,1,0\n' + ONE, status="loaded|partly|rejected", broken=None),
]  # fmt: skip

# Other files that call themselves tables.
WHOLES = [
    *(Case(f"arsip.{name}.csv", content, status="rejected", reason=("unreadable",)) for name, content in (
        ("7z", b"7z\xbc\xaf'\x1c\x00\x04" + bytes(60)), ("rar", b"Rar!\x1a\x07\x01\x00" + bytes(60)), ("rar4", b"Rar!\x1a\x07\x00" + bytes(60)),
        ("xz", lzma.compress(PROGRAM.encode())), ("bz2", bz2.compress(PROGRAM.encode())), ("zst", b"\x28\xb5\x2f\xfd\x04\x00\x01\x00\x00"))),
    Case("arsip.tar", tar("a.csv", PROGRAM + GOOD), status="rejected"),
    Case("arsip.tar.gz", gzip.compress(tar("a.csv", PROGRAM + GOOD), mtime=0), status="rejected"),
    *(Case(f"{name}.xlsx", archive({"[Content_Types].xml": "<Types/>", member: "<x/>"}), status="rejected", reason=("unreadable",)) for name, member in (
        ("dokumen_word", "word/document.xml"), ("presentasi", "ppt/presentation.xml"), ("apk", "AndroidManifest.xml"))),
    Case("foto.csv", b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(500), status="rejected", reason=("unreadable",)),
    Case("program.csv", b"\x7fELF\x02\x01\x01" + bytes(500), status="rejected"),
    Case("parquet.csv", b"PAR1" + bytes(500) + b"PAR1", status="rejected"),
    Case("sqlite.csv", b"SQLite format 3\x00" + bytes(500), status="rejected"),
    Case("surat.csv", "MIME-Version: 1.0\nContent-Type: multipart/related\n\nx\n", status="rejected"),
    Case("rtf.csv", "{\\rtf1\\ansi halo}", status="rejected"),
    Case("buku.xlsx.gz", gzip.compress(xlsx([HEAD, [*ROW[:1], 12, 8, 4]]), mtime=0), status="rejected", reason=("unreadable",)),
    Case("sampah_gz.csv.gz", gzip.compress((PROGRAM + GOOD).encode(), mtime=0) + b"sampah", status="loaded|rejected", broken=None),
    Case("dua_gz.csv.gz", gzip.compress(PROGRAM.encode(), mtime=0) + gzip.compress(GOOD.encode(), mtime=0), loaded=1),
    Case("gz_rusak.csv.gz", gzip.compress((PROGRAM + GOOD).encode(), mtime=0)[:12] + b"\xff" * 40, status="rejected", reason=("unreadable",)),
    Case("gz_kosong.csv.gz", gzip.compress(b"", mtime=0), status="rejected", reason=("empty",)),
    Case("gz_kepala.csv.gz", b"\x1f\x8b\x08", status="rejected"),
    Case("sandi.ods", ods_book("", '<manifest:file-entry manifest:full-path="content.xml"><manifest:encryption-data manifest:checksum="x"/></manifest:file-entry>',
         {"content.xml": random.Random(2).randbytes(400)}), kind="system_inventory", status="rejected", reason=("encrypted",)),
    Case("makro.ods", ods_book(ods_row(HEAD), more={"Basic/Standard/Module1.xml": "<x/>"}), status="rejected", reason=("macro",)),
    Case("ods_kosong.ods", ods_book(""), status="rejected"),
    Case("ods_satu_juta.ods", ods_book(ods_row(HEAD) + ods_row(["A", "1", "1", "0"], ' table:number-rows-repeated="1000000"')), status="rejected", reason=("too_large",)),
    Case("ods_ekor.ods", ods_book(ods_row(HEAD) + ods_row(["A", "1", "1", "0"]) + '<table:table-row table:number-rows-repeated="1048574">'
         '<table:table-cell table:number-columns-repeated="16384"/></table:table-row>'), loaded=1),
    Case("ods_lebar.ods", ods_book('<table:table-row><table:table-cell table:number-columns-repeated="999999999" office:value-type="string"><text:p>x</text:p>'
         "</table:table-cell></table:table-row>"), status="rejected"),
    Case("kosong.xlsx", raw_book({"Sheet1": ""}), kind="system_inventory", status="rejected", reason=("empty",)),
    Case("tanpa_lembar.xlsx", raw_book({}), status="rejected"),
    Case("tersembunyi.xlsx", raw_book({"A": sheet_data([HEAD, ROW])}, more={"xl/workbook.xml": f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
         '<sheet name="A" sheetId="1" state="veryHidden" r:id="rId1"/></sheets></workbook>'}), status="rejected"),
    Case("grafik.xlsx", book({"Data": [HEAD, ROW]}, chart=True), loaded=1),
    Case("300_lembar.xlsx", raw_book({f"L{n}": sheet_data([HEAD, [f"Dimensi {n}", 2, 1, 1]]) for n in range(300)}), loaded=300,
         values=[("select count(distinct dimension) from rows", [300])]),
    Case("lembar_campur.xlsx", book({"2025": [HEAD, ["A", 2, 1, 1]], "Kosong": [], "Catatan": [["hubungi kami"]], "2026": [HEAD, ["B", 2, 1, 1], ["C", 9, 1, 1]]}), status="partly",
         loaded=2, broken=[("2026!3", "program_realization.row.parts_sum", ())], left_out=("sheet",), values=[(DIMENSIONS, ["A", "B"])]),
    Case("jauh.xlsx", raw_book({"Data": sheet_data([HEAD, ROW]) + '<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t> </t></is></c></row>'}), status="loaded|rejected", broken=None),
    Case("jauh_bawah.xlsx", raw_book({"Data": sheet_data([HEAD, ROW]) + '<row r="1048576"><c r="A1048576" t="inlineStr"><is><t>x</t></is></c></row>'}), status="loaded|partly|rejected", broken=None),
    Case("jauh_kanan.xlsx", raw_book({"Data": sheet_data([[*HEAD, *[None] * 16379, "x"], ROW])}), status="loaded|rejected", broken=None),
    Case("jauh_sekali.xlsx", raw_book({"Data": sheet_data([HEAD, ROW]) + '<row r="4294967295"><c r="ZZZZZZ4294967295"><v>1</v></c></row>'}), status="loaded|partly|rejected", broken=None),
    Case("dimensi_palsu.xlsx", raw_book({"Data": sheet_data([HEAD, ROW])}, more={"xl/worksheets/sheet1.xml": f'{_XML}<worksheet xmlns="{_MAIN}"><dimension ref="A1:XFD1048576"/>'
         f"<sheetData>{sheet_data([HEAD, ROW])}</sheetData></worksheet>"}), loaded=1),
    Case("teks_bersama.xlsx", raw_book({"Data": "".join(f'<row r="{r}">' + "".join(f'<c r="{column_name(c)}{r}" t="s"><v>0</v></c>' for c in range(50)) + "</row>" for r in range(1, 1900))},
         shared="<si><t>" + "A" * 32_000 + "</t></si>"), status="rejected"),
    Case("teks_hilang.xlsx", raw_book({"Data": sheet_data([HEAD, ['<c r="@" t="s"><v>999999</v></c>', 1, 1, 0]])}), status="loaded|partly|rejected", broken=None),
    Case("entitas.xlsx", raw_book({"Data": sheet_data([HEAD, ROW])}, shared="<si><t>&i;</t></si>", dtd="<!DOCTYPE x [" + '<!ENTITY a "aaaaaaaaaa">'
         + "".join(f'<!ENTITY {chr(98 + n)} "{("&" + chr(97 + n) + ";") * 10}">' for n in range(8)) + "]>"), status="loaded|rejected", broken=None),
    Case("entitas_luar.xlsx", raw_book({"Data": sheet_data([HEAD, ['<c r="@" t="s"><v>0</v></c>', 1, 1, 0]])}, shared="<si><t>&x;</t></si>",
         dtd='<!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/hostname">]>'), status="loaded|partly|rejected", broken=None),
    Case("keluar_folder.xlsx", raw_book({"Data": sheet_data([HEAD, ROW])}, more={"../../../../tmp/keluar.txt": "x", "/tmp/mutlak.txt": "x"}), status="loaded|rejected"),
    Case("xml_rusak.xlsx", raw_book({"Data": "<row><c><v>1</row>"}), status="rejected"),
    Case("tanpa_tempat.xlsx", raw_book({"Data": '<row><c t="inlineStr"><is><t>dimension</t></is></c><c t="inlineStr"><is><t>programs</t></is></c></row>'}), status="rejected"),
    Case("tahun_1904.xlsx", book({"Data": [CONTRACT.strip().split(","), ["1", "A", "PT A", "host", dt.date(2026, 3, 3), dt.date(2026, 12, 31), 5]]}, old_dates=True), kind="vendor_contract",
         loaded=1, values=[("select starts_on::varchar, ends_on::varchar from rows", [("2026-03-03", "2026-12-31")])]),
    Case("tahun_1900.xlsx", book({"Data": [CONTRACT.strip().split(","), ["1", "A", "PT A", "host", dt.date(2026, 3, 3), dt.date(2026, 12, 31), 5]]}), kind="vendor_contract",
         loaded=1, values=[("select starts_on::varchar, ends_on::varchar from rows", [("2026-03-03", "2026-12-31")])]),
    Case("tanggal_lama.csv", CONTRACT + "1,A,PT A,host,60,2026-12-31,1\n2,A,PT A,host,1899-12-31,2026-12-31,1\n3,A,PT A,host,2026-01-01,9999-12-31,1\n",
         kind="vendor_contract", status="partly|rejected", broken=None, values=[("select count(*) from rows where ends_on > date '2126-01-01'", [0])]),
    Case("lembar_nik.xlsx", book({f"NIK {NIKS[0]}": [["catatan"], ["x"]], "Data": [HEAD, ROW]}), loaded=1),
    Case("nama_lembar.xlsx", book({"a'b; drop": [HEAD, ["A", 2, 1, 1]], "<b>&amp;": [HEAD, ["B", 3, 1, 1]]}), status="partly", loaded=1,
         broken=[("<b>&amp;!2", "program_realization.row.parts_sum", ())]),
]  # fmt: skip

# JSON.
_OBJECT = '{"dimension":"A","programs":3,"achieved":2,"not_achieved":1}'
JSONS = [
    Case("bom.json", "\ufeff" + program_json(_OBJECT), loaded=1),
    Case("utf16.json", program_json(_OBJECT).encode("utf-16"), status="loaded|rejected"),
    Case("dalam_100_ribu.json", "[" * 100_000 + "]" * 100_000, status="rejected"),
    Case("dalam_objek.json", '{"a":' * 100_000 + "1" + "}" * 100_000, status="rejected"),
    Case("dalam_sel.json", program_json('{"dimension":' + "[" * 50_000 + "]" * 50_000 + ',"programs":3,"achieved":2,"not_achieved":1}', _OBJECT), status="loaded|partly|rejected", broken=None),
    Case("dalam_baris.jsonl", "[" * 100_000 + "\n" + _OBJECT + "\n", status="partly|rejected", broken=None),
    Case("angka_panjang.json", program_json('{"dimension":"B","programs":' + "9" * 5_000 + ',"achieved":2,"not_achieved":1}', _OBJECT), status="partly", loaded=1, broken=[(1, "program_realization.*", ())]),
    Case("angka_1e999.json", program_json('{"dimension":"B","programs":1e999,"achieved":2,"not_achieved":1}', _OBJECT), status="partly", loaded=1, broken=[(1, "program_realization.programs.type", ())]),
    Case("nan.json", program_json('{"dimension":"B","programs":NaN,"achieved":2,"not_achieved":1}', _OBJECT), status="partly|rejected", broken=None),
    Case("isi_tersarang.json", program_json('{"dimension":{"a":[1,{"b":null}]},"programs":[3],"achieved":2,"not_achieved":1}', _OBJECT), status="loaded|partly", broken=None),
    Case("kunci_aneh.json", program_json('{"":1,"\\u0000":2,"$x":3,"a\\"b":4,"dimension":"A","programs":3,"achieved":2,"not_achieved":1}'), status="loaded|partly|rejected", broken=None),
    Case("kunci_nik.json", program_json(f'{{"{NIKS[1]}":1,"dimension":"A","programs":3,"achieved":2,"not_achieved":1}}'), loaded=1, left_out=("column",)),
    Case("surogat.json", program_json('{"dimension":"A\\ud800","programs":3,"achieved":2,"not_achieved":1}'), status="loaded|partly|rejected", broken=None),
    Case("kosong.json", "[]", status="loaded|rejected"),
    Case("teks.json", '"halo"', status="rejected"),
    Case("null.json", "null", status="rejected"),
    Case("benar.json", program_json('{"dimension":"A","programs":true,"achieved":2,"not_achieved":1}'), status="rejected|loaded", broken=None),
    Case("seribu_kunci.json", program_json("{" + ",".join(f'"k{n}":1' for n in range(1000)) + "}"), status="rejected"),
    Case("dua_dokumen.json", program_json(_OBJECT) + program_json(_OBJECT), status="loaded|partly|rejected", broken=None),
    Case("teks_setengah.json", '[{"dimension":"A', status="rejected", reason=("unreadable",)),
    Case("beda_kunci.jsonl", "\n".join(json.dumps({"dimension": f"D{n}", "programs": 1, "achieved": 1, "not_achieved": 0, f"x{n}": 1}) for n in range(100)), status="rejected|loaded", broken=None),
]  # fmt: skip

# Personal values in places where nobody expects them; that none is found again is looked for by itself.
PERSONAL = [
    Case("sel_kode.csv", INVENTORY + system("R-20", status=NIKS[2]), kind="system_inventory", loaded=1),
    Case("judul.csv", INVENTORY.strip() + f",Catatan {NIKS[3]}\n" + system("R-21").strip() + ",x\n", kind="system_inventory", loaded=1, left_out=("column",)),
    Case("tanpa_judul.csv", f"NIK {NIKS[4]},Budi\n1,2\n", kind="system_inventory", status="rejected", reason=("wrong_header",)),
    Case("tanda_tersembunyi.csv", INVENTORY + system("R-22", function_text=f"nik {NIKS[5][:8]}\u200b{NIKS[5][8:]}", status="rusak"), kind="system_inventory", loaded=1),
    Case("baris_ditolak.csv", PROGRAM + f"nik {NIKS[6][:8]}\u200b{NIKS[6][8:]},lima,3,2\n{NIKS[7]},{NIKS[7]},1,1\n", status="rejected", loaded=0,
         broken=[(2, "program_realization.programs.type", ("lima",)), (3, "program_realization.*", ())]),
    Case(f"daftar {NIKS[8]}.csv", PROGRAM + GOOD, loaded=1),
    Case("meta_nik.csv", PROGRAM + GOOD, meta=f'opd_code = "{NIKS[9]}"', loaded=1),
    Case("meta_nik_kunci.csv", PROGRAM + GOOD, meta=f'"{NIKS[10]}" = 1', status="rejected", reason=("bad_meta",)),
    Case("a.csv", PROGRAM + GOOD, kind=f"data {NIKS[11]}", status="rejected", reason=("unknown_kind",)),
    Case("a.log", "x\n", kind=f"service_log/{NIKS[12]}", status="rejected", reason=("unknown_kind",)),
    Case("instansi_nik.csv", PROGRAM + GOOD, place=f"{NIKS[13]}/{{n}}", loaded=1),
    Case("baris_log.log", f"{NIKS[14]} ini bukan baris log\n", kind="service_log/combined", status="rejected", reason=("wrong_format",)),
    Case("lebih_sel.csv", PROGRAM + f"A,1,1,0,{NIKS[15]}\n" + GOOD, status="partly", loaded=1, broken=[(2, "program_realization.row.surplus_cells", ())]),
    Case("titik.csv", PROGRAM + f"{NIKS[16][:4]}.{NIKS[16][4:8]}.{NIKS[16][8:12]}.{NIKS[16][12:]},lima,1,1\n", status="rejected", loaded=0, broken=[(2, "program_realization.programs.type", ())]),
]  # fmt: skip

# What else can lie in an inbox.
ENTRIES = [
    Case("a.csv", folder_with("b.csv", PROGRAM + GOOD), place="{instansi}/2026/{n}", loaded=1),
    Case("kosong.xlsx", lambda p: p.mkdir(), status="ignored"),
    *(Case(name, PROGRAM + GOOD, status="ignored") for name in (
        "a.csv.filepart", "b.csv.crdownload", "c.csv.part", "d.csv.partial", "e.csv.download", "f.csv.tmp", ".g.csv", "~$h.xlsx", "Thumbs.db", "desktop.ini",
        "i.csv.FILEPART", "j.csv.meta.toml")),
    Case("putus.csv", link_to("tidak-ada.csv"), status="rejected", reason=("unsafe_path",)),
    Case("lingkaran.csv", lambda p: (p.symlink_to("lain.csv"), beside(p, "lain.csv.tmp", ""), (p.parent / "lain.csv").symlink_to("lingkaran.csv")), status="rejected",
         reason=("unsafe_path",)),
    Case("diri.csv", link_to("diri.csv"), status="rejected", reason=("unsafe_path",)),
    Case("keluar.csv", link_to("/etc/passwd"), status="rejected", reason=("unsafe_path",)),
    Case("naik.csv", link_to("../../../../spbe.toml"), status="rejected", reason=("unsafe_path",)),
    Case("folder_luar", link_to("/etc"), status="rejected", reason=("unsafe_path",)),
    Case("folder_sendiri", link_to("."), status="rejected", reason=("unsafe_path",)),
    Case("nol.csv", link_to("/dev/zero"), status="rejected", reason=("unsafe_path",)),
    Case("terminal.csv", link_to("/dev/stdin"), status="rejected", reason=("unsafe_path",)),
    Case("pipa.csv", os.mkfifo, status="ignored"),
    Case("soket.csv", unix_socket, status="ignored"),
    Case("ke_pipa.csv", lambda p: (os.mkfifo(p.parent / ".pipa"), p.symlink_to(".pipa")), status="ignored"),
    Case("ke_berkas.csv", lambda p: ((p.parent / ".asli.csv").write_text(PROGRAM + GOOD), p.symlink_to(".asli.csv")), loaded=1),
    Case("tahun_2999.csv", touched(INVENTORY + system("R-30"), 32_472_144_000), kind="system_inventory", loaded=1),
    Case("tahun_1960.csv", touched(INVENTORY + system("R-31"), -315_619_200), kind="system_inventory", loaded=1),
    Case(odd_name(b"nama-\xe9.csv"), "opd_code,system_name\n", kind="system_inventory", loaded=0),
    Case(odd_name(b"\xff\xfe\x80.csv"), PROGRAM + GOOD, loaded=1),
    *(Case(name, PROGRAM + GOOD, loaded=1) for name in (
        "n" * 251 + ".csv", "ü" * 125 + ".csv", "kutip'satu.csv", 'kutip"dua.csv', "baris\nbaru.csv", "balik\\garis.csv", "-rf.csv", "--help", "$HOME.csv", "%s%d%n.csv", "a;b.csv",
        "'; drop table intake.files; --.csv", "*.csv", "[a-z]?.csv", "{{ 7 * 7 }}.csv", "${x}.csv", " spasi .csv", "titik.", "CON.csv", "\u202efdp.csv", "👩‍👩‍👧.csv", "<script>.csv",
        "tanpa_akhiran", "tab\tkecil.csv", "a.csv.csv.csv", "#pagar.csv", "a&b=c?.csv", "=1+1.csv")),
    Case("dalam", deep_folder(40, "a.csv", PROGRAM + GOOD), status="rejected", reason=("unsafe_path",)),
    Case("cukup_dalam", deep_folder(20, "a.csv", PROGRAM + GOOD), loaded=1),
    Case("a.csv", PROGRAM + GOOD, kind="program_realisation", status="rejected", reason=("unknown_kind", "program_realization")),
    Case("a.csv", PROGRAM + GOOD, kind="x" * 200, status="rejected", reason=("unknown_kind",)),
    Case("a.csv", PROGRAM + GOOD, kind="'; drop table x; --", status="rejected", reason=("unknown_kind",)),
    Case("a.csv", PROGRAM + GOOD, kind="PROGRAM_REALIZATION", status="rejected", reason=("unknown_kind",)),
    Case("di_luar_folder.csv", PROGRAM + GOOD, kind="", place="", status="rejected", reason=("unknown_kind",)),
    Case("a.log", "x\n", kind="service_log", place="", status="rejected", reason=("unknown_kind",)),
    Case("a.log", "x\n", kind="service_log/nginx", status="rejected", reason=("unknown_kind", "combined")),
    Case("bukan_instansi.csv", PROGRAM + "Tanpa Instansi,2,1,1\n", place="99.9999.1/{n}", loaded=1),
    Case("@.csv", PROGRAM + GOOD, place="@Bukan Slug/{n}", loaded=1),
    Case("slug.csv", PROGRAM + GOOD, place="@kota-rekaan/{n}", loaded=1, values=[("select _instansi_code from rows", ["kota-rekaan"])]),
    Case("tahun_lama.csv", PROGRAM + GOOD, place="{instansi}/1999", loaded=1),
    *(Case(f"sama_{n}.csv", PROGRAM + GOOD, place=place, loaded=1) for n, place in enumerate(("81.01/2025", "81.71/2025", "81.01/2024", "81.01/2025-03"))),
    Case("tetap.csv", PROGRAM + GOOD + ONE, place="81.02/2024", loaded=2),
    Case("tetap.csv", PROGRAM + GOOD + ONE, place="81.02/2025", loaded=2),
    *(Case("opd_lain.csv", PROGRAM + GOOD, place="12.07/2026/{n}", meta=f'opd_code = "12.07-{opd}"', loaded=1, values=[("select _opd_code from rows", [f"12.07-{opd}"])])
      for opd in ("DISHUB", "DINSOS")),
    Case("kembar_1.csv", touched(PROGRAM + ONE, 1_700_000_000), place="81.04/2026", loaded=1),
    Case("kembar_2.csv", touched(PROGRAM + ONE, 1_700_000_001), place="81.04/2026", status="duplicate", loaded=0, reason=("kembar_1.csv",)),
    Case("kembar_3.csv.gz", lambda p: (p.write_bytes(gzip.compress((PROGRAM + ONE).encode())), os.utime(p, (1_700_000_002, 1_700_000_002))), place="81.04/2026", status="duplicate", loaded=0),
]  # fmt: skip


def _meta_link(path: Path) -> None:
    outside = next(folder for folder in path.parents if folder.name == "inbox").with_name("luar.toml")
    outside.write_text('opd_code = "12.07-DISHUB"\n')
    path.symlink_to(outside)


# `.meta.toml` beside a file, of every bad form.
METAS = [
    Case("tautan.csv", INVENTORY + system("R-40"), kind="system_inventory", meta=_meta_link, status="rejected", reason=("unsafe_path",)),
    Case("putus.csv", PROGRAM + GOOD, meta=link_to("tiada.toml"), status="rejected", reason=("unsafe_path",)),
    Case("ke_dev.csv", PROGRAM + GOOD, meta=link_to("/dev/zero"), status="rejected"),
    Case("folder.csv", PROGRAM + GOOD, meta=lambda p: p.mkdir(), status="rejected"),
    Case("pipa.csv", PROGRAM + GOOD, meta=os.mkfifo, status="rejected"),
    Case("kosong.csv", PROGRAM + GOOD, meta="", loaded=1),
    Case("bom.csv", PROGRAM + GOOD, meta="\ufeffperiod = 2024\n", loaded=1, values=[("select _period from rows", ["2024"])]),
    Case("konstanta.csv", PROGRAM + GOOD, meta="[constants]\nsource = 'daftar'\n", loaded=1, values=[("select source from rows", ["daftar"])]),
    Case("judul.csv", "Dimensi Kami,programs,achieved,not_achieved\n" + GOOD, meta="[columns]\n'Dimensi Kami' = 'dimension'\n", loaded=1),
    Case("kolom_tiada.csv", PROGRAM + GOOD, meta="[columns]\n'x' = 'tiada'\n", status="rejected", reason=("bad_meta", "tiada")),
    *(Case(f"buruk_{n}.csv", PROGRAM + GOOD, meta=meta, status="rejected", reason=("bad_meta",)) for n, meta in enumerate((
        'constants = "x"', "constants = [1]", "[constants]\nsource = [1]", "[constants.source]\nb = 1", "period = 'kemarin'", "period = '2026-13'", "period = 1999", "periode = '2025'", "x", "\0",
        "opd_code = [1]", "columns = 1", "[columns]\na = {b = 1}", "a" * 70_000, "period = " + "[" * 5000 + "]" * 5000, "period = " + "9" * 5000, "opd_code = '" + "x" * 2000 + "'",
        "[constants]\ntiada = 1", "<html>", "{}", '{"period": "2026"}', "period = '2026'\nperiod = '2025'", "period = 2026-01-01T00:00:00", "opd_code = 'a\x01b'"))),
    Case("bukan_utf8.csv", PROGRAM + GOOD, meta=b"opd_code = '\xff\xfe'", status="rejected", reason=("bad_meta",)),
    Case("utf16.csv", PROGRAM + GOOD, meta="period = '2026'".encode("utf-16"), status="rejected", reason=("bad_meta",)),
]  # fmt: skip

TABLES: list[Case] = [*CASES, *FORMS, *TEXTS, *WHOLES, *JSONS, *PERSONAL, *ENTRIES, *METAS]

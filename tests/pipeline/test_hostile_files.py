"""Dirty and hostile files, each with its fate: loaded, or refused with rule, file, row, column and what was found.

Files are made here, never stored. All go through one real intake; a case is one file of an instansi of its own.
"""

# ruff: noqa: E501  a case is a line
import gzip
import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pytest
import xlsxwriter

from orchestration import intake
from orchestration.settings import Settings
from orchestration.warehouse import open_warehouse

PROGRAM = "dimension,programs,achieved,not_achieved\n"
GOOD = "Smart Living,10,6,4\n"
ASSESSMENT = "rulebook_id,node_id,stage,level\n"
CONTRACT = "contract_no,system_code,vendor_name,kind,starts_on,ends_on,value_idr\n"
FIGURE = "figure_id,name,unit,published_value,field_value\n"


@dataclass
class Case:
    """A file and what must become of it.

    `reason` holds words of the file's reason; `broken` holds, for each quarantined row, its number, a rule and
    words of its message; `loaded` the number of rows that load.
    """

    name: str
    content: bytes | str | Callable[[Path], None]
    kind: str = "program_realization"
    status: str = "loaded"
    loaded: int | None = None
    meta: str | None = None
    reason: tuple[str, ...] = ()
    broken: list[tuple[int, str, tuple[str, ...]]] = field(default_factory=list)


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
        reason=("sumbar (mungkin maksudnya sumber)",),
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
        reason=("wrong_header", "achieved, not_achieved"),
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
    Case("cut.csv.gz", gzip.compress((PROGRAM + GOOD * 50).encode(), mtime=0)[:-12], status="waiting",
         reason=("truncated",)),
    Case("broken.json", '[{"dimension": "A",', status="rejected", reason=("unreadable", "baris 1")),
    Case("number.json", "[1, 2, 3]", status="rejected", reason=("wrong_header",)),
    Case("many_rows.csv", PROGRAM + "".join(f"D{i},1,1,0\n" for i in range(2001)), status="rejected",
         reason=("too_large", "2,000 baris")),
    Case("many_columns.csv", ",".join([*HEAD, *(f"programs{i}" for i in range(3)), *(["source"] * 0)])
         + "\n" + GOOD, loaded=1, reason=("programs0",)),
    Case("long_cell.csv", PROGRAM + "x" * 40_000 + ",1,1,0\n", status="rejected",
         reason=("too_large", "baris 2", "dimension")),
    Case("bad_meta.csv", PROGRAM + "M,1,1,0\n", meta='periode = "2026"', status="rejected",
         reason=("bad_meta", "periode")),
    Case("meta_column.csv", PROGRAM + "N,1,1,0\n", meta='[constants]\nwarna = "biru"', status="rejected",
         reason=("bad_meta", "warna")),
    Case("link.csv", lambda p: p.symlink_to("/etc/hostname"), status="rejected", reason=("unsafe_path",)),
    Case("folder.csv", lambda p: p.mkdir(), status="rejected", reason=("not_a_file", "folder.csv")),
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
         broken=[(2, "program_realization.programs.type", ("programs", "lima", "bilangan bulat"))]),
    Case("fraction.csv", PROGRAM + "A,5.5,3,2\n" + GOOD, status="partly", loaded=1,
         broken=[(2, "program_realization.programs.type", ("5.5",))]),
    Case("negative.csv", PROGRAM + "A,-1,-1,0\n" + GOOD, status="partly", loaded=1,
         broken=[(2, "program_realization.programs.range", ("-1", "paling sedikit 0"))]),
    Case("missing.csv", PROGRAM + "A,-,3,2\n" + GOOD, status="partly", loaded=1,
         broken=[(2, "program_realization.programs.missing", ("programs",))]),
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
         broken=[(2, "self_assessment.stage.codes", ("besok", "interview"))]),
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


@pytest.fixture(scope="module")
def received(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    """All cases through one intake, with small limits."""
    home = tmp_path_factory.mktemp("hostile")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPBE_HOME", str(home))
        settings = Settings(
            home=home,
            table_max_bytes=5_000_000,
            table_max_rows=2_000,
            table_max_columns=60,  # type: ignore[call-arg]
        )
        settings.prepare_home()
    for i, case in enumerate(CASES):
        path = settings.inbox / case.kind / f"77.{i:02}" / "2026" / case.name
        path.parent.mkdir(parents=True)
        if callable(case.content):
            case.content(path)
        else:
            path.write_bytes(case.content if isinstance(case.content, bytes) else case.content.encode())
        if case.meta is not None:
            path.with_name(path.name + ".meta.toml").write_text(case.meta, encoding="utf-8")
    con = open_warehouse(settings.warehouse)
    intake.prepare_warehouse(con, settings)
    for kind in [None, *intake.table_kinds()]:
        list(intake.receive(con, settings, settings.inbox, kind))
    return con


@pytest.mark.parametrize(("i", "case"), list(enumerate(CASES)), ids=[c.name for c in CASES])
def test_the_fate_of_a_file(received: duckdb.DuckDBPyConnection, i: int, case: Case) -> None:
    name = f"{case.kind}/77.{i:02}/2026/{case.name}"
    fate = received.execute(
        "select status, coalesce(reason, ''), rows_loaded, rows_received, rows_quarantined "
        "from raw.intake_files where file_name = ?",
        [name],
    ).fetchone()
    assert fate is not None, "the file is not in the ledger"
    status, reason, loaded, total, quarantined = fate
    assert status == case.status, reason
    assert all(word in reason for word in case.reason), reason
    assert total == loaded + quarantined
    if case.loaded is not None:
        assert loaded == case.loaded, reason
    rows = received.execute(
        "select row_number, rules, messages from raw.quarantine where file_name = ? order by row_number",
        [name],
    ).fetchall()
    assert [row for row, *_ in rows] == [row for row, *_ in case.broken]
    for (_, rules, messages), (_, rule, words) in zip(rows, case.broken, strict=True):
        assert rule in rules
        message = messages[rules.index(rule)]
        assert all(word in message for word in words), message


def test_at_least_sixty_files_are_tried() -> None:
    assert len(CASES) >= 60


def test_reading_again_changes_nothing(received: duckdb.DuckDBPyConnection) -> None:
    statuses = received.execute("select status, count(*) from raw.intake_files group by 1").fetchall()
    assert sum(n for _, n in statuses) == len(CASES)

"""The answer to each OPD: which rows and files to mend, how, and a workbook to send the mended rows back in.

Belongs here: one page and one workbook per kind for whoever is asked to mend. Stays out: judging
(`expectations/`) and reading what comes back (`sources/corrections.py`). The same code answers before sending
(`spbe check`).
"""

import hashlib
import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache, cached_property
from itertools import groupby
from pathlib import Path
from typing import Any, TypedDict
from zoneinfo import ZoneInfo

import duckdb
import xlsxwriter

from expectations.contract import Column, example_instansi, header_aliases, kinds, load_contract
from expectations.reference_tables import fill_lists, know_nobody
from expectations.references import entries_of_years, named_years
from expectations.rules import ALSO_AT, OTHER_ROW, Rule, rules_of
from expectations.spreadsheet import CELL_CHARACTERS, OPTIONS, guarded
from expectations.template import CODE_SHEET, Entries, choices, line_count, offer_choices, write_choices
from exports.aside import rename_in, write_file
from exports.database import list_tables, open_published, read_rows
from exports.reports import pages, wording

PAGE = "umpan_balik.html"
GUIDE_FOLDER, GUIDE = "panduan", "menjawab-umpan-balik.html"
# As a home lies; from the folder of an OPD two up.
_GUIDE_PLACE = f"published/report/{GUIDE_FOLDER}/{GUIDE}"
_HEAD = b"</title>\n"
CORRECTS, WHY = "_perbaikan_dari", "_masalah"
CORRECTIONS_SHEET, PROBLEMS_SHEET = "perbaikan", "masalah"
_SHOWN_ROWS = 30
# So many rows nobody mends by hand: the page then asks for the whole file again.
_BOOK_ROWS = 20_000
# Beyond these a note on each wrong cell makes a book slow; `_masalah` tells the same.
_NOTED_ROWS = 1_000
# Widths in letters, and the lines that a row may be high.
_KEY_WIDTHS, _CELL_WIDTH = (28, 60), 22
_PROBLEM_WIDTHS = (14, 40, 8, 22, 34, 50, 60)
_MOST_LINES = 25
_EMPTY = "(kosong)"
# A row that loaded is in no sheet of corrections: left as it is, it would undo what others mended since.
RESEND = (
    "Perbaiki pada berkas yang disebut, lalu kirim seluruh berkas itu lagi dengan nama yang sama; bila bukan "
    "OPD Anda yang mengirimnya, sampaikan kepada pengirimnya."
)
# A kind to the entries of its columns' lists, for the drop-downs.
Lists = Callable[[str], Mapping[str, Entries]]

# Resolver to the table of schema `reference`, the mart that fills it, and how.
_OWN_LISTS = {
    "opd": (
        "opd_register",
        "dim_opd",
        "select instansi_code, opd_code, opd_name, null, is_active from dim_opd where is_mapped",
    ),
    "system": (
        "system_inventory",
        "dim_system",
        "select distinct instansi_code, system_code, system_name, opd_code from dim_system",
    ),
}


class BrokenRule(TypedDict):
    """One rule that a row breaks, as `expectations.rules.BROKEN_TYPE` has it.

    `found` is None where nothing stood there; `expected` too in rows that were judged before it had a field.
    """

    rule: str
    column_name: str | None
    found: str | None
    expected: str | None
    message: str


@dataclass(frozen=True)
class RefusedRow:
    """One row that breaks rules: `raw_row` is a JSON object by header or None.

    `is_loaded` tells that it was accepted all the same: all its rules are warnings. `place` is the row as a
    person sees it, where that is more than its number.
    """

    kind: str
    file_name: str
    file_sha256: str
    row_number: int
    broken: Sequence[BrokenRule]
    raw_row: str | None
    is_loaded: bool
    place: str = ""


@dataclass(frozen=True)
class LeftOutPart:
    """Something of a file that was not read as rows; `code` as `sources.left_out.LeftOut` has it."""

    kind: str
    file_name: str
    code: str
    place: str
    count: int
    message: str


@dataclass(frozen=True)
class RefusedFile:
    """One file of which nothing was loaded: why, as a code and in words."""

    kind: str
    file_name: str
    code: str
    sentence: str


@dataclass(frozen=True)
class NewestFile:
    """The last file of a reader that was read.

    `received_at` as the home's clocks had it, with their zone; `file_name` is None where it may be another's.
    """

    file_name: str | None
    received_at: datetime


@dataclass(frozen=True)
class Problem:
    """One broken rule of one row, as a person reads it."""

    file_name: str
    row_number: int
    place: str
    column: str
    found: str
    expected: str
    is_loaded: bool


@dataclass
class RuleGroup:
    """All rows of one kind that break one rule."""

    kind: str
    rule_id: str
    title: str
    is_error: bool
    mend: str
    problems: list[Problem] = field(default_factory=list)


def write_feedback(
    published: Path,
    feedback_dir: Path,
    as_of: date,
    seeds: Path | None = None,
    made_by: str = "",
    time_zone: str = "UTC",
) -> list[Path]:
    """Write a folder per OPD that ever sent or stood in a file: what is open, or that nothing is.

    Args:
        published: the published database.
        feedback_dir: the folders' folder; folders of ours whose OPD is not known any more are emptied.
        as_of: the day printed on page and workbook; same database and day, same bytes.
        seeds: `seeds/` of the dbt project, with the lists of the state; None: drop-downs without those.
        made_by: sha256 of the program and settings; an answer that they made of the same rows stays.
        time_zone: in which times of receipt are told.

    Returns:
        The pages, by name of folder.

    Raises:
        FileNotFoundError: nothing has been published yet.
    """
    feedback_dir.mkdir(parents=True, exist_ok=True)
    with open_published(published) as connection:
        readers = _readers(connection)
        known = _KnownLists(connection, seeds, as_of.year)
        for name, reader in readers.items():
            write_answer(
                feedback_dir / name,
                f"{reader['reader_name']} ({reader['opd_code']})",
                _rows(connection, reader),
                _files(connection, reader),
                as_of,
                pages.is_fictional(reader["instansi_name"]),
                _left_out(connection, reader),
                known.of(reader["instansi_code"]),
                made_by=made_by,
                newest=_newest(connection, reader, ZoneInfo(time_zone)),
            )
    for folder in feedback_dir.iterdir():
        if folder.name not in readers and (folder / PAGE).is_file():
            _clear(folder, keep=())
    return [feedback_dir / name / PAGE for name in sorted(readers)]


def write_answer(
    folder: Path,
    title: str,
    rows: Sequence[RefusedRow],
    files: Sequence[RefusedFile],
    as_of: date,
    fictional: bool = False,
    left_out: Sequence[LeftOutPart] = (),
    lists: Lists = lambda kind: {},
    is_sent: bool = True,
    made_by: str = "",
    newest: NewestFile | None = None,
) -> list[Path]:
    """Write the page and, per kind with something to mend, the workbook `umpan_balik_<kind>.xlsx`.

    Each file is complete or as before; workbooks of earlier answers that are not written again are removed.
    Text is expected to be masked already.

    Args:
        folder: where to; made when missing.
        title: whose files these are.
        rows: rows that break rules, refused or not.
        files: files of which nothing was loaded.
        as_of: the day printed; also the workbooks' date of creation.
        fictional: whether the page must say that its OPD is made up.
        left_out: what of the files was not read as rows; said first.
        lists: kind to column name to (code, name) of what its drop-down offers.
        is_sent: False where the files were only checked: nothing of them is loaded yet.
        made_by: as for `write_feedback`.
        newest: the last file that the answer is on, by which a reader knows whether it is a new one.

    Returns:
        The files, the page first.
    """
    folder.mkdir(parents=True, exist_ok=True)
    groups = group_by_rule(rows)
    asked = sorted({g.kind for g in groups} | {f.kind for f in files})
    books = {kind: folder / f"umpan_balik_{_safe_name(kind)}.xlsx" for kind in asked}
    by_kind = [
        {
            "kind": kind,
            "name": wording.kind_title(kind),
            "book": f"umpan_balik_{_safe_name(kind)}.xlsx",
            "groups": list(own),
            "refused": (refused := sum(1 for r in rows if r.kind == kind and not r.is_loaded)),
            "warned": sum(1 for r in rows if r.kind == kind and r.is_loaded),
            "is_long": refused > _BOOK_ROWS,
            # Rows of a kind without a contract, log lines, are told alone.
            "has_rows": refused > 0 and kind in kinds(),
        }
        for kind, own in groupby(
            sorted(groups, key=lambda g: _kind_rank(groups, g.kind)), key=lambda g: g.kind
        )
    ]
    page = pages.render_page(
        "feedback.html.j2",
        title="Umpan balik data",
        reader=title,
        fictional=fictional,
        generated_for=as_of,
        kinds=by_kind,
        files=[{**f.__dict__, "name": wording.kind_title(f.kind)} for f in files],
        left_out=[
            {"file_name": name, "kind": wording.kind_title(kind), "parts": list(parts)}
            for (kind, name), parts in groupby(left_out, key=lambda part: (part.kind, part.file_name))
        ],
        refused=sum(1 for r in rows if not r.is_loaded),
        warned=sum(1 for r in rows if r.is_loaded),
        has_rows=any(kind["has_rows"] for kind in by_kind),
        resend=RESEND,
        shown_rows=_SHOWN_ROWS,
        book_rows=_BOOK_ROWS,
        is_sent=is_sent,
        newest=newest,
        guide=_GUIDE_PLACE,
        wording=wording,
    )
    if made_by:
        offered = [
            (kind, {name: list(found) for name, found in lists(kind).items()})
            for kind in asked
            if kind in kinds()
        ]
        made_of = _sha256(repr((made_by, as_of, rows, files, offered)).encode())
    else:
        made_of = ""
    if not (made_of and _is_as_made(folder / PAGE, page, made_of, books.values())):
        for kind, book in books.items():
            _write_workbook(
                book,
                kind,
                [r for r in rows if r.kind == kind],
                [g for g in groups if g.kind == kind],
                [f for f in files if f.kind == kind],
                as_of,
                lists,
            )
        write_file(folder / PAGE, _named(page, made_of, books.values()) if made_of else page)
    _clear(folder, keep={PAGE, *(book.name for book in books.values())})
    return [folder / PAGE, *books.values()]


def _is_as_made(path: Path, page: bytes, made_of: str, books: Iterable[Path]) -> bool:
    """Whether page and workbooks are there as they would be written."""
    if not all(file.is_file() for file in (path, *books)):
        return False
    return path.read_bytes() == _named(page, made_of, books)


def _named(page: bytes, made_of: str, books: Iterable[Path]) -> bytes:
    """The page with what it and its workbooks were made of, and what these are."""
    marks = " ".join([made_of, *(_sha256(book.read_bytes()) for book in books)])
    return page.replace(_HEAD, _HEAD + f'<meta name="made-of" content="{marks}">\n'.encode(), 1)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def group_by_rule(rows: Iterable[RefusedRow]) -> list[RuleGroup]:
    """One group per kind and broken rule, the worst first: refusals before warnings, many before few."""
    groups: dict[tuple[str, str], RuleGroup] = {}
    for row in rows:
        for broken in row.broken:
            key = (row.kind, broken["rule"])
            if key not in groups:
                groups[key] = _group(row.kind, broken)
            groups[key].problems.append(_problem(row, broken))
    return sorted(groups.values(), key=lambda g: (not g.is_error, -len(g.problems), g.kind, g.rule_id))


def _kind_rank(groups: Sequence[RuleGroup], kind: str) -> tuple[int, str]:
    return min(i for i, g in enumerate(groups) if g.kind == kind), kind


def _readers(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, Any]]:
    """Folder name to the OPD it is for: all that ever sent a file or are asked to mend a row."""
    rows = read_rows(
        connection,
        """
        with addressed as (
            select instansi_code, answer_opd_code as opd_code from fct_quarantine
            union select instansi_code, answer_opd_code from fct_row_warnings
            union select instansi_code, opd_code from fct_intake_files
            union select instansi_code, answer_opd_code from fct_intake_files
            union select meant.instansi_code, meant.opd_code
            from fct_row_warnings as named inner join dim_opd as meant
                on named.instansi_code = meant.instansi_code and named.rule_id like '%.unnamed'
                    and contains(named.expected, ' ' || meant.opd_code || ' (')
        )
        select a.instansi_code, a.opd_code, coalesce(o.opd_name, i.instansi_name, a.opd_code) as reader_name,
            count(*) over (partition by a.opd_code) > 1 as is_shared, own.instansi_name
        from addressed as a
        left join dim_opd as o on a.instansi_code = o.instansi_code and a.opd_code = o.opd_code
        left join dim_instansi as i on a.opd_code = i.instansi_code
        left join dim_instansi as own on a.instansi_code = own.instansi_code
        where a.opd_code is not null
        order by a.instansi_code, a.opd_code
        """,
    )
    return {
        _safe_name(f"{r['instansi_code']}-{r['opd_code']}" if r["is_shared"] else r["opd_code"]): r
        for r in rows
    }


def _rows(connection: duckdb.DuckDBPyConnection, reader: Mapping[str, Any]) -> list[RefusedRow]:
    found = connection.execute(
        """
        select kind, file_name, file_sha256, row_number, broken, raw_row, false as is_loaded, row_place
        from fct_quarantine
        where status = 'open' and instansi_code = $instansi and answer_opd_code = $opd
        union all
        select kind, file_name, file_sha256, row_number,
            list({
                'rule': rule_id, 'severity': 'warning', 'column_name': column_name, 'found': found,
                'expected': expected, 'message': message
            } order by rule_id), null, true, any_value(row_place)
        from fct_row_warnings
        where instansi_code = $instansi and (
            answer_opd_code = $opd
            -- A name that no OPD has: the one that it may be is asked, too.
            or (rule_id like '%.unnamed' and contains(expected, ' ' || $opd || ' ('))
        )
        group by kind, file_name, file_sha256, row_number
        order by is_loaded, kind, file_name, file_sha256, row_number
        """,
        {"instansi": reader["instansi_code"], "opd": reader["opd_code"]},
    ).fetchall()
    return [RefusedRow(*row) for row in found]


def _left_out(connection: duckdb.DuckDBPyConnection, reader: Mapping[str, Any]) -> list[LeftOutPart]:
    """What was not read of its files; of one that names no sender, where nobody else is asked about a row."""
    found = connection.execute(
        """
        with asked as (
            select file_id, answer_opd_code from fct_row_warnings where instansi_code = $instansi
            union select file_id, answer_opd_code from fct_quarantine
            where instansi_code = $instansi and status = 'open'
        ),
        alone as (
            select file_id, min(answer_opd_code) as opd_code from asked
            where answer_opd_code <> $instansi group by file_id having count(*) = 1
        )
        select part.kind, part.file_name, part.code, part.place, part.left_out, part.message
        from fct_left_out as part left join alone on part.file_id = alone.file_id
        where part.is_open and part.instansi_code = $instansi and (
            part.opd_code = $opd or (part.opd_code = $instansi and alone.opd_code = $opd)
        )
        order by part.kind, part.file_name, part.file_sha256, part.position
        """,
        {"instansi": reader["instansi_code"], "opd": reader["opd_code"]},
    ).fetchall()
    return [LeftOutPart(*part) for part in found]


def _files(connection: duckdb.DuckDBPyConnection, reader: Mapping[str, Any]) -> list[RefusedFile]:
    """Files of which nothing loaded: with the rows to mend where it was read, else with whom it is of."""
    found = connection.execute(
        """
        select kind, file_name, coalesce(reason_code, ''), coalesce(reason_text, '')
        from fct_intake_files as file
        where status = 'rejected' and instansi_code = $instansi and (
            (is_open and answer_opd_code = $opd)
            or exists (
                select 1 from fct_quarantine as item
                where item.file_id = file.file_id and item.status = 'open'
                    and item.instansi_code = $instansi and item.answer_opd_code = $opd
            )
        )
        order by kind, file_name, file_sha256
        """,
        {"instansi": reader["instansi_code"], "opd": reader["opd_code"]},
    ).fetchall()
    return [RefusedFile(*row) for row in found]


def _newest(
    connection: duckdb.DuckDBPyConnection, reader: Mapping[str, Any], zone: ZoneInfo
) -> NewestFile | None:
    """The last file that is answered to it: for its sender, its name or a row; or that mended a row of it."""
    found = connection.execute(
        """
        with refused as (
            select * from fct_quarantine where instansi_code = $instansi and answer_opd_code = $opd
        ),
        asked as (
            select file_name from refused
            union select file_name from fct_row_warnings
            where instansi_code = $instansi and (
                answer_opd_code = $opd
                or (rule_id like '%.unnamed' and contains(expected, ' ' || $opd || ' ('))
            )
        ),
        mine as (
            select file_name, received_at from fct_intake_files
            where instansi_code = $instansi and status <> 'waiting' and (
                coalesce(answer_opd_code, opd_code) = $opd or file_name in (select file_name from asked)
            )
            union all
            -- Of corrections that came at once, which one mended the row is not published.
            select case when count(*) = 1 then min(file_name) end, received_at from fct_intake_files
            where instansi_code = $instansi and is_correction
                and (kind, received_at) in (
                    select (kind, closed_at) from refused where closed_by = 'correction'
                )
            group by kind, received_at
        )
        select file_name, received_at from mine order by received_at desc, file_name limit 1
        """,
        {"instansi": reader["instansi_code"], "opd": reader["opd_code"]},
    ).fetchone()
    return NewestFile(found[0], found[1].replace(tzinfo=UTC).astimezone(zone)) if found else None


class _KnownLists:
    """The lists of the drop-downs, as a template has them; made when the first book asks."""

    def __init__(self, published: duckdb.DuckDBPyConnection, seeds: Path | None, year: int) -> None:
        self._published, self._seeds, self._year = published, seeds, year
        self._known: dict[tuple[str, str], Mapping[str, Entries]] = {}

    def of(self, instansi_code: str) -> Lists:
        return lambda kind: self._of(instansi_code, kind)

    def _of(self, instansi_code: str, kind: str) -> Mapping[str, Entries]:
        if (instansi_code, kind) not in self._known:
            years = self._years(instansi_code, kind)
            self._known[instansi_code, kind] = {
                c.name: entries_of_years(self._lists, c, instansi_code, years)
                for c in load_contract(kind).columns
                if c.reference and (self._seeds or c.names in _OWN_LISTS)
            }
        return self._known[instansi_code, kind]

    def _years(self, instansi_code: str, kind: str) -> list[int]:
        if not self._seeds:
            return [self._year]
        refused = self._published.execute(
            "select coalesce(raw_row, '') from fct_quarantine "
            "where status = 'open' and instansi_code = ? and kind = ?",
            [instansi_code, kind],
        ).fetchall()
        return named_years(self._lists, (row for (row,) in refused), self._year)

    @cached_property
    def _lists(self) -> duckdb.DuckDBPyConnection:
        con = duckdb.connect()
        con.execute("create schema reference")
        know_nobody(con)
        if self._seeds:
            fill_lists(con, self._seeds)
        there = {table.name for table in list_tables(self._published)}
        for table, mart, query in _OWN_LISTS.values():
            if mart in there:
                rows = self._published.execute(query).fetchall()
                if rows:
                    marks = ", ".join("?" * len(rows[0]))
                    con.executemany(f"insert into reference.{table} values ({marks})", rows)
        return con


@cache
def _rules(kind: str) -> dict[str, Rule]:
    return {rule.id: rule for rule in rules_of(load_contract(kind))} if kind in kinds() else {}


def _group(kind: str, broken: BrokenRule) -> RuleGroup:
    rule_id = broken["rule"]
    rule = _rules(kind).get(rule_id)
    if rule is None:
        # A fault of the reference to the mended row, of a log line, or a rule of another contract version.
        if broken["column_name"] == CORRECTS:
            mend = "Tulis berkas dan baris seperti pada buku kerja umpan balik."
            return RuleGroup(kind, rule_id, f"Kolom {CORRECTS}", True, mend)
        title = f"{wording.kind_title(kind)}: {broken['expected'] or broken['message']}"
        return RuleGroup(kind, rule_id, title, True, "")
    is_error = rule.severity == "error"
    if rule.column is None:
        return RuleGroup(kind, rule_id, rule.title, is_error, rule.advice)
    column = load_contract(kind).column(rule.column)
    # What a column is for does not help who only misspelt a name.
    has_about = column.description and rule.kind != "unnamed"
    about = f" {column.title}: {column.description}" if has_about else ""
    example = f" Contoh: {column.example_of()}." if _has_example(column) else ""
    title = f"{column.title}: {rule.expected}"
    return RuleGroup(kind, rule_id, title, is_error, f"{rule.advice}{about}{example}")


def _has_example(column: Column) -> bool:
    """Whether its example holds for any instansi; one that bears a code is another's."""
    return bool(column.example) and not column.names and example_instansi() not in (column.example or "")


def _title(kind: str, column: str | None) -> str:
    """A column as people call it; one that no contract has by its name."""
    known = {c.name: c.title for c in load_contract(kind).columns} if kind in kinds() else {}
    return known.get(column or "", column or "")


def _problem(row: RefusedRow, broken: BrokenRule) -> Problem:
    place = row.place or str(row.row_number)
    found, expected = broken["found"], broken["expected"]
    if expected is None:
        found, expected = "", broken["message"]
    column = _title(row.kind, broken["column_name"])
    if rule := _rules(row.kind).get(broken["rule"]):
        column = column or ", ".join(_title(row.kind, name) for name in rule.about)
        expected = _expected(rule, found, expected)
    return Problem(
        row.file_name,
        row.row_number,
        place,
        column,
        _EMPTY if found is None else found,
        expected,
        row.is_loaded,
    )


def _expected(rule: Rule, found: str | None, expected: str) -> str:
    """What should stand there, with the other row by its number where one was found."""
    _, is_told, other = (found or "").rpartition(ALSO_AT)
    return expected.replace(OTHER_ROW, other, 1) if rule.clashes and is_told else expected


def _write_workbook(
    path: Path,
    kind: str,
    rows: Sequence[RefusedRow],
    groups: Sequence[RuleGroup],
    files: Sequence[RefusedFile],
    as_of: date,
    lists: Lists,
) -> None:
    aside = path.with_name(f".{path.name}.new")
    aside.unlink(missing_ok=True)
    workbook = xlsxwriter.Workbook(str(aside), OPTIONS | {"constant_memory": True})
    # The day of the data, not of the writing: the same content must give the same bytes.
    created = datetime(as_of.year, as_of.month, as_of.day, tzinfo=UTC).replace(tzinfo=None)
    workbook.set_properties({"title": f"Umpan balik {wording.kind_title(kind)}", "created": created})
    text = {"num_format": "@", "valign": "top", "text_wrap": True}
    formats = {
        "head": workbook.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"}),
        "text": workbook.add_format(text),
        "error": workbook.add_format({**text, "bg_color": "#fbd9c8"}),
        "warning": workbook.add_format({**text, "bg_color": "#fdf0cf"}),
        "kept": workbook.add_format({**text, "font_color": "#55616a", "bg_color": "#eef0f2"}),
    }
    for name in ("text", "error", "warning"):
        formats[name].set_locked(False)
    refused = [r for r in rows if not r.is_loaded][:_BOOK_ROWS]
    if refused and kind in kinds():
        sheet, codes = workbook.add_worksheet(CORRECTIONS_SHEET), workbook.add_worksheet(CODE_SHEET)
        codes.hide()
        _write_corrections(sheet, codes, kind, refused, formats, lists(kind))
    _write_problems(workbook.add_worksheet(PROBLEMS_SHEET), groups, files, formats)
    try:
        workbook.close()
        rename_in(aside, path)
    finally:
        aside.unlink(missing_ok=True)


def _write_corrections(
    sheet: Any,
    codes: Any,
    kind: str,
    rows: Sequence[RefusedRow],
    formats: Mapping[str, Any],
    lists: Mapping[str, Entries],
) -> None:
    """The refused rows as they came, to be mended and sent back: the only sheet that intake reads.

    What was found stands beside what is written: in the second column, and as a note on each wrong cell. Both
    that and what names the row are locked, without a password.
    """
    contract, known = load_contract(kind), header_aliases(kind)
    given = [_cells(row, known) for row in rows]
    headed = {name for by_column in given for name in by_column}
    cells = [{name: cell for name, cell in row.items() if cell is not None} for row in given]
    broken = [_broken_columns(row, headed) for row in rows]
    used = {name for by_column in (*cells, *broken) for name in by_column}
    columns = [c for c in contract.columns if c.name in used]
    heads = [c.title if known.get(c.title.lower()) == c.name else c.name for c in columns]
    sources = write_choices(codes, {c.name: choices(c, lists.get(c.name, ())) for c in columns})
    sheet.freeze_panes(1, 2)
    for i in range(len(columns) + 2):
        sheet.set_column(i, i, _KEY_WIDTHS[i] if i < len(_KEY_WIDTHS) else _CELL_WIDTH)
    for i, head in enumerate([CORRECTS, WHY, *heads]):
        sheet.write_string(0, i, head, formats["head"])
    for number, (row, by_column, faults) in enumerate(zip(rows, cells, broken, strict=True), 1):
        named = f"{row.file_name}@{row.file_sha256[:12]}#{row.row_number}"
        # A row that named no known row is to name one: its own reference is what must be mended.
        is_lost = CORRECTS in faults
        reference = by_column.get(CORRECTS, "") if is_lost else named
        said = "\n".join(rule["message"] for rule in row.broken)
        cells_of_row = (reference, said, *by_column.values())
        told = zip(cells_of_row, (*_KEY_WIDTHS, *[_CELL_WIDTH] * len(by_column)), strict=True)
        sheet.set_row(number, _height(told))
        sheet.write_string(number, 0, _cell(reference), formats["error" if is_lost else "kept"])
        sheet.write_string(number, 1, _cell(said), formats["kept"])
        for i, column in enumerate(columns, 2):
            severity = faults.get(column.name, "text")
            sheet.write_string(number, i, _cell(by_column.get(column.name, "")), formats[severity])
            if column.name in faults and number <= _NOTED_ROWS:
                sheet.write_comment(number, i, _note(row, column.name), {"x_scale": 2})
    for i, column in enumerate(columns, 2):
        if column.name in sources:
            offer_choices(sheet, column, sources[column.name], i, len(rows))
    sheet.protect("", {"format_columns": True, "format_rows": True, "sort": True, "autofilter": True})
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.repeat_rows(0)
    sheet.fit_to_pages(max(1, len(columns) // 8), 0)


def _height(texts: Iterable[tuple[str, int]]) -> int:
    """Height of a row of wrapped texts, each with the width of its column in letters."""
    lines = [sum(line_count(line, width) for line in text[:2_000].split("\n")) for text, width in texts]
    return 15 * min(max(lines), _MOST_LINES)


def _note(row: RefusedRow, column: str) -> str:
    """What was found in a cell and what should stand there, a line each for every rule that it breaks."""
    told = []
    for broken in row.broken:
        rule = _rules(row.kind).get(broken["rule"])
        if broken["column_name"] == column or (rule and column in rule.about):
            problem = _problem(row, broken)
            told.append(f"Ditemukan: {problem.found or _EMPTY}\nSeharusnya: {problem.expected}")
    return _cell("\n".join(told))[:2_000]


def _cells(row: RefusedRow, known: Mapping[str, str]) -> dict[str, str | None]:
    """Column of the contract to the cell as received, None where nothing stood there."""
    try:
        content = json.loads(row.raw_row or "{}")
    except json.JSONDecodeError:
        return {}
    found: dict[str, str | None] = {}
    for header, value in content.items() if isinstance(content, dict) else ():
        key = " ".join(header.lower().split())
        name = CORRECTS if key == CORRECTS else known.get(key)
        if name:
            found[name] = found.get(name) if value is None else str(value)
    return found


def _broken_columns(row: RefusedRow, headed: Collection[str]) -> dict[str, str]:
    """Column of the contract to the worst severity of a rule that its cell breaks, alone or with others.

    Of a rule over the whole row only columns that are `headed`: a cell that the file had from elsewhere would
    be sent back empty.
    """
    found: dict[str, str] = {}
    for broken in row.broken:
        rule = _rules(row.kind).get(broken["rule"])
        if rule is None and broken["column_name"] == CORRECTS:
            found[CORRECTS] = "error"
        elif rule:
            for name in [rule.column] if rule.column else set(rule.about) & set(headed):
                if found.get(name) != "error":
                    found[name] = rule.severity
    return found


def _write_problems(
    sheet: Any, groups: Sequence[RuleGroup], files: Sequence[RefusedFile], formats: Mapping[str, Any]
) -> None:
    """Every problem, grouped by rule, the worst first; refused files before all."""
    heads = ["tingkat", "berkas", "baris", "kolom", "ditemukan", "seharusnya", "cara memperbaiki"]
    sheet.freeze_panes(1, 0)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.repeat_rows(0)
    sheet.fit_to_pages(1, 0)
    for i, width in enumerate(_PROBLEM_WIDTHS):
        sheet.set_column(i, i, width)
        sheet.write_string(0, i, heads[i], formats["head"])
    number = 0
    for file in files:
        number += 1
        said = wording.plain_text(file.sentence or file.code)
        line = ["berkas ditolak", file.file_name, None, "", "", said]
        mend = "Perbaiki berkasnya, lalu kirim lagi dengan nama yang sama."
        _write_line(sheet, number, [*line, mend], formats)
    for group in groups:
        level = "ditolak" if group.is_error else "peringatan"
        for p in group.problems:
            number += 1
            if number > _BOOK_ROWS:
                return
            row = p.row_number if p.place == str(p.row_number) else p.place
            place: list[str | int | None] = [level, p.file_name, row, p.column]
            mend = f"{group.mend} {RESEND}".strip() if p.is_loaded else group.mend
            _write_line(sheet, number, [*place, p.found, p.expected, mend], formats)


def _write_line(
    sheet: Any, number: int, values: Sequence[str | int | None], formats: Mapping[str, Any]
) -> None:
    told = [(str(value or ""), width) for value, width in zip(values, _PROBLEM_WIDTHS, strict=True)]
    sheet.set_row(number, _height(told))
    for i, value in enumerate(values):
        if isinstance(value, int):
            sheet.write_number(number, i, value)
        elif value:
            sheet.write_string(number, i, _cell(value), formats["text"])


def _cell(value: str) -> str:
    """A text no spreadsheet takes for a formula, not longer than a cell."""
    safe = guarded(value)
    return safe if len(safe) <= CELL_CHARACTERS else safe[: CELL_CHARACTERS - 1] + "…"


def _safe_name(code: str) -> str:
    """A code as one plain name of a folder or file; a code that had to be changed is told apart by a hash."""
    name = re.sub(r"[^A-Za-z0-9._-]", "_", code).lstrip(".")[:80]
    return name if name == code else f"{name}-{hashlib.sha256(code.encode()).hexdigest()[:8]}"


def _clear(folder: Path, keep: Iterable[str]) -> None:
    """Remove our own files from a folder, and the folder where nothing else is in it."""
    kept = set(keep)
    for path in folder.iterdir():
        is_ours = path.name == PAGE or re.fullmatch(r"\.?umpan_balik_.*\.xlsx(\.new)?", path.name)
        if is_ours and path.name not in kept:
            path.unlink()
    if not kept and not any(folder.iterdir()):
        folder.rmdir()

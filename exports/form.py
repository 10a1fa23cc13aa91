"""The form of the evaluation as it is asked today: each indicator with its level, explanation and documents.

Belongs here: the rows of the form, its workbook to work in and to send back as `self_assessment`, its CSV.
Stays out: judging evidence (the marts did) and reading what comes back (`sources/tables/`).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

from expectations.contract import load_contract
from expectations.spreadsheet import CELL_CHARACTERS, OPTIONS, guarded
from expectations.template import CODE_SHEET, DATA_SHEET, HELP_SHEET
from exports.aside import rename_in, write_file
from exports.database import read_rows
from exports.reports.pages import is_fictional
from exports.reports.wording import DOCUMENT_STATES, date_text, decimal_text

KIND = "self_assessment"
# Begins an explanation that we wrote: it is written anew each time, also when it came back.
DRAFT = "[DRAF]"
_UNKNOWN = "belum diketahui"
# The value type of `dim_node` whose indicators take whole levels alone.
_WHOLE = "integer_level"
_OPEN, _MISSING, _GREY = "#FFF4CC", "#FBD9C8", "#E7EBEF"
_SEVERAL = {
    "evidence_ref": "Kode dokumen; beberapa kode dipisah titik koma.",
    "opd_code": "OPD yang menjawab indikator ini; kosong berarti pengirim berkas.",
}


@dataclass(frozen=True)
class Form:
    """One written file: where it lies, and what it is, for a list of contents."""

    path: Path
    title: str
    description: str


@dataclass(frozen=True)
class _Field:
    """A column of the form: name in the rows, heading as the intake knows it, width, whether to fill in."""

    name: str
    heading: str
    width: int
    is_filled_in: bool = False


# Headings without a column of the contract stand as ignored ones in `self_assessment.headers.csv`.
FIELDS = (
    _Field("number", "No", 5),
    _Field("node_id", "Kode Indikator", 9),
    _Field("name", "Judul Indikator", 28),
    _Field("domain", "Domain", 13),
    _Field("aspect", "Aspek", 15),
    _Field("level", "Tingkat Kematangan", 12, True),
    _Field("explanation", "Penjelasan", 50, True),
    _Field("evidence_ref", "Data Dukung", 15, True),
    _Field("opd_code", "OPD Penanggung Jawab", 22, True),
    _Field("assessed_on", "Tanggal Penilaian", 13, True),
    _Field("missing", "Perlu Dilengkapi", 18),
    _Field("evidence_level", "Tingkat menurut Bukti", 14),
    _Field("declared_criterion", "Kriteria Tingkat yang Dinyatakan", 28),
    _Field("next_criterion", "Kriteria Tingkat Berikutnya", 28),
    _Field("lacking", "Kekurangan Tingkat Berikutnya", 28),
    _Field("documents", "Dokumen dan Status", 36),
    _Field("assessor_kind", "Penilai", 9),
    _Field("stage", "Tahap", 17),
    _Field("rulebook_id", "Peraturan", 21),
    _Field("period", "Tahun Penilaian", 10),
    _Field("instansi_code", "Kode Instansi", 12),
)
_AT = {field.name: i for i, field in enumerate(FIELDS)}

_RULEBOOKS = """
select book.rulebook_id, book.short_name, book.regulation
from dim_rulebook as book
where book.regulation is not null and not book.is_handed_in
    and exists (
        select 1 from dim_node as node
        where node.rulebook_id = book.rulebook_id and node.node_kind = 'indicator'
    )
    and (
        $year::integer between book.first_eval_year and coalesce(book.last_eval_year, $year::integer)
        or exists (
            select 1 from fct_scores as score
            where score.rulebook_id = book.rulebook_id and score.instansi_code = $instansi
                and score.unit_kind = 'instansi' and score.period = $year
        )
    )
order by book.first_eval_year, book.rulebook_id
"""

_ROWS = """
with indicators as (
    select node.rulebook_id, node.node_id, node.number, node.name, node.sort_key, node.value_type,
        node.scale_min, node.scale_max,
        case when above.node_kind = 'aspect' then above.name end as aspect,
        case when top.node_kind = 'domain' then top.name when above.node_kind = 'domain' then above.name end
            as domain
    from dim_node as node
    left join dim_node as above
        on node.rulebook_id = above.rulebook_id and node.parent_id = above.node_id
    left join dim_node as top
        on above.rulebook_id = top.rulebook_id and above.parent_id = top.node_id
    where node.rulebook_id = $rulebook and node.node_kind = 'indicator'
),
-- The word that a reader gets for the state of a document.
words as (select unnest($states::varchar[]) as state, unnest($words::varchar[]) as word),
checklist as (
    select * from fct_evidence_checklist
    where instansi_code = $instansi and period = $year and rulebook_id = $rulebook
),
known as (
    select document_code, title, fct_documents.state, node_ids, coalesce(word, fct_documents.state) as word
    from fct_documents
    left join words on fct_documents.state = words.state
    where instansi_code = $instansi and period = $year
),
-- Documents listed for the indicator, and those that its assessment names all the same.
named as (
    select node_id, document_code, title, word, state = 'valid' as is_valid
    from (select unnest(node_ids) as node_id, * exclude (node_ids) from known)
    union all
    select told.node_id, told.code, known.title,
        coalesce(known.word || ', tidak terdaftar untuk indikator ini', 'tidak ada pada daftar dokumen'),
        false
    from (select node_id, unnest(evidence_ref) as code from checklist) as told
    left join known on told.code = known.document_code
    where known.document_code is null or not list_contains(known.node_ids, told.node_id)
),
documents as (
    select node_id,
        string_agg(
            document_code || coalesce(' ' || title, '') || ' (' || word || ')', chr(10) order by document_code
        ) as told,
        string_agg(document_code, '; ' order by document_code) filter (where is_valid) as valid_codes,
        string_agg(document_code || coalesce(' ' || title, ''), ', ' order by document_code)
            filter (where is_valid) as valid_titles
    from named
    group by node_id
),
scores as (
    select node_id, observed from fct_scores
    where instansi_code = $instansi and unit_kind = 'instansi' and unit_code = $instansi and period = $year
        and rulebook_id = $rulebook and stage = 'self'
),
declared as (
    select indicators.*, checklist.* exclude (rulebook_id, node_id),
        cast(coalesce(checklist.declared_level, scores.observed) as double) as level,
        checklist.node_id is not null as is_listed
    from indicators
    left join checklist on indicators.node_id = checklist.node_id
    left join scores on indicators.node_id = scores.node_id
),
-- A decimal is held against evidence by the level that it lies in.
steps as (
    select declared.*,
        coalesce(
            (
                select max(own.level) from dim_level as own
                where own.rulebook_id = declared.rulebook_id and own.node_id = declared.node_id
                    and own.value_from <= declared.level
            ),
            cast(floor(declared.level) as integer)
        ) as step
    from declared
),
placed as (
    select steps.* exclude (next_level),
        case when is_listed then next_level else coalesce(step, 1) + 1 end as next_level
    from steps
)
select
    placed.number,
    placed.node_id,
    placed.name,
    placed.domain,
    placed.aspect,
    placed.level,
    case
        when placed.explanation is not null and not starts_with(placed.explanation, $draft)
            then placed.explanation
        else concat_ws(
            ' ', $draft, coalesce(evidence.statement, 'Indikator ini dinilai asesor dari dokumennya.'),
            case
                when documents.valid_titles is null then 'Belum ada dokumen yang berlaku untuk indikator ini.'
                else 'Dokumen yang berlaku: ' || documents.valid_titles || '.'
            end
        )
    end as explanation,
    coalesce(nullif(array_to_string(placed.evidence_ref, '; '), ''), documents.valid_codes) as evidence_ref,
    nullif(concat_ws(
        '; ',
        case when placed.level is null then 'tingkat belum dinyatakan' end,
        case when placed.step >= 2 and documents.valid_codes is null then 'tanpa dokumen yang berlaku' end,
        case when evidence.gap > 0 then 'dinyatakan di atas bukti' end
    ), '') as missing,
    case placed.state
        when 'evidence' then cast(placed.evidence_level as varchar)
        when 'open' then 'sedikitnya ' || placed.evidence_level || ', selebihnya ' || $unknown
        when 'no_evidence' then $unknown
        else $unknown || ' (dinilai asesor dari dokumen)'
    end as evidence_level,
    'Tingkat ' || own.level || ': ' || own.criterion as declared_criterion,
    'Tingkat ' || following.level || ': ' || following.criterion as next_criterion,
    case
        when placed.is_listed then array_to_string(placed.lacking, '; ')
        else following.evidence_wanted
    end as lacking,
    documents.told as documents,
    opd.opd_code,
    placed.assessed_on,
    'Internal' as assessor_kind,
    'Penilaian Mandiri' as stage,
    placed.rulebook_id,
    $year as period,
    $instansi as instansi_code,
    placed.value_type,
    placed.scale_min,
    placed.scale_max
from placed
left join documents on placed.node_id = documents.node_id
left join fct_evidence_levels as evidence
    on placed.rulebook_id = evidence.rulebook_id and placed.node_id = evidence.node_id
    and evidence.instansi_code = $instansi and evidence.period = $year
left join dim_level as own
    on placed.rulebook_id = own.rulebook_id and placed.node_id = own.node_id and placed.step = own.level
left join dim_level as following
    on placed.rulebook_id = following.rulebook_id and placed.node_id = following.node_id
    and placed.next_level = following.level
-- What the intake put in for a missing OPD is the sender's code, which may be none of an OPD.
left join dim_opd as opd on opd.instansi_code = $instansi and placed.opd_code = opd.opd_code
order by placed.sort_key
"""

_LEVELS = """
select level.node_id, node.number, node.name, level.level, level.criterion, level.evidence_wanted,
    level.value_from, level.value_to, level.confidence = 'ok' as is_certain
from dim_level as level
inner join dim_node as node on level.rulebook_id = node.rulebook_id and level.node_id = node.node_id
where level.rulebook_id = ?
order by node.sort_key, level.level
"""


def write_forms(
    connection: duckdb.DuckDBPyConnection, folder: Path, instansi_code: str, period: str, as_of: date
) -> list[Form]:
    """Write the form of every regulation that an instansi is assessed under, or that is in force that year.

    For each regulation a workbook `formulir_<rulebook_id>.xlsx` and the same rows as
    `formulir_<rulebook_id>.csv`, one row per indicator in the regulation's order: what the sender declared
    (level, explanation, documents, OPD, day) in cells to be filled in, and beside it what evidence supports,
    the criteria of that level and of the next, what the next lacks, the documents with their state, and what
    is missing. Without an explanation of the sender's, one is drafted from the evidence: it begins `[DRAF]`.
    Either file, put into the inbox as `self_assessment`, loads as it is. A file is complete or as before.

    Args:
        connection: to the published database; views that hide other rows may stand before its tables.
        folder: where to; made when missing.
        instansi_code: whose form.
        period: an evaluation year (YYYY); a month (YYYY-MM) has no form.
        as_of: the day printed, and the workbooks' date of creation; same rows and day, same bytes.

    Returns:
        The written files: by regulation, the older first, the workbook before its CSV.

    Raises:
        LookupError: no such instansi.
    """
    unit = read_rows(
        connection, "select instansi_name from dim_instansi where instansi_code = ?", [instansi_code]
    )
    if not unit:
        raise LookupError(f"instansi {instansi_code}: not in the published database")
    if len(period) != 4:
        return []
    folder.mkdir(parents=True, exist_ok=True)
    asked = {"instansi": instansi_code, "year": period}
    written: list[Form] = []
    for book in read_rows(connection, _RULEBOOKS, asked):
        written += _write_form(connection, folder, book | asked | unit[0], as_of)
    return written


def _write_form(
    connection: duckdb.DuckDBPyConnection, folder: Path, book: Mapping[str, Any], as_of: date
) -> list[Form]:
    """Write both files of one regulation; `book` has its row, the instansi with its name, and the year."""
    rulebook = book["rulebook_id"]
    title = f"Formulir penilaian mandiri {book['short_name']}, {book['instansi_name']}, {book['year']}"
    rows = read_rows(
        connection,
        _ROWS,
        {name: book[name] for name in ("instansi", "year")}
        | {"rulebook": rulebook, "draft": DRAFT, "unknown": _UNKNOWN}
        | {"states": list(DOCUMENT_STATES), "words": list(DOCUMENT_STATES.values())},
    )
    levels = read_rows(connection, _LEVELS, [rulebook])
    workbook, table = (folder / f"formulir_{rulebook}.{suffix}" for suffix in ("xlsx", "csv"))
    write_file(table, _csv_bytes(rows))
    aside = workbook.with_name(f".{workbook.name}.new")
    aside.unlink(missing_ok=True)
    try:
        _write_workbook(
            aside, title, rows, levels, _lists(connection, book), _guide(book, title, levels, as_of), as_of
        )
        rename_in(aside, workbook)
    finally:
        aside.unlink(missing_ok=True)
    what = f"{len(rows)} indikator: tingkat, penjelasan, dokumen, dan bukti"
    back = f"dapat dikirim kembali sebagai {KIND}/{book['instansi']}/{book['year']}"
    return [
        Form(workbook, title, f"{what}; buku kerja untuk diisi, {back}"),
        Form(table, f"{title} (CSV)", f"{what}; baris yang sama sebagai CSV, {back}"),
    ]


def _lists(connection: duckdb.DuckDBPyConnection, book: Mapping[str, Any]) -> dict[str, list[str]]:
    """Entries of the drop-downs that offer codes, by name of the field."""
    documents = connection.execute(
        "select document_code from fct_documents where instansi_code = ? and period = ? order by all",
        [book["instansi"], book["year"]],
    ).fetchall()
    units = connection.execute(
        "select opd_code from dim_opd where instansi_code = ? order by all", [book["instansi"]]
    ).fetchall()
    return {"evidence_ref": [code for (code,) in documents], "opd_code": [code for (code,) in units]}


def _csv_bytes(rows: Sequence[Mapping[str, Any]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(field.heading for field in FIELDS)
    for row in rows:
        writer.writerow(_text(row[field.name]) for field in FIELDS)
    return text.getvalue().encode()


def _text(value: Any) -> str:
    """A value as the intake reads it: no formula, a whole level without decimals, a day as YYYY-MM-DD."""
    if value is None:
        return ""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    text = guarded(str(value))
    return text if len(text) <= CELL_CHARACTERS else text[: CELL_CHARACTERS - 1] + "…"


def _write_workbook(
    path: Path,
    title: str,
    rows: Sequence[Mapping[str, Any]],
    levels: Sequence[Mapping[str, Any]],
    lists: Mapping[str, list[str]],
    guide: Sequence[str],
    as_of: date,
) -> None:
    contract = load_contract(KIND)
    book = xlsxwriter.Workbook(str(path), OPTIONS)
    # The day of the data, not of the writing: the same content must give the same bytes.
    created = datetime(as_of.year, as_of.month, as_of.day, tzinfo=UTC).replace(tzinfo=None)
    book.set_properties({"title": title, "created": created})
    # By this name the intake knows its own workbooks, and leaves the sheets of help and codes alone.
    book.define_name("kontrak", f'="{contract.kind}@{contract.version}"')
    sheet, help_sheet = book.add_worksheet(DATA_SHEET), book.add_worksheet(HELP_SHEET)
    codes = book.add_worksheet(CODE_SHEET)
    codes.hide()
    _lay_out(sheet, title, len(rows))
    _write_rows(book, sheet, rows)
    _offer_levels(sheet, rows, levels)
    _offer_codes(sheet, codes, len(rows), lists)
    _write_help(book, help_sheet, guide, levels)
    sheet.activate()
    book.close()


def _lay_out(sheet: Any, title: str, rows: int) -> None:
    """Frozen header; on A4 across what is asked, and on a page beside it what is known; locked."""
    for i, field in enumerate(FIELDS):
        sheet.set_column(i, i, field.width)
    sheet.freeze_panes(1, _AT["name"] + 1)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.set_margins(left=0.4, right=0.4, top=0.7, bottom=0.6)
    sheet.repeat_rows(0)
    sheet.repeat_columns(0, _AT["name"])
    sheet.set_v_pagebreaks([_AT["evidence_level"]])
    # Behind the documents stand the columns that only the intake needs.
    sheet.print_area(0, 0, rows, _AT["documents"])
    sheet.set_print_scale(70)
    # An ampersand begins a code in a header.
    sheet.set_header(f"&L{title.replace('&', '&&')[:200]}")
    sheet.set_footer("&RHalaman &P dari &N")
    sheet.protect("", {"format_columns": True, "format_rows": True})


def _write_rows(book: Any, sheet: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """The header and one row per indicator; what is to be filled in is coloured, what is missing more so."""
    plain = {"valign": "top", "text_wrap": True, "border": 4}
    head = {"bold": True, "border": 1, "text_wrap": True, "valign": "top"}
    heads = {
        False: book.add_format({**head, "bg_color": _GREY}),
        True: book.add_format({**head, "bg_color": _OPEN}),
    }
    looks = {
        (is_open, is_missing, form): book.add_format(
            {
                **plain,
                "num_format": form,
                "locked": not is_open,
                **({"bg_color": _MISSING} if is_missing else {"bg_color": _OPEN} if is_open else {}),
            }
        )
        for is_open in (False, True)
        for is_missing in (False, True)
        for form in ("@", "General", "0.00##", "yyyy-mm-dd")
    }
    for i, field in enumerate(FIELDS):
        sheet.write_string(0, i, field.heading, heads[field.is_filled_in])
    for number, row in enumerate(rows, 1):
        for i, field in enumerate(FIELDS):
            value = row[field.name]
            is_missing = (field.name == "missing" and value is not None) or (
                field.name == "level" and value is None
            )
            look = looks[field.is_filled_in, is_missing, _number_format(field, row)]
            _write_cell(sheet, number, i, value, look)


def _number_format(field: _Field, row: Mapping[str, Any]) -> str:
    if field.name == "level":
        return "General" if row["value_type"] == _WHOLE else "0.00##"
    if field.name == "assessed_on":
        return "yyyy-mm-dd"
    # What is typed stays text; long texts in locked cells are shown by every Excel only as General.
    return "@" if field.is_filled_in else "General"


def _write_cell(sheet: Any, row: int, column: int, value: Any, look: Any) -> None:
    if value is None:
        sheet.write_blank(row, column, None, look)
    elif isinstance(value, float):
        sheet.write_number(row, column, value, look)
    elif isinstance(value, date):
        sheet.write_datetime(row, column, value, look)
    else:
        sheet.write_string(row, column, _text(value), look)


def _offer_levels(sheet: Any, rows: Sequence[Mapping[str, Any]], levels: Sequence[Mapping[str, Any]]) -> None:
    """Bind each level to what its indicator takes: one of the levels, or a decimal with its bands told."""
    for number, row in enumerate(rows, 1):
        low, high = int(row["scale_min"]), int(row["scale_max"])
        if row["value_type"] == _WHOLE:
            rule: dict[str, Any] = {"validate": "list", "source": list(range(low, high + 1))}
            said = f"Pilih tingkat {low} sampai {high}."
        else:
            rule = {"validate": "decimal", "criteria": "between", "minimum": low, "maximum": high}
            said = f"Nilai {low},00 sampai {high},00."
            bands = [
                f"{own['level']}: {decimal_text(own['value_from'])}–{decimal_text(own['value_to'])}"
                for own in levels
                if own["node_id"] == row["node_id"]
            ]
            said += "".join(f"\nTingkat {band}" for band in bands)
        said += "\nKosong berarti belum dinilai."
        sheet.data_validation(
            number,
            _AT["level"],
            number,
            _AT["level"],
            rule
            | {
                "input_title": f"Indikator {row['number']}"[:32],
                "input_message": said[:255],
                "error_title": "Tingkat kematangan",
                "error_message": said[:255],
            },
        )


def _offer_codes(sheet: Any, codes: Any, rows: int, lists: Mapping[str, list[str]]) -> None:
    """Drop-downs of codes; several codes in one cell, and a code not listed, are right as well."""
    for i, (name, entries) in enumerate(lists.items()):
        if not entries:
            continue
        for row, entry in enumerate((name, *entries)):
            codes.write_string(row, i, guarded(entry))
        letter = xl_col_to_name(i)
        sheet.data_validation(
            1,
            _AT[name],
            rows,
            _AT[name],
            {
                "validate": "list",
                "source": f"={CODE_SHEET}!${letter}$2:${letter}${len(entries) + 1}",
                "input_title": FIELDS[_AT[name]].heading[:32],
                "input_message": _SEVERAL[name],
                "show_error": False,
            },
        )


def _guide(
    book: Mapping[str, Any], title: str, levels: Sequence[Mapping[str, Any]], as_of: date
) -> list[str]:
    """Lines above the criteria of the sheet of help."""
    lines = [title, book["regulation"], f"Keadaan data per {date_text(as_of)}."]
    if is_fictional(book["instansi_name"]):
        lines.append("Contoh: instansi ini rekaan.")
    lines += [
        f"Isi sel berwarna kuning pada lembar {DATA_SHEET}; sel lain terkunci tanpa sandi. Sel merah muda: "
        "yang perlu dilengkapi.",
        f"Kirim buku kerja ini apa adanya ke inbox/{KIND}/{book['instansi']}/{book['year']}/. Yang dibaca "
        "hanya sel kuning dan kode pada baris itu; kiriman terakhir yang berlaku.",
        f"Penjelasan yang diawali {DRAFT} disusun dari bukti yang diterima. Gantilah dengan penjelasan "
        f"sendiri tanpa {DRAFT}; yang tetap diawali {DRAFT} disusun ulang setiap kali. Jangan menulis nama "
        "orang.",
        "Data Dukung: kode dokumen dari daftar data dukung (evidence_document), dipisah titik koma.",
        "Perlu Dilengkapi: tingkat belum dinyatakan; tingkat 2 ke atas tanpa dokumen yang berlaku untuk "
        "indikator itu; tingkat yang dinyatakan di atas yang didukung bukti.",
        f"Tingkat menurut Bukti: {_UNKNOWN} berarti belum ada yang diberitahukan, bukan nol.",
        "Tingkat berikutnya: yang pertama belum ditunjukkan oleh bukti; bila indikator dinilai asesor dari "
        "dokumen, satu di atas yang dinyatakan.",
    ]
    if levels:
        lines.append("Kriteria di bawah ini ringkasan dengan kata sendiri, bukan bunyi peraturan.")
    if not all(level["is_certain"] for level in levels):
        lines.append(
            "Yang bertanda * diringkas dari sumber kedua dan belum dibandingkan dengan peraturannya."
        )
    return lines


def _write_help(book: Any, sheet: Any, guide: Sequence[str], levels: Sequence[Mapping[str, Any]]) -> None:
    """The lines of the guide, then what each level of each indicator asks."""
    wrap = book.add_format({"text_wrap": True, "valign": "top"})
    bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
    for i, width in enumerate((6, 36, 9, 15, 60, 48)):
        sheet.set_column(i, i, width, wrap)
    title = book.add_format({"text_wrap": True, "valign": "top", "bold": True})
    for row, line in enumerate(guide):
        sheet.merge_range(row, 0, row, 5, guarded(line), wrap if row else title)
        # A merged cell does not grow with its text.
        sheet.set_row(row, 15 * (1 + len(line) // 150))
    first = len(guide) + 1
    heads = ("No", "Indikator", "Tingkat", "Nilai", "Kriteria", "Bukti yang diminta")
    for i, head in enumerate(heads):
        sheet.write_string(first, i, head, bold)
    for number, own in enumerate(levels, first + 1):
        low, high = own["value_from"], own["value_to"]
        mark = "" if own["is_certain"] else " *"
        values = decimal_text(low, 0) if low == high else f"{decimal_text(low)}–{decimal_text(high)}"
        told = (
            own["number"],
            own["name"],
            str(own["level"]),
            values,
            own["criterion"] + mark,
            own["evidence_wanted"],
        )
        for i, word in enumerate(told):
            sheet.write_string(number, i, _text(word), wrap)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.protect("", {"format_columns": True, "format_rows": True})

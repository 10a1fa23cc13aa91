"""The bundle a ministry receives: one folder per instansi, period and version, verifiable without us.

Belongs here: which rows go in, the files, the BagIt layout, versions, signing. Stays out: checking a bundle
(`verify.py`), keys (`signature.py`), sending it, computing any figure.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version as package_version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bagit
import duckdb

from expectations.quoting import identifier, literal
from expectations.spreadsheet import guarded_sql
from exports.aside import sync, sync_tree
from exports.completeness import state_completeness, state_regulations
from exports.database import Column, Table, count_rows, list_tables, open_published, read_rows
from exports.dictionary import DICTIONARY, Dictionary, Meaning, read_dictionary
from exports.form import write_forms
from exports.gate import refuse_personal
from exports.reports.pages import render_instansi
from exports.reports.printing import Printer
from exports.reports.regent import render_regent
from exports.signature import ensure_signing_key, fingerprint, public_key_path, public_pem
from exports.verification.succession import read_info
from exports.verify import PUBLIC_KEY, SIGNATURE, TAG_MANIFEST, look_again, verify_bundle
from exports.versions import (
    CHANGES,
    PROGRAM,
    Basis,
    draft_path,
    newest_version,
    received_digest,
    write_changes,
)
from exports.workbook import write_workbook
from sources.archive import find_archived
from sources.documents import SUFFIXES
from sources.inflate import open_inflated

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

README = Path(__file__).parent / "bundle_readme.txt"
# As received and masked only by pattern: what the row said stays in the house, the broken rules go out.
_LEFT_OUT = {("fct_quarantine", "raw_row"), ("fct_quarantine", "broken")}
# What a receiver answered is known to him, and an answer makes no version: it stays out.
_OF_RECEIVERS = ("bundle_rejected",)
# When a home received or judged something: the same files received on another day are the same evidence.
_CLOCKS = (
    "received_at",
    "opened_at",
    "closed_at",
    "files_late",
    "days_late_longest",
    "last_complete_day",
    "days_left_on_last_day",
)


@dataclass(frozen=True)
class BundleResult:
    """A bundle in the outbox: its folder, its version, whether this call made it, whether it is a draft."""

    path: Path
    version: int
    is_new: bool
    is_draft: bool = False


def latest_period(published: Path, instansi_code: str) -> str:
    """Give the latest period for which the instansi has an index score; a year goes before its own months.

    Raises:
        LookupError: the instansi has no index score.
    """
    found = _latest_periods(published, "instansi_code = ?", [instansi_code])
    if not found:
        raise LookupError(f"instansi {instansi_code}: no index score in the published database, so no bundle")
    return found[0][1]


def measured_instansi(published: Path) -> list[tuple[str, str]]:
    """Every instansi that is measured here and has an index score, with its latest period, by code."""
    return _latest_periods(published, "instansi_code in (select instansi_code from fct_indicator_values)")


def _latest_periods(published: Path, condition: str, parameters: Sequence[str] = ()) -> list[tuple[str, str]]:
    with open_published(published) as connection:
        return connection.execute(
            f"""
            select instansi_code, period from fct_scores
            where {condition} and unit_kind = 'instansi' and node_kind = 'index'
                and (printed is not null or published is not null)
            qualify row_number() over (
                partition by instansi_code order by left(period, 4) desc, length(period), period desc
            ) = 1
            order by all
            """,
            list(parameters),
        ).fetchall()


def build_bundle(
    published: Path,
    outbox: Path,
    *,
    instansi_code: str,
    period: str,
    signing_key: Path,
    as_of: date,
    made_by: str,
    reason: str | None = None,
    documents: Path | None = None,
    contact: str = "",
    as_draft: bool = False,
) -> BundleResult:
    """Build the next version of a bundle, unless nothing happened since the newest one.

    Something happened where a file came in, was corrected, replaced or judged otherwise, or the program, its
    rules or settings changed; a day that passes is nothing.

    Args:
        published: the published database.
        outbox: folder that receives `spbe-<instansi>-<period>-v<n>/`.
        instansi_code: whose rows.
        period: `YYYY` or `YYYY-MM`; facts of other periods stay out.
        signing_key: Ed25519 key file, made on first use.
        as_of: last complete day of the data, printed in the bundle.
        made_by: sha256 of the program, its rules and the settings that the published database rests on.
        reason: why a new version replaces the old one, beside what is found to differ.
        documents: the archive, where documents of evidence are to go along; None: their hashes alone.
        contact: whom the receiver asks, as people write it.
        as_draft: leave the version as `spbe-<instansi>-<period>-draft/`, unsigned, for `release_draft`.

    Returns:
        The newest bundle; `is_new` is False where nothing happened since and it is intact.

    Raises:
        LookupError: the instansi or the period has no score.
        ValueError: code or period is not of the stated form.
        KeyFileError: the signing key cannot be used.
        PersonalDataError: a text of a table looks like personal data; no bundle is made.
    """
    if not re.fullmatch(r"\d{4}(-\d{2})?", period):
        raise ValueError(f"period: expected YYYY or YYYY-MM, found {period!r}")
    if not re.fullmatch(r"\w[\w.-]*", instansi_code):
        raise ValueError(f"instansi: expected a code without blanks or slashes, found {instansi_code!r}")
    group = f"spbe-{instansi_code}-{period}"
    outbox.mkdir(parents=True, exist_ok=True)
    newest = newest_version(outbox, group)
    with open_published(published) as connection:
        basis = Basis(received_digest(connection, instansi_code), made_by)
    old = outbox / f"{group}-v{newest}" if newest else None
    draft = draft_path(outbox, group)
    # What costs next to nothing first: most nights nothing happened to most instansi.
    if old and newest and basis.is_that_of(read_info(old)) and _is_as_left(old, signing_key):
        shutil.rmtree(draft, ignore_errors=True)
        return BundleResult(old, newest, is_new=False)
    fault = _fault(old, signing_key) if old else None
    number = (newest or 0) + 1
    if as_draft and basis.is_that_of(read_info(draft)):
        return BundleResult(draft, number, is_new=False, is_draft=True)
    aside = outbox / f".{group}.new"
    # A crashed run may have left it.
    shutil.rmtree(aside, ignore_errors=True)
    try:
        unit, changes = _write_payload(
            published,
            aside,
            instansi_code,
            period,
            as_of,
            documents,
            number,
            _Earlier(old, basis) if old and fault is None else None,
        )
        said = [text for text in (reason, fault, changes) if text]
        info = {
            "Source-Organization": unit["instansi_name"],
            "External-Identifier": f"{group}-v{number}",
            "External-Description": f"SPBE evidence of {unit['instansi_name']}, period {period}",
            "Bag-Group-Identifier": group,
            "Bagging-Date": as_of.isoformat(),
            "Bag-Software-Agent": f"spbe {package_version('spbe-index')}",
            "Bundle-Version": str(number),
            **({"Contact-Name": _one_line(contact)} if contact else {}),
            **basis.info(),
            **(_replaces(old, "; ".join(said)) if old else {}),
        }
        if as_draft:
            _make_bag(aside, info)
            _put_in_place(aside, draft)
            return BundleResult(draft, number, is_new=True, is_draft=True)
        _seal(aside, info, period, _signing_key(outbox, signing_key))
        _put_in_place(aside, outbox / f"{group}-v{number}")
        shutil.rmtree(draft, ignore_errors=True)
        return BundleResult(outbox / f"{group}-v{number}", number, is_new=True)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def release_draft(
    outbox: Path, *, instansi_code: str, period: str | None, signing_key: Path, reason: str
) -> BundleResult:
    """Make the draft of a bundle its next version: the same payload, signed, with the reason of its release.

    Args:
        outbox: folder with `spbe-<instansi>-<period>-draft/`.
        instansi_code: whose draft.
        period: of the draft; None: the only one there is.
        signing_key: Ed25519 key file, made on first use.
        reason: why this version is released, such as the number of a decree.

    Raises:
        LookupError: there is no such draft, or several and no period was named.
        ValueError: the draft is not what was built: a file of it changed since.
        KeyFileError: the signing key cannot be used.
    """
    drafts = sorted(outbox.glob(f"spbe-{instansi_code}-{period or '*'}-draft"))
    if len(drafts) != 1:
        found = ", ".join(path.name for path in drafts) or "none"
        raise LookupError(f"instansi {instansi_code}: expected one draft in the outbox, found {found}")
    [draft] = drafts
    try:
        bagit.Bag(str(draft)).validate()
    except bagit.BagError as error:
        raise ValueError(f"{draft.name}: changed since it was built: {error}") from error
    kept = read_info(draft)
    group, number = kept["Bag-Group-Identifier"], int(kept["Bundle-Version"])
    info = {name: value for name, value in kept.items() if name != "Payload-Oxum"}
    if "Replaces-Reason" in info:
        info["Replaces-Reason"] = f"{_one_line(reason)}; {info['Replaces-Reason']}"
    else:
        info["Release-Reason"] = _one_line(reason)
    aside, final = outbox / f".{group}.new", outbox / f"{group}-v{number}"
    shutil.rmtree(aside, ignore_errors=True)
    try:
        shutil.copytree(draft / "data", aside)
        _seal(aside, info, group.removeprefix(f"spbe-{instansi_code}-"), _signing_key(outbox, signing_key))
        _put_in_place(aside, final)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    shutil.rmtree(draft, ignore_errors=True)
    return BundleResult(final, number, is_new=True)


def _signing_key(outbox: Path, signing_key: Path) -> Ed25519PrivateKey:
    return ensure_signing_key(signing_key, is_first=not any(outbox.glob("spbe-*-v*")))


def _is_as_left(old: Path, signing_key: Path) -> bool:
    """Whether a version is as it was left here: signed by this home, all files there, none written since."""
    return look_again(old, public_key_path(signing_key)).is_valid


def _fault(old: Path, signing_key: Path) -> str | None:
    """Why a version has to be replaced whatever happened since; None where it is intact."""
    problems = verify_bundle(old, public_key_path(signing_key)).problems
    return f"the earlier version does not verify: {problems[0]}" if problems else None


def _replaces(old: Path, reason: str) -> dict[str, str]:
    return {
        "Replaces": old.name,
        "Replaces-Reason": _one_line(reason),
        "Replaces-Tagmanifest-SHA256": _file_hash(old / TAG_MANIFEST),
    }


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _seal(aside: Path, info: dict[str, str], period: str, key: Ed25519PrivateKey) -> None:
    """Make a signed bag of the data files in `aside`."""
    _make_bag(aside, info)
    text = README.read_text(encoding="utf-8").format(
        name=info["External-Identifier"],
        instansi=info["Source-Organization"],
        period=period,
        as_of=info["Bagging-Date"],
        fingerprint=fingerprint(key.public_key()),
        contact=info.get("Contact-Name", "-"),
        completeness=state_completeness(aside / "data"),
        regulations=state_regulations(aside / "data"),
        replaces=f"{info['Replaces']}: {info['Replaces-Reason']}" if "Replaces" in info else "-",
    )
    (aside / "README.txt").write_text(text, encoding="utf-8", newline="\n")
    (aside / PUBLIC_KEY).write_bytes(public_pem(key.public_key()))
    # Once more, so that the tag manifest covers the two files as well.
    bagit.Bag(str(aside)).save(manifests=False)
    (aside / SIGNATURE).write_bytes(key.sign((aside / TAG_MANIFEST).read_bytes()))


def _put_in_place(aside: Path, final: Path) -> None:
    sync_tree(aside)
    if final.exists():
        shutil.rmtree(final)
    aside.rename(final)
    sync(final.parent)


def _make_bag(folder: Path, info: dict[str, str]) -> None:
    logging.getLogger("bagit").setLevel(logging.WARNING)
    bagit.make_bag(str(folder), info, checksums=["sha256"])


@dataclass(frozen=True)
class _Earlier:
    """The version that a new one replaces, and what the new one rests on."""

    path: Path
    basis: Basis

    def write_changes(self, connection: duckdb.DuckDBPyConnection, target: Path, as_of: date) -> str:
        info = read_info(self.path)
        days = (info.get("Bagging-Date", ""), as_of.isoformat())
        return write_changes(
            connection, self.path / "data", target, days, info.get(PROGRAM) != self.basis.program
        )


def _write_payload(
    published: Path,
    folder: Path,
    instansi_code: str,
    period: str,
    as_of: date,
    documents: Path | None,
    number: int,
    earlier: _Earlier | None,
) -> tuple[dict[str, Any], str | None]:
    """Write every data file of a bundle into a new folder; the row of `dim_instansi`, and what changed."""
    folder.mkdir()
    with open_published(published) as connection:
        selected = _narrow(connection, instansi_code, period)
        dictionary = read_dictionary(connection)
        page = render_instansi(connection, instansi_code, as_of, link_index=False)
        (folder / "laporan.html").write_bytes(page)
        sheet = render_regent(connection, instansi_code, opds=False, trial=False, annex="laporan.html")
        (folder / "ringkasan.pdf").write_bytes(Printer().pdf(sheet))
        resources = [_write_csv(connection, folder, table, query, dictionary) for table, query in selected]
        counted = [(*chosen, told["rows"]) for chosen, told in zip(selected, resources, strict=True)]
        changes = None
        if earlier:
            changes = earlier.write_changes(connection, folder / CHANGES, as_of)
            resources.append(_changes_resource(connection, folder / CHANGES))
        unit = read_rows(connection, "select * from dim_instansi where instansi_code = ?", [instansi_code])[0]
        facts = (
            ("Instansi", f"{unit['instansi_name']} ({instansi_code})"),
            ("Periode", period),
            ("Versi paket", str(number)),
            ("Data sampai", as_of.isoformat()),
            ("Dibaca dengan", "ringkasan.pdf, laporan.html; arti setiap kolom ada di datapackage.json"),
        )
        write_workbook(connection, folder / "tabel.xlsx", counted, dictionary, facts, as_of)
        resources += _write_forms(connection, folder, instansi_code, period, as_of)
        for resource in resources:
            fields = resource.get("schema", {}).get("fields", [])
            texts = [field["name"] for field in fields if field["type"] == "string"]
            refuse_personal(connection, folder / resource["path"], texts)
        if documents:
            resources += _copy_documents(connection, folder / "dokumen", documents)
        summary = _summary(connection, instansi_code, period)
        if not summary["indices"]:
            raise LookupError(f"instansi {instansi_code}: no index score for period {period}")
        _write_json(folder / "indeks.json", summary)
    resources += [
        _resource(
            folder / "indeks.json",
            "json",
            "application/json",
            "Indeks setiap tahap, dengan rentang dan cakupan\n\nIndex of every stage, with band and coverage",
            "Indeks",
        ),
        _resource(
            folder / "tabel.xlsx",
            "xlsx",
            _WORKBOOK,
            "Tabel yang sama dalam satu buku kerja\n\nThe same tables as one workbook",
            "Buku kerja tabel",
        ),
        _resource(
            folder / "laporan.html",
            "html",
            "text/html",
            "Laporan untuk dibaca\n\nThe report page, in Indonesian",
            "Laporan",
        ),
        _resource(
            folder / "ringkasan.pdf",
            "pdf",
            "application/pdf",
            "Satu lembar untuk kepala daerah; angkanya dijelaskan dalam laporan.html\n\n"
            "One sheet for the head of the region, in Indonesian",
            "Ringkasan",
        ),
    ]
    _write_json(
        folder / "datapackage.json",
        {
            "profile": "data-package",
            "name": f"spbe-{re.sub(r'[^a-z0-9._-]', '-', instansi_code.lower())}-{period}",
            "title": f"Bukti SPBE {unit['instansi_name']}, periode {period}",
            "description": "Indeks, ukuran, dan temuan, masing-masing dengan berkas sandarannya. README.txt "
            "menjelaskan istilahnya, dalam bahasa Indonesia dan Inggris.\n\nIndex, measures and findings, "
            "each with the files that they rest on. README.txt tells the terms, in Indonesian and English.",
            "version": str(number),
            "created": f"{as_of.isoformat()}T00:00:00Z",
            "licenses": [{"name": "other-closed", "title": "Untuk evaluasi SPBE; bukan data terbuka"}],
            "contributors": [{"title": unit["instansi_name"], "role": "publisher"}],
            "sources": [
                {
                    "title": "Berkas yang datang dengan sha256-nya / received files, each with its sha256",
                    "path": "fct_intake_files.csv",
                }
            ],
            "resources": resources,
        },
    )
    return unit, changes


def _copy_documents(
    connection: duckdb.DuckDBPyConnection, folder: Path, archive: Path
) -> list[dict[str, Any]]:
    """Copy the documents of evidence, named by their sha256; one that is lost is told by its hash."""
    found = connection.execute(
        "select document_sha256, media_type, string_agg(distinct document_code, ', ' order by document_code) "
        "from fct_documents where document_sha256 is not null group by all order by 1"
    ).fetchall()
    resources = []
    for sha256, media_type, codes in found:
        kept = find_archived(archive, sha256)
        if kept is None:
            continue
        folder.mkdir(exist_ok=True)
        target = folder / (sha256 + SUFFIXES[media_type])
        with open_inflated(kept) as source, target.open("wb") as copy:
            shutil.copyfileobj(source, copy)
        resource = _resource(
            target, target.suffix[1:], media_type, f"Document {codes} of fct_documents", f"Dokumen {codes}"
        )
        resources.append(
            resource | {"name": f"dokumen-{sha256[:16]}", "path": f"{folder.name}/{target.name}"}
        )
    return resources


# Tables about the home and its clock, not about an instansi: nights, days between receipts and their answers.
OF_THE_HOME = ("readme", DICTIONARY, "fct_nights", "fct_opd_discipline", "fct_rule_repeats")


def _narrow(
    connection: duckdb.DuckDBPyConnection, instansi_code: str, period: str
) -> list[tuple[Table, str]]:
    """Hide, in this connection, all rows that do not belong into the bundle; give each table with its query.

    Temporary views take the tables' names, so that page, tables and summary cannot tell of different rows.
    """
    selected = []
    # With its catalogue: plain `main` would mean the temporary views themselves.
    source = f"{identifier(read_rows(connection, 'select current_database() as name')[0]['name'])}.main"
    for table in list_tables(connection):
        if table.name in OF_THE_HOME:
            continue
        name = identifier(table.name)
        condition = _condition(table, source, instansi_code, period)
        shown = _shown(table)
        connection.execute(
            f"create temp view {name} as select {shown} from {source}.{name} where {condition}"
        )
        columns = tuple(
            column
            for column in table.columns
            if (table.name, column.name) not in _LEFT_OUT and column.name not in _CLOCKS
        )
        chosen = ", ".join(_safe_column(column) for column in columns)
        query = f"select {chosen} from {name} order by all"
        selected.append((Table(table.name, table.comment, columns), query))
    return selected


# Pseudonyms of persons (`sources/masking.sql`) are made with a home's own key: the same files in another home
# would have others, and a receiver can do nothing with them.
_PSEUDONYM, _PERSON = "user-[0-9a-f]{8}", "pengguna"


def _unnamed(x: str) -> str:
    return f"regexp_replace({x}, '{_PSEUDONYM}', '{_PERSON}', 'g')"


def _shown(table: Table) -> str:
    """The select list of a table in which a person is called `pengguna`, and findings are counted anew."""
    replaced = []
    for column in table.columns:
        name = identifier(column.name)
        if column.data_type == "VARCHAR":
            replaced.append(f"{_unnamed(name)} as {name}")
        elif column.data_type == "VARCHAR[]":
            replaced.append(f"list_transform({name}, lambda x: {_unnamed('x')}) as {name}")
    if table.name == "fct_findings":
        replaced.append("row_number() over (order by finding_rank) as finding_rank")
    return f"* replace ({', '.join(replaced)})" if replaced else "*"


def _condition(table: Table, source: str, instansi_code: str, period: str) -> str:
    """Give the SQL condition of the rows that belong into the bundle."""
    names = set(table.column_names)
    own = f"instansi_code = {literal(instansi_code)}"
    quoted = literal(period)
    # A file of the year belongs to a month's bundle too, and a file without a period to every one; so does a
    # file that another body handed in and a score of this instansi rests on (the ministry's table).
    files = (
        f"({own} and (period is null or starts_with(period, {quoted}) or starts_with({quoted}, period))"
        f" or file_sha256 in (select file_sha256 from {source}.fct_scores"
        f" where {own} and starts_with(period, {quoted})))"
    )
    if table.name == "fct_intake_files":
        return files
    if table.name in ("fct_quarantine", "fct_log_quality"):
        # Neither has a period of its own: they follow the file they are about.
        return f"{own} and file_sha256 in (select file_sha256 from {source}.fct_intake_files where {files})"
    conditions = [own] if "instansi_code" in names else ["true"]
    if table.name == "fct_findings":
        conditions.append(f"rule_id not in ({', '.join(map(literal, _OF_RECEIVERS))})")
    start = f"date '{period if len(period) == 7 else period + '-01'}-01'"
    end = f"last_day({start})" if len(period) == 7 else f"date '{period}-12-31'"
    if table.name.startswith("fct_"):
        if "period" in names:
            conditions.append(f"(period is null or starts_with(period, {quoted}))")
        elif {"window_start", "window_end"} <= names:
            conditions.append(f"window_start >= {start} and window_end <= {end}")
        elif "day" in names:
            conditions.append(f"day between {start} and {end}")
    return " and ".join(conditions)


def _safe_column(column: Column) -> str:
    """Select a column as it may leave: text that a spreadsheet would run gets a quote in front."""
    name = identifier(column.name)
    if column.data_type.endswith("[]"):
        text = f"array_to_string({name}, '; ')"
    elif column.data_type == "VARCHAR":
        text = name
    else:
        return name
    return f"{guarded_sql(text)} as {name}"


def _write_csv(
    connection: duckdb.DuckDBPyConnection, folder: Path, table: Table, query: str, dictionary: Dictionary
) -> dict[str, Any]:
    path = folder / f"{table.name}.csv"
    [rows] = connection.execute(
        f"copy ({query}) to {literal(str(path))} (format csv, header, timestampformat '%Y-%m-%dT%H:%M:%SZ')"
    ).fetchone() or (0,)
    fields = [
        _described(dictionary.get((table.name, column.name)), column.comment)
        | {"name": column.name, "type": _field_type(column.data_type)}
        for column in table.columns
    ]
    told = _described(dictionary.get((table.name, "")), table.comment)
    return _tabular(path, told["description"], rows, fields) | told


def _described(meaning: Meaning | None, english: str) -> dict[str, str]:
    """Title and description of a table or column, Indonesian first; without a title where nobody gave one."""
    if meaning is None:
        return {"description": english}
    return {"title": meaning.title, "description": meaning.beside(english)}


def _tabular(path: Path, description: str, rows: int, fields: list[dict[str, str]]) -> dict[str, Any]:
    return _resource(path, "csv", "text/csv", description) | {
        "profile": "tabular-data-resource",
        "encoding": "utf-8",
        "dialect": {"delimiter": ",", "lineTerminator": "\n", "quoteChar": '"', "doubleQuote": True},
        "rows": rows,
        "schema": {"fields": fields, "missingValues": [""]},
    }


_WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _write_forms(
    connection: duckdb.DuckDBPyConnection, folder: Path, instansi_code: str, period: str, as_of: date
) -> list[dict[str, Any]]:
    """Write the forms of the evaluation as they are asked today; each with its entry for the data package."""
    resources = []
    for form in write_forms(connection, folder, instansi_code, period, as_of):
        if form.path.suffix == ".xlsx":
            resource = _resource(form.path, "xlsx", _WORKBOOK, form.description)
        else:
            query = f"select * from read_csv({literal(str(form.path))}, header = true, all_varchar = true)"
            fields = [
                {"name": heading, "type": "string", "title": heading, "description": heading}
                for heading, *_ in connection.execute(f"describe {query}").fetchall()
            ]
            [rows] = connection.execute(f"select count(*) from ({query})").fetchone() or (0,)
            resource = _tabular(form.path, form.description, rows, fields)
        resources.append(resource | {"title": form.title})
    return resources


_CHANGES_COLUMNS = {
    "what": ("Jenis angka", "nilai atau ukuran.", "nilai (a score) or ukuran (a measure)."),
    "unit_code": ("Unit", "Instansi atau OPD.", "Instansi or OPD."),
    "period": (
        "Periode",
        "Periode nilai, atau jenis dan awal jendela waktu ukuran.",
        "Period of the score, or kind and start of the measure's window.",
    ),
    "of_what": (
        "Milik",
        "Buku aturan dan tahap nilai, atau angka dari ukuran.",
        "Rulebook and stage of the score, or the figure of the measure.",
    ),
    "code": ("Kode", "Simpul buku aturan, atau ukuran.", "Node of the rulebook, or measure."),
    "before": (
        "Sebelumnya",
        "Angka di versi sebelumnya; kosong bila belum ada.",
        "Value in the version before; empty where it had none.",
    ),
    "after": ("Sekarang", "Angka sekarang; kosong bila tidak ada.", "Value now; empty where it has none."),
    "because": (
        "Penyebab",
        "Berkas yang baru atau berstatus lain, atau program, atau hari ukur.",
        "Files that are new or have another verdict, or the program, or the day that is measured to.",
    ),
}
_CHANGES_TABLE = Meaning("Perubahan", "Angka yang diubah versi ini, dan penyebabnya.")


def _changes_resource(connection: duckdb.DuckDBPyConnection, path: Path) -> dict[str, Any]:
    """Describe the table of what a version changes."""
    types = {name: ("number" if name in ("before", "after") else "string") for name in _CHANGES_COLUMNS}
    fields = [
        {"name": name, "type": types[name]} | _described(Meaning(title, indonesian), english)
        for name, (title, indonesian, english) in _CHANGES_COLUMNS.items()
    ]
    told = _described(_CHANGES_TABLE, "Numbers that this version changes, and why.")
    return _tabular(path, told["description"], count_rows(connection, "changes"), fields) | told


def _field_type(data_type: str) -> str:
    if data_type.endswith("INT") or data_type == "INTEGER":
        return "integer"
    if data_type in ("DOUBLE", "FLOAT") or data_type.startswith("DECIMAL"):
        return "number"
    return {"BOOLEAN": "boolean", "DATE": "date", "TIMESTAMP": "datetime"}.get(data_type, "string")


def _resource(
    path: Path, file_format: str, media_type: str, description: str, title: str = ""
) -> dict[str, Any]:
    return {
        "name": path.stem if file_format == "csv" else f"{path.stem}-{file_format}",
        "path": path.name,
        "title": title or path.name,
        "description": description,
        "format": file_format,
        "mediatype": media_type,
        "bytes": path.stat().st_size,
        "hash": f"sha256:{_file_hash(path)}",
    }


def _file_hash(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _summary(connection: duckdb.DuckDBPyConnection, instansi_code: str, period: str) -> dict[str, Any]:
    rows = read_rows(
        connection,
        """
        select score.period, score.rulebook_id, score.stage, score.node_id, score.node_kind, node.name,
            score.score, score.printed, score.predicate, score.published, score.band_low, score.band_high,
            score.coverage, score.is_rulebook_of_year
        from fct_scores as score
        inner join dim_node as node on score.rulebook_id = node.rulebook_id and score.node_id = node.node_id
        where score.instansi_code = ? and score.unit_kind = 'instansi' and starts_with(score.period, ?)
            and score.node_kind in ('index', 'domain', 'aspect')
        order by all
        """,
        [instansi_code, period],
    )
    return {
        "instansi_code": instansi_code,
        "period": period,
        "indices": [row for row in rows if row["node_kind"] == "index"],
        "domains_and_aspects": [row for row in rows if row["node_kind"] != "index"],
    }


def _write_json(path: Path, content: dict[str, Any]) -> None:
    # Two-decimal values survive a double unchanged: the shortest form is printed.
    text = json.dumps(content, ensure_ascii=False, indent=2, default=float)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")

"""The bundle a ministry receives: one folder per instansi, period and version, verifiable without us.

Belongs here: which rows go in, the files, the BagIt layout, versions, signing. Stays out: checking a bundle
(`verify.py`), keys (`signature.py`), sending it, computing any figure.
"""

import hashlib
import json
import logging
import re
import shutil
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib.metadata import version as package_version
from pathlib import Path
from typing import Any

import bagit
import duckdb
import xlsxwriter

from exports.aside import sync, sync_tree
from exports.database import Column, Table, identifier, list_tables, literal, open_published, read_rows
from exports.reports.pages import render_instansi
from exports.signature import ensure_signing_key, fingerprint, public_key_path, public_pem
from exports.verify import PUBLIC_KEY, SIGNATURE, TAG_MANIFEST, verify_bundle

README = Path(__file__).parent / "bundle_readme.txt"
# As received and masked only by pattern: what the row said stays in the house, the broken rules go out.
_LEFT_OUT = {("fct_quarantine", "raw_row")}
# A spreadsheet takes a text that begins like this for a formula.
_FORMULA_START = r"^[=+\-@\t\r]"
_SHEET_ROWS, _CELL_CHARACTERS = 1_048_576, 32_767


@dataclass(frozen=True)
class BundleResult:
    """A bundle in the outbox: its folder, its version, and whether this call made it."""

    path: Path
    version: int
    is_new: bool


def latest_period(published: Path, instansi_code: str) -> str:
    """Give the latest period for which the instansi has an index score; a year goes before its own months.

    Raises:
        LookupError: the instansi has no index score.
    """
    with open_published(published) as connection:
        rows = read_rows(
            connection,
            """
            select period from fct_scores
            where instansi_code = ? and unit_kind = 'instansi' and node_kind = 'index'
                and (printed is not null or published is not null)
            order by left(period, 4) desc, length(period), period desc limit 1
            """,
            [instansi_code],
        )
    if not rows:
        raise LookupError(f"instansi {instansi_code}: no index score in the published database, so no bundle")
    return str(rows[0]["period"])


def build_bundle(
    published: Path,
    outbox: Path,
    *,
    instansi_code: str,
    period: str,
    signing_key: Path,
    as_of: date,
    reason: str | None = None,
) -> BundleResult:
    """Build the signed bundle of one instansi and period, unless the newest one already says the same.

    Args:
        published: the published database.
        outbox: folder that receives `spbe-<instansi>-<period>-v<n>/`.
        instansi_code: whose rows.
        period: `YYYY` or `YYYY-MM`; facts of other periods stay out.
        signing_key: Ed25519 key file, made on first use.
        as_of: last complete day of the data, printed in the bundle.
        reason: why a new version replaces the old one; default: what was found to differ.

    Returns:
        The newest bundle; `is_new` is False when its content was the same and it is intact.

    Raises:
        LookupError: the instansi or the period has no score.
        ValueError: code or period is not of the stated form.
        KeyFileError: the signing key cannot be used.
    """
    if not re.fullmatch(r"\d{4}(-\d{2})?", period):
        raise ValueError(f"period: expected YYYY or YYYY-MM, found {period!r}")
    if not re.fullmatch(r"\w[\w.-]*", instansi_code):
        raise ValueError(f"instansi: expected a code without blanks or slashes, found {instansi_code!r}")
    group = f"spbe-{instansi_code}-{period}"
    outbox.mkdir(parents=True, exist_ok=True)
    aside = outbox / f".{group}.new"
    # A crashed run may have left it.
    shutil.rmtree(aside, ignore_errors=True)
    newest = _newest_version(outbox, group)
    key = ensure_signing_key(signing_key, is_first=not any(outbox.glob("spbe-*-v*")))
    try:
        replaces: dict[str, str] = {}
        if newest:
            old = outbox / f"{group}-v{newest}"
            changed = _what_changed(published, old, aside, instansi_code, period, signing_key)
            if changed is None:
                return BundleResult(old, newest, is_new=False)
            replaces = {
                "Replaces": old.name,
                "Replaces-Reason": reason or changed,
                "Replaces-Tagmanifest-SHA256": _file_hash(old / TAG_MANIFEST),
            }
            shutil.rmtree(aside, ignore_errors=True)
        name = f"{group}-v{(newest or 0) + 1}"
        unit = _write_payload(published, aside, instansi_code, period, as_of)
        info = {
            "Source-Organization": unit["instansi_name"],
            "External-Identifier": name,
            "External-Description": f"SPBE evidence of {unit['instansi_name']}, period {period}",
            "Bag-Group-Identifier": group,
            "Bagging-Date": as_of.isoformat(),
            "Bag-Software-Agent": f"spbe {package_version('spbe-index')}",
            "Bundle-Version": str((newest or 0) + 1),
            **replaces,
        }
        _make_bag(aside, info)
        text = README.read_text(encoding="utf-8").format(
            name=name,
            instansi=unit["instansi_name"],
            period=period,
            as_of=as_of.isoformat(),
            fingerprint=fingerprint(key.public_key()),
            replaces=f"{replaces['Replaces']}: {replaces['Replaces-Reason']}" if replaces else "-",
        )
        (aside / "README.txt").write_text(text, encoding="utf-8", newline="\n")
        (aside / PUBLIC_KEY).write_bytes(public_pem(key.public_key()))
        # Once more, so that the tag manifest covers the two files as well.
        bagit.Bag(str(aside)).save(manifests=False)
        (aside / SIGNATURE).write_bytes(key.sign((aside / TAG_MANIFEST).read_bytes()))
        sync_tree(aside)
        final = outbox / name
        aside.rename(final)
        sync(outbox)
        return BundleResult(final, (newest or 0) + 1, is_new=True)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _newest_version(outbox: Path, group: str) -> int | None:
    versions = [
        int(found.group(1))
        for path in outbox.iterdir()
        if path.is_dir() and (found := re.fullmatch(re.escape(group) + r"-v(\d+)", path.name))
    ]
    return max(versions, default=None)


def _what_changed(
    published: Path, old: Path, aside: Path, instansi_code: str, period: str, signing_key: Path
) -> str | None:
    """Say why the newest version must be replaced; None when it is intact and its content is today's."""
    report = verify_bundle(old, public_key_path(signing_key))
    if report.problems:
        return f"the earlier version does not verify: {report.problems[0]}"
    # Written for the day of the old bundle: a new day alone is no new content.
    _write_payload(published, aside, instansi_code, period, date.fromisoformat(report.info["Bagging-Date"]))
    _make_bag(aside, {"Bagging-Date": "", "Bag-Software-Agent": ""})
    old_files, new_files = (_manifest(folder) for folder in (old, aside))
    changed = sorted(
        name for name in old_files.keys() | new_files.keys() if old_files.get(name) != new_files.get(name)
    )
    return f"content changed: {', '.join(changed)}" if changed else None


def _manifest(bag: Path) -> dict[str, str]:
    lines = (bag / "manifest-sha256.txt").read_text(encoding="utf-8").splitlines()
    return {name: digest for digest, name in (line.split(maxsplit=1) for line in lines)}


def _make_bag(folder: Path, info: dict[str, str]) -> None:
    logging.getLogger("bagit").setLevel(logging.WARNING)
    bagit.make_bag(str(folder), info, checksums=["sha256"])


def _write_payload(
    published: Path, folder: Path, instansi_code: str, period: str, as_of: date
) -> dict[str, Any]:
    """Write every data file of a bundle into a new folder; return the row of `dim_instansi`."""
    folder.mkdir()
    with open_published(published) as connection:
        selected = _narrow(connection, instansi_code, period)
        page = render_instansi(connection, instansi_code, as_of, link_index=False)
        (folder / "laporan.html").write_bytes(page)
        resources = [_write_csv(connection, folder, table, query) for table, query in selected]
        _write_workbook(connection, folder / "tabel.xlsx", selected, as_of)
        summary = _summary(connection, instansi_code, period)
        if not summary["indices"]:
            raise LookupError(f"instansi {instansi_code}: no index score for period {period}")
        _write_json(folder / "indeks.json", summary)
        unit = read_rows(connection, "select * from dim_instansi where instansi_code = ?", [instansi_code])[0]
    resources += [
        _resource(
            folder / "indeks.json", "json", "application/json", "Index of every stage, with band and coverage"
        ),
        _resource(
            folder / "tabel.xlsx",
            "xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "The same tables as one workbook",
        ),
        _resource(folder / "laporan.html", "html", "text/html", "The report page, in Indonesian"),
    ]
    _write_json(
        folder / "datapackage.json",
        {
            "profile": "data-package",
            "name": f"spbe-{re.sub(r'[^a-z0-9._-]', '-', instansi_code.lower())}-{period}",
            "title": f"SPBE evidence of {unit['instansi_name']}, period {period}",
            "created": f"{as_of.isoformat()}T00:00:00Z",
            "resources": resources,
        },
    )
    return unit


# Tables about the home and its clock, not about an instansi.
_OF_THE_HOME = ("readme", "fct_nights")


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
        if table.name in _OF_THE_HOME:
            continue
        name = identifier(table.name)
        condition = _condition(table, source, instansi_code, period)
        connection.execute(f"create temp view {name} as select * from {source}.{name} where {condition}")
        columns = tuple(column for column in table.columns if (table.name, column.name) not in _LEFT_OUT)
        chosen = ", ".join(_safe_column(column) for column in columns)
        query = f"select {chosen} from {name} order by all"
        selected.append((Table(table.name, table.comment, columns), query))
    return selected


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
    return (
        f"case when regexp_matches({text}, '{_FORMULA_START}') then '''' || {text} else {text} end as {name}"
    )


def _write_csv(
    connection: duckdb.DuckDBPyConnection, folder: Path, table: Table, query: str
) -> dict[str, Any]:
    path = folder / f"{table.name}.csv"
    connection.execute(
        f"copy ({query}) to {literal(str(path))} (format csv, header, timestampformat '%Y-%m-%dT%H:%M:%SZ')"
    )
    count = connection.execute(f"select count(*) from ({query})").fetchone()
    resource = _resource(path, "csv", "text/csv", table.comment)
    return resource | {
        "profile": "tabular-data-resource",
        "encoding": "utf-8",
        "dialect": {"delimiter": ",", "lineTerminator": "\n", "quoteChar": '"', "doubleQuote": True},
        "rows": count[0] if count else 0,
        "schema": {
            "fields": [
                {"name": column.name, "type": _field_type(column.data_type), "description": column.comment}
                for column in table.columns
            ],
            "missingValues": [""],
        },
    }


def _field_type(data_type: str) -> str:
    if data_type.endswith("INT") or data_type == "INTEGER":
        return "integer"
    if data_type in ("DOUBLE", "FLOAT") or data_type.startswith("DECIMAL"):
        return "number"
    return {"BOOLEAN": "boolean", "DATE": "date", "TIMESTAMP": "datetime"}.get(data_type, "string")


def _resource(path: Path, file_format: str, media_type: str, description: str) -> dict[str, Any]:
    return {
        "name": path.stem if file_format == "csv" else f"{path.stem}-{file_format}",
        "path": path.name,
        "description": description,
        "format": file_format,
        "mediatype": media_type,
        "bytes": path.stat().st_size,
        "hash": f"sha256:{_file_hash(path)}",
    }


def _file_hash(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _write_workbook(
    connection: duckdb.DuckDBPyConnection, path: Path, selected: list[tuple[Table, str]], as_of: date
) -> None:
    """Write one sheet per table behind a list of contents; a table too long for a sheet is named there."""
    workbook = xlsxwriter.Workbook(
        str(path),
        {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    # The day of the data, not of the writing: the same content must give the same bytes.
    workbook.set_properties(
        {"created": datetime(as_of.year, as_of.month, as_of.day, tzinfo=UTC).replace(tzinfo=None)}
    )
    formats = {
        "head": workbook.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"}),
        "date": workbook.add_format({"num_format": "yyyy-mm-dd"}),
        "time": workbook.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
    }
    contents = workbook.add_worksheet("isi")
    contents.set_column(0, 0, 30)
    contents.set_column(1, 1, 12)
    contents.set_column(2, 2, 100)
    contents.write_row(0, 0, ["tabel", "baris", "keterangan"], formats["head"])
    for number, (table, query) in enumerate(selected, start=1):
        count = connection.execute(f"select count(*) from ({query})").fetchone()
        rows = count[0] if count else 0
        fits = rows < _SHEET_ROWS
        contents.write_string(number, 0, table.name)
        contents.write_number(number, 1, rows)
        note = "" if fits else "Terlalu panjang untuk satu lembar; lihat berkas CSV. "
        contents.write_string(number, 2, (note + table.comment)[:_CELL_CHARACTERS])
        if fits:
            _write_sheet(connection, workbook.add_worksheet(table.name[:31]), table, query, formats)
    workbook.close()


def _write_sheet(
    connection: duckdb.DuckDBPyConnection, sheet: Any, table: Table, query: str, formats: dict[str, Any]
) -> None:
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(table.columns) - 1, 18)
    sheet.write_row(0, 0, table.column_names, formats["head"])
    result = connection.execute(query)
    number = 0
    while batch := result.fetchmany(10_000):
        for row in batch:
            number += 1
            for position, value in enumerate(row):
                _write_cell(sheet, number, position, value, formats)


def _write_cell(sheet: Any, row: int, column: int, value: Any, formats: dict[str, Any]) -> None:
    if value is None:
        return
    if isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif isinstance(value, datetime):
        sheet.write_datetime(row, column, value.replace(tzinfo=None), formats["time"])
    elif isinstance(value, date):
        sheet.write_datetime(row, column, value, formats["date"])
    elif isinstance(value, int | Decimal) and len(Decimal(value).normalize().as_tuple().digits) > 15:
        # A sheet keeps 15 digits; more stay exact as text.
        sheet.write_string(row, column, str(value))
    elif isinstance(value, int | float | Decimal):
        sheet.write_number(row, column, value)
    else:
        text = str(value)
        if len(text) > _CELL_CHARACTERS:
            text = text[: _CELL_CHARACTERS - 20] + "… (lengkap di CSV)"
        sheet.write_string(row, column, text)


def _summary(connection: duckdb.DuckDBPyConnection, instansi_code: str, period: str) -> dict[str, Any]:
    rows = read_rows(
        connection,
        """
        select score.period, score.rulebook_id, score.stage, score.node_id, score.node_kind, node.name,
            score.score, score.printed, score.predicate, score.published, score.band_low, score.band_high,
            score.coverage
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

"""The public cut: what anybody may know of an instansi, as CSV and Parquet with entries for catalogues.

Belongs here: which aggregates are public, what is suppressed in them, the files and their descriptions (Data
Package, DCAT-AP, CKAN). Stays out: computing a figure, uploading anything.
"""

import hashlib
import json
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from expectations.quoting import literal
from expectations.spreadsheet import guarded_sql
from exports.aside import sync, sync_tree
from exports.database import open_published, read_rows
from exports.gate import refuse_personal

LICENCES = {
    "CC-BY-4.0": ("https://creativecommons.org/licenses/by/4.0/", "cc-by"),
    "CC-BY-SA-4.0": ("https://creativecommons.org/licenses/by-sa/4.0/", "cc-by-sa"),
    "CC0-1.0": ("https://creativecommons.org/publicdomain/zero/1.0/", "cc-zero"),
}
_EU = "http://publications.europa.eu/resource/authority"
_MEDIA = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet"}


@dataclass(frozen=True)
class Terms:
    """How open data is published.

    Attributes:
        min_count: counts from 1 to one less are suppressed.
        licence: a key of `LICENCES`.
        address: where the folder will stand, without a slash at the end; empty: not known yet.
        contact: whom readers ask, as people write it.
    """

    min_count: int
    licence: str
    address: str = ""
    contact: str = ""


@dataclass(frozen=True)
class _Table:
    """One public table: its title and description in both languages, its query, its columns in Indonesian.

    The query knows `$code` and the macro `is_small(x)`, true of a count that is suppressed.
    """

    title: str
    title_en: str
    description: str
    description_en: str
    query: str
    columns: Mapping[str, str]


def write_open_data(published: Path, folder: Path, terms: Terms, as_of: date) -> list[Path]:
    """Write the open data of every instansi that is measured, each in a folder of its code, in one rename.

    Args:
        published: the published database.
        folder: the folder of all; what it held is replaced.
        terms: licence, address, what is suppressed.
        as_of: last complete day of the data.

    Returns:
        The folders, by code.

    Raises:
        PersonalDataError: a text looks like personal data; what was there stays.
    """
    aside = folder.with_name(f".{folder.name}.new")
    # A crashed run may have left it.
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    try:
        with open_published(published) as connection:
            small = f"coalesce(x between 1 and {terms.min_count - 1}, false)"
            connection.execute(f"create or replace temp macro is_small(x) as {small}")
            for unit in read_rows(connection, _INSTANSI):
                target = aside / unit["instansi_code"]
                target.mkdir()
                _write_instansi(connection, target, unit, terms, as_of)
        sync_tree(aside)
        shutil.rmtree(folder, ignore_errors=True)
        aside.rename(folder)
        sync(folder.parent)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return sorted(path for path in folder.iterdir() if path.is_dir())


def _write_instansi(
    connection: duckdb.DuckDBPyConnection, target: Path, unit: dict[str, Any], terms: Terms, as_of: date
) -> None:
    code, name = unit["instansi_code"], unit["instansi_name"]
    tables = {}
    for table_name, table in _TABLES.items():
        tables[table_name] = _write_table(connection, target, table_name, table, code)
    _write_json(target / "datapackage.json", _package(code, name, tables, terms, as_of))
    _write_json(target / "dcat.jsonld", _catalogue(code, name, tables, terms, as_of))
    _write_json(target / "ckan.json", [_ckan(code, name, told, terms, as_of) for told in tables.values()])
    (target / "BACA-SAYA.txt").write_text(_readme(name, terms, as_of), encoding="utf-8", newline="\n")


@dataclass(frozen=True)
class _Written:
    """A table that was written: its files by format, their sha256, its columns with their types."""

    name: str
    table: _Table
    files: Mapping[str, Path]
    digests: Mapping[str, str]
    fields: Sequence[dict[str, str]]


def _write_table(
    connection: duckdb.DuckDBPyConnection, target: Path, name: str, table: _Table, code: str
) -> _Written:
    query = table.query.replace("$code", literal(code))
    described = connection.execute(f"describe {query}").fetchall()
    chosen = ", ".join(
        f"{guarded_sql(column)} as {column}" if data_type == "VARCHAR" else column
        for column, data_type, *_ in described
    )
    files = {"csv": target / f"{name}.csv", "parquet": target / f"{name}.parquet"}
    options = {"csv": "format csv, header", "parquet": "format parquet"}
    for kind, path in files.items():
        connection.execute(
            f"copy (select {chosen} from ({query}) order by all) to {literal(str(path))} ({options[kind]})"
        )
    refuse_personal(connection, files["csv"], [column for column, kind, *_ in described if kind == "VARCHAR"])
    fields = [
        {"name": column, "type": _TYPES.get(data_type, "number"), "description": table.columns[column]}
        for column, data_type, *_ in described
    ]
    digests = {kind: hashlib.sha256(path.read_bytes()).hexdigest() for kind, path in files.items()}
    return _Written(name, table, files, digests, fields)


_TYPES = {
    "VARCHAR": "string",
    "BIGINT": "integer",
    "INTEGER": "integer",
    "BOOLEAN": "boolean",
    "DATE": "date",
}


def _identifier(code: str, terms: Terms, name: str = "") -> str:
    """What a catalogue calls a table, or all of an instansi, as long as it stands at one address."""
    parts = [code, name] if name else [code]
    return "/".join([terms.address, *parts]) if terms.address else ":".join(["urn:spbe:open-data", *parts])


def _slug(code: str, name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", f"spbe-{code}-{name}".lower()).strip("-")


def _place(code: str, path: Path, terms: Terms) -> str:
    """Where a file will be had."""
    return f"{terms.address}/{code}/{path.name}" if terms.address else path.name


def _suppressed(terms: Terms) -> tuple[str, str]:
    """What is left out, in Indonesian and English."""
    if terms.min_count < 2:
        return ("Tidak ada cacah yang disembunyikan.", "No count is suppressed.")
    most = terms.min_count - 1
    return (
        f"Cacah 1 sampai {most} disembunyikan, juga nilai yang dapat mengungkapkannya (is_suppressed).",
        f"Counts from 1 to {most} are suppressed, and values that would tell them (is_suppressed).",
    )


def _package(
    code: str, name: str, tables: Mapping[str, _Written], terms: Terms, as_of: date
) -> dict[str, Any]:
    """The Data Package (frictionless) of an instansi."""
    indonesian, english = _suppressed(terms)
    resources = []
    for told in tables.values():
        described = f"{told.table.description} {indonesian}\n\n{told.table.description_en} {english}"
        for kind, path in told.files.items():
            resource: dict[str, Any] = {
                "name": told.name if kind == "csv" else f"{told.name}-{kind}",
                "path": path.name,
                "title": told.table.title,
                "description": described,
                "format": kind,
                "mediatype": _MEDIA[kind],
                "bytes": path.stat().st_size,
                "hash": f"sha256:{told.digests[kind]}",
            }
            if kind == "csv":
                resource |= {
                    "profile": "tabular-data-resource",
                    "encoding": "utf-8",
                    "schema": {"fields": list(told.fields), "missingValues": [""]},
                }
            else:
                resource["type"] = "file"
            resources.append(resource)
    return {
        "profile": "data-package",
        "name": _slug(code, "data-terbuka"),
        "id": _identifier(code, terms),
        "title": f"Data terbuka SPBE {name}",
        "description": f"{indonesian}\n\n{english}",
        "created": f"{as_of.isoformat()}T00:00:00Z",
        "licenses": [{"name": terms.licence, "path": LICENCES[terms.licence][0]}],
        "contributors": [{"title": name, "role": "publisher"}],
        "resources": resources,
    }


_CONTEXT = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "spdx": "http://spdx.org/rdf/terms#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}


def _both(indonesian: str, english: str) -> list[dict[str, str]]:
    return [{"@language": "id", "@value": indonesian}, {"@language": "en", "@value": english}]


def _catalogue(
    code: str, name: str, tables: Mapping[str, _Written], terms: Terms, as_of: date
) -> dict[str, Any]:
    """The catalogue of an instansi as DCAT-AP in JSON-LD, a dataset for each table."""
    publisher = {"@id": f"{_identifier(code, terms)}#publisher", "@type": "foaf:Agent", "foaf:name": name}
    modified = {"@type": "xsd:date", "@value": as_of.isoformat()}
    datasets = []
    for told in tables.values():
        indonesian, english = _suppressed(terms)
        dataset: dict[str, Any] = {
            "@id": _identifier(code, terms, told.name),
            "@type": "dcat:Dataset",
            "dct:identifier": _identifier(code, terms, told.name),
            "dct:title": _both(f"{told.table.title}, {name}", f"{told.table.title_en}, {name}"),
            "dct:description": _both(
                f"{told.table.description} {indonesian}", f"{told.table.description_en} {english}"
            ),
            "dct:publisher": {"@id": publisher["@id"]},
            "dct:modified": modified,
            "dct:language": {"@id": f"{_EU}/language/IND"},
            "dct:accrualPeriodicity": {"@id": f"{_EU}/frequency/IRREG"},
            "dct:accessRights": {"@id": f"{_EU}/access-right/PUBLIC"},
            "dcat:theme": {"@id": f"{_EU}/data-theme/GOVE"},
            "dcat:keyword": [{"@language": "id", "@value": word} for word in ("SPBE", "pemerintah digital")],
            "dcat:distribution": [_distribution(code, told, kind, terms) for kind in told.files],
        }
        if terms.contact:
            dataset["dcat:contactPoint"] = {"@type": "vcard:Kind", "vcard:fn": terms.contact}
        datasets.append(dataset)
    return {
        "@context": _CONTEXT,
        "@id": _identifier(code, terms),
        "@type": "dcat:Catalog",
        "dct:title": _both(f"Data terbuka SPBE {name}", f"Open data on digital government, {name}"),
        "dct:description": _both(*_suppressed(terms)),
        "dct:publisher": publisher,
        "dct:modified": modified,
        "dct:language": {"@id": f"{_EU}/language/IND"},
        "dct:license": {"@id": LICENCES[terms.licence][0]},
        "dcat:dataset": datasets,
    }


def _distribution(code: str, told: _Written, kind: str, terms: Terms) -> dict[str, Any]:
    path = told.files[kind]
    place = _place(code, path, terms)
    return {
        "@id": f"{_identifier(code, terms, told.name)}#{kind}",
        "@type": "dcat:Distribution",
        "dct:title": path.name,
        "dcat:accessURL": {"@id": place},
        "dcat:downloadURL": {"@id": place},
        "dct:format": {"@id": f"{_EU}/file-type/{kind.upper()}"},
        "dcat:mediaType": {"@id": f"https://www.iana.org/assignments/media-types/{_MEDIA[kind]}"},
        "dcat:byteSize": {"@type": "xsd:nonNegativeInteger", "@value": str(path.stat().st_size)},
        "dct:license": {"@id": LICENCES[terms.licence][0]},
        "spdx:checksum": {
            "@type": "spdx:Checksum",
            "spdx:algorithm": {"@id": "spdx:checksumAlgorithm_sha256"},
            "spdx:checksumValue": told.digests[kind],
        },
    }


def _ckan(code: str, name: str, told: _Written, terms: Terms, as_of: date) -> dict[str, Any]:
    """What CKAN's `package_create` takes, as data.go.id runs it; the portal adds who owns it."""
    indonesian, english = _suppressed(terms)
    return {
        "name": _slug(code, told.name),
        "title": f"{told.table.title} {name}",
        "notes": f"{told.table.description} {indonesian}\n\n{told.table.description_en} {english}",
        "license_id": LICENCES[terms.licence][1],
        "author": name,
        "maintainer": terms.contact,
        "private": False,
        "tags": [{"name": "SPBE"}, {"name": "pemerintah digital"}],
        "extras": [
            {"key": "identifier", "value": _identifier(code, terms, told.name)},
            {"key": "kode_wilayah", "value": code},
            {"key": "data_sampai", "value": as_of.isoformat()},
            {"key": "cacah_terkecil", "value": str(terms.min_count)},
        ],
        "resources": [
            {
                "name": path.name,
                "description": told.table.description,
                "format": kind.upper(),
                "mimetype": _MEDIA[kind],
                "url": _place(code, path, terms),
                "size": path.stat().st_size,
                "hash": told.digests[kind],
            }
            for kind, path in told.files.items()
        ],
    }


def _readme(name: str, terms: Terms, as_of: date) -> str:
    indonesian, english = _suppressed(terms)
    tables = "".join(
        f"  {table_name}.csv, .parquet   {table.title} / {table.title_en}\n"
        for table_name, table in _TABLES.items()
    )
    return (
        f"Data terbuka SPBE {name}, data sampai {as_of.isoformat()}\n"
        f"Lisensi / licence: {terms.licence} {LICENCES[terms.licence][0]}\n"
        f"Bertanya kepada / whom to ask: {terms.contact or '-'}\n\n{tables}\n"
        f"{indonesian}\nTidak ada baris tentang orang. Arti kolom: datapackage.json; untuk portal:"
        f" dcat.jsonld (DCAT-AP), ckan.json (package_create).\n"
        f"{english}\nNo row is about a person. Meaning of columns: datapackage.json; for portals:"
        f" dcat.jsonld (DCAT-AP), ckan.json (package_create).\n"
    )


def _write_json(path: Path, content: object) -> None:
    text = json.dumps(content, ensure_ascii=False, indent=2)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


# Who is measured here; what the ministry printed of the others is the ministry's to publish.
_INSTANSI = """
    select unit.instansi_code, unit.instansi_name
    from dim_instansi as unit
    where unit.instansi_kind not in ('contoh', 'pengirim')
        and unit.instansi_code in (select instansi_code from fct_indicator_values)
    order by all
"""

_TABLES = {
    "indeks": _Table(
        "Indeks SPBE",
        "Digital government index",
        "Nilai indeks, domain, aspek, dan indikator setiap tahap penilaian, menurut peraturan.",
        "Scores of index, domains, aspects and indicators at every stage, by regulation.",
        """
        select
            score.instansi_code, score.period, score.rulebook_id, score.stage, node.node_kind, score.node_id,
            node.number as node_number, node.name as node_name, score.printed::double as printed,
            score.predicate, round(score.band_low::double, 2) as band_low,
            round(score.band_high::double, 2) as band_high, round(score.coverage::double, 4) as coverage
        from fct_scores as score
        inner join dim_node as node on score.rulebook_id = node.rulebook_id and score.node_id = node.node_id
        inner join dim_rulebook as rulebook on score.rulebook_id = rulebook.rulebook_id
        where score.instansi_code = $code and score.unit_kind = 'instansi' and not rulebook.is_handed_in
            -- Its indicators are the levels of measures, which are suppressed with them.
            and not (score.rulebook_id = 'interop-1' and score.node_kind = 'indicator')
        """,
        {
            "instansi_code": "Kode instansi (Kemendagri bila ada).",
            "period": "Tahun evaluasi, atau bulan untuk tahap yang dihitung.",
            "rulebook_id": "Peraturan, atau rubrik interop-1.",
            "stage": "Tahap: self, document, interview, visit, final, atau evidence (menurut bukti).",
            "node_kind": "index, domain, aspect atau indicator.",
            "node_id": "Simpul.",
            "node_number": "Nomornya dalam peraturan.",
            "node_name": "Namanya.",
            "printed": "Nilai dua desimal; kosong bila terlalu sedikit yang diketahui.",
            "predicate": "Predikat indeks.",
            "band_low": "Nilai bila semua yang belum diketahui bernilai terendah.",
            "band_high": "Nilai bila semua yang belum diketahui bernilai tertinggi.",
            "coverage": "Bagian bobot yang diketahui, 0 sampai 1.",
        },
    ),
    # Months alone: a month that is suppressed could be told from the year's sum.
    "ukuran": _Table(
        "Ukuran integrasi dan interoperabilitas",
        "Measures of integration and interoperability",
        "Ukuran I01 sampai I28 seluruh instansi, per bulan (per tahun bila tidak ada bulan).",
        "Measures I01 to I28 of the whole agency by month (by year where there is no month).",
        """
        with told as (
            select
                value.*,
                is_small(numerator) or is_small(denominator) or is_small(denominator - numerator)
                    as is_suppressed,
                count(*) filter (where window_kind = 'month') over (partition by year(window_start)) as months
            from fct_indicator_values as value
            where instansi_code = $code and unit_kind = 'instansi' and figure = 'main'
                and figure_node is null and figure_system is null and figure_service is null
        )
        select
            told.instansi_code, told.measure_id, measure.name as measure_name, measure.unit, told.window_kind,
            told.window_start, told.window_end,
            case when not is_suppressed then numerator::bigint end as numerator,
            case when not is_suppressed then denominator::bigint end as denominator,
            case when not is_suppressed then round(value, 4) end as value,
            case when not is_suppressed then level end as level,
            is_suppressed
        from told
        inner join dim_measure as measure on told.measure_id = measure.measure_id
        where told.window_kind = 'month' or told.months = 0
        """,
        {
            "instansi_code": "Kode instansi (Kemendagri bila ada).",
            "measure_id": "Ukuran.",
            "measure_name": "Namanya.",
            "unit": "share (bagian, 0 sampai 1), index, ms, hours atau level.",
            "window_kind": "month (bulan) atau ytd (tahun).",
            "window_start": "Hari pertama.",
            "window_end": "Hari terakhir.",
            "numerator": "Pembilang; kosong bila tidak ada atau disembunyikan.",
            "denominator": "Penyebut; kosong bila tidak ada atau disembunyikan.",
            "value": "Nilai, empat desimal; kosong bila tidak diketahui atau disembunyikan.",
            "level": "Tingkat 1 sampai 5 menurut rubrik interop-1.",
            "is_suppressed": "Benar bila angkanya disembunyikan karena cacahnya kecil.",
        },
    ),
    "hubungan": _Table(
        "Hubungan pertukaran data antar-OPD",
        "Exchange of data between offices",
        "OPD mana bertukar data dengan OPD mana dalam sebulan, tanpa jumlah panggilan.",
        "Which office exchanges data with which in a month, without numbers of calls.",
        """
        select
            edge.instansi_code, edge.window_start, edge.window_end, edge.consumer_opd,
            consumer.opd_name as consumer_name, edge.provider_opd, provider.opd_name as provider_name,
            edge.channel, edge.is_declared,
            case when not is_small(edge.calls) then edge.is_observed end as is_observed,
            case when not is_small(edge.calls) then edge.link_level end as link_level,
            is_small(edge.calls) as is_suppressed
        from fct_exchange_edges as edge
        inner join dim_opd as consumer
            on edge.instansi_code = consumer.instansi_code and edge.consumer_opd = consumer.opd_code
        inner join dim_opd as provider
            on edge.instansi_code = provider.instansi_code and edge.provider_opd = provider.opd_code
        where edge.instansi_code = $code and consumer.is_mapped and provider.is_mapped
        """,
        {
            "instansi_code": "Kode instansi (Kemendagri bila ada).",
            "window_start": "Hari pertama bulan itu.",
            "window_end": "Hari terakhir bulan itu.",
            "consumer_opd": "OPD pengguna data.",
            "consumer_name": "Namanya.",
            "provider_opd": "OPD penyedia data.",
            "provider_name": "Namanya.",
            "channel": "Saluran: format log gerbang, atau saluran yang dinyatakan.",
            "is_declared": "Dinyatakan OPD.",
            "is_observed": "Terlihat di log; kosong bila disembunyikan.",
            "link_level": "Tingkat keterhubungan 0 sampai 3; kosong bila disembunyikan.",
            "is_suppressed": "Benar bila disembunyikan karena panggilannya sedikit.",
        },
    ),
    "temuan": _Table(
        "Jumlah temuan",
        "Numbers of findings",
        "Jumlah temuan menurut aturan dan status, tanpa unit dan tanpa kalimatnya.",
        "Numbers of findings by rule and status, without units and sentences.",
        """
        with counted as (
            select instansi_code, rule_id, title, severity, status, count(*) as findings
            from fct_findings
            where instansi_code = $code and rule_id <> 'bundle_rejected'
            group by all
        )
        select
            * exclude (findings), case when not is_small(findings) then findings end as findings,
            is_small(findings) as is_suppressed
        from counted
        """,
        {
            "instansi_code": "Kode instansi (Kemendagri bila ada).",
            "rule_id": "Aturan temuan.",
            "title": "Judulnya.",
            "severity": "Bobot: high, medium atau low.",
            "status": "open (terbuka), closed (selesai) atau unseen (tidak ada data baru untuk "
            "melihatnya lagi).",
            "findings": "Jumlah temuan; kosong bila disembunyikan.",
            "is_suppressed": "Benar bila jumlahnya disembunyikan karena kecil.",
        },
    ),
}

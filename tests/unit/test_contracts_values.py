"""Cells as people write them, and the value that is kept."""

from functools import cache

import duckdb
import pytest

from expectations.contract import load_contract, value_aliases
from expectations.normalise import install_normalisers, text_stages, typed_sql


@cache
def connection() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    install_normalisers(con)
    return con


def kept(kind: str, column: str, cell: str) -> str | None:
    """The value of a cell as `raw.<kind>` holds it, as text; None where it is missing or does not parse."""
    chosen = load_contract(kind).column(column)
    source = f'select $cell::varchar as "{column}__text"'
    for stage in text_stages([chosen], value_aliases(kind)):
        if column in stage:
            source = f'select {stage[column]} as "{column}__text" from ({source})'
    typed = typed_sql(chosen, f'"{column}__text"')
    row = connection().execute(f"select cast({typed} as varchar) from ({source})", {"cell": cell}).fetchone()
    return row[0] if row else None


@pytest.mark.parametrize(
    ("kind", "column", "cell", "value"),
    [
        ("vendor_contract", "value_idr", "Rp 99.000.000,-", "99000000"),
        ("vendor_contract", "value_idr", "Rp99.000.000,00", "99000000"),
        ("vendor_contract", "value_idr", "99000000.0", "99000000"),
        ("vendor_contract", "value_idr", "99,5", None),
        ("vendor_contract", "value_idr", "99 juta", None),
        ("vendor_contract", "value_idr", "1,5 M", None),
        ("vendor_contract", "value_idr", "0", None),
        ("usage", "active_users", "0", "0"),
        ("usage", "active_users", "1234 orang", "1234"),
        ("usage", "active_users", "1.234", "1234"),
        ("usage", "active_users", "1.23", None),
        ("published_figure", "published_value", "1.234,5", "1234.5000000000"),
        ("published_figure", "published_value", "4,545 %", "4.5450000000"),
        ("published_figure", "published_value", "1.234", "1.2340000000"),
        ("published_figure", "published_value", "NaN", None),
        ("published_figure", "published_value", "inf", None),
        ("published_figure", "published_value", "16 GB", "16.0000000000"),
        ("self_assessment", "level", "Level 3", "3.0000000000"),
        ("self_assessment", "level", "3,00", "3.0000000000"),
        ("vendor_contract", "starts_on", "3 Maret 2026", "2026-03-03"),
        ("vendor_contract", "starts_on", "03/03/2026", "2026-03-03"),
        ("vendor_contract", "starts_on", "03-03-26", "2026-03-03"),
        ("vendor_contract", "starts_on", "46084", "2026-03-03"),
        ("vendor_contract", "starts_on", "2026", "2026-01-01"),
        ("vendor_contract", "starts_on", "30 Februari 2026", None),
        ("complaint", "received_at", "2026-03-03T08:00+07:00", "2026-03-03 01:00:00"),
        ("complaint", "received_at", "03/03/2026 08:00", "2026-03-03 08:00:00"),
        ("system_inventory", "has_api", "Belum ada", "false"),
        ("system_inventory", "has_api", "Terintegrasi", "true"),
        ("system_inventory", "status", "\u200b Tidak  Aktif\u00a0", "inactive"),
        ("system_inventory", "platform", "Website\nAndroid; ", "[web, mobile]"),
        ("system_inventory", "note", "belum ada", None),
        ("system_inventory", "system_code", "0", None),
        ("system_inventory", "url", "https://u:p@A.id/x", "https://A.id/x"),
        ("system_inventory", "url", "a.contoh.go.id:8080/x", "a.contoh.go.id:8080/x"),
        ("system_inventory", "url", "javascript:alert(1)", None),
        ("system_inventory", "url", "ftp://a.id", None),
        ("dataset_catalogue", "rad_code", "RAD.09.06.03 Penataan Ruang", "RAD.09.06.03"),
        ("dataset_catalogue", "region_code_system", "Tidak ada", "[none]"),
        ("dataset_catalogue", "region_code_system", "-", None),
        ("dataset_catalogue", "data_type", "Data Geopasial", "geospatial"),
        ("declared_exchange", "consumer_opd_code", "Semua OPD", "all_opd"),
        ("declared_exchange", "consumer_opd_code", "SKPD terkait", "SKPD terkait"),
        ("published_index", "year", "2023.0", "2023"),
    ],
)
def test_a_cell_becomes_the_value_that_was_meant(
    kind: str, column: str, cell: str, value: str | None
) -> None:
    cut = cell.replace("u:p@", "…@")
    assert kept(kind, column, cut) == value

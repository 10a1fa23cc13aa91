"""Cells as people write them, and the value that is kept."""

import datetime as dt
import re
from functools import cache
from zoneinfo import ZoneInfo

import duckdb
import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from expectations.contract import Column, kinds, load_contract, value_aliases
from expectations.normalise import install_normalisers, text_stages, typed_sql


@cache
def connection() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    install_normalisers(con, "Asia/Jakarta")
    return con


def kept(kind: str, column: str, cell: str) -> str | None:
    """The value of a cell as `raw.<kind>` holds it, as text; None where it is missing or does not parse."""
    return read(load_contract(kind).column(column), cell, value_aliases(kind))


def read(column: Column, cell: str, aliases: dict[str, dict[str, str]]) -> str | None:
    """The value of a cell of a column, as text."""
    name = f'"{column.name}__text"'
    source = f"select $cell::varchar as {name}"
    for stage in text_stages([column], aliases):
        if column.name in stage:
            source = f"select {stage[column.name]} as {name} from ({source})"
    typed = typed_sql(column, name)
    ((value,),) = (
        connection().execute(f"select cast({typed} as varchar) from ({source})", {"cell": cell}).fetchall()
    )
    return value


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
        ("published_figure", "published_value", "4,545 %", None),
        ("published_figure", "published_value", "1.5E-3", "0.0015000000"),
        ("published_figure", "published_value", "−5", "-5.0000000000"),
        ("published_figure", "numerator", "12.500", "12500.0000000000"),
        ("rulebook", "weight", "60%", "0.6000000000"),
        ("rulebook", "weight", "12,5 persen", "0.1250000000"),
        ("rulebook", "weight", "1e-05", "0.0000100000"),
        ("self_assessment", "level", "belum ada", None),
        ("usage", "active_users", "100an", None),
        ("usage", "active_users", "1.5e3", "1500"),
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
        ("complaint", "received_at", "03/03/2026 08:00", "2026-03-03 01:00:00"),
        ("complaint", "received_at", "06/10/2026 08:00:00", "2026-10-06 01:00:00"),
        ("complaint", "received_at", "3 November 2026 08.00", "2026-11-03 01:00:00"),
        ("complaint", "received_at", "46084,5", "2026-03-03 05:00:00"),
        ("complaint", "received_at", "2026-03-03 08:00 (WIB)", "2026-03-03 01:00:00"),
        ("complaint", "received_at", "2026-03-03 08:00 UTC+9", "2026-03-02 23:00:00"),
        ("complaint", "received_at", "2026-03-03 08:00 +14:30", None),
        ("complaint", "received_at", "2026-03-03 08:00 CEST", None),
        ("complaint", "received_at", "2026-03-03 8", None),
        ("system_inventory", "has_api", "Belum ada", "false"),
        ("system_inventory", "has_api", "Terintegrasi", "true"),
        ("system_inventory", "status", "\u200b Tidak  Aktif\u00a0", "inactive"),
        ("system_inventory", "platform", "Website\nAndroid; ", "[web, mobile]"),
        ("system_inventory", "platform", "Web & Mobile", "[web, mobile]"),
        ("system_inventory", "status", "Non Aktif", "inactive"),
        ("system_inventory", "status", "Non-Aktif", "inactive"),
        ("system_inventory", "status", "non_aktif", "inactive"),
        ("system_inventory", "status", "Masih digunakan", "active"),
        ("system_inventory", "status", "Dalam Pengembangan", "in_development"),
        ("system_inventory", "status", "Sudah tidak dipakai", "inactive"),
        ("system_inventory", "status", "Rencana", "planned"),
        ("system_inventory", "license", "opensource", "open_source"),
        ("system_inventory", "hosting", "Data Center Kominfo", "kominfo_dc"),
        ("dataset_catalogue", "update_frequency", "Enam-bulanan", "semiannual"),
        ("opd_register", "is_active", "Tidak Aktif", "false"),
        ("system_inventory", "note", "belum ada", None),
        ("system_inventory", "system_code", "0", None),
        ("system_inventory", "url", "https://u:p@A.id/x", "https://A.id/x"),
        ("system_inventory", "url", "a.contoh.go.id:8080/x", "a.contoh.go.id:8080/x"),
        ("system_inventory", "url", "javascript:alert(1)", None),
        ("system_inventory", "url", "ftp://a.id", None),
        ("system_inventory", "url", "u:p@A.id/x", "A.id/x"),
        ("system_inventory", "url", "aplikasi desktop", None),
        ("system_inventory", "url", "https://medium.com/@dinas", "https://medium.com/@dinas"),
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
    ((cut,),) = connection().execute("select cut_credentials(?::varchar)", [cell]).fetchall()
    seen = cut if load_contract(kind).column(column).is_url else cell
    assert kept(kind, column, seen) == value


def test_words_that_fit_a_column_are_kept_whole() -> None:
    """Whatever form a column asks for: what fits it is not cut to a part that fits, too."""
    words = "Data siswa dan sekolah"
    columns = [
        (kind, column.name)
        for kind in kinds()
        for column in load_contract(kind).columns
        if column.type == "varchar"
        and not (column.codes or column.is_url or column.number)
        and re.fullmatch(column.pattern or ".*", words)
    ]
    assert ("dataset_catalogue", "dataset_name") in columns
    assert {place for place in columns if kept(*place, words) != words} == set()


def test_dots_of_a_published_figure_are_read_by_its_unit() -> None:
    """12.500 people are thousands, 12.500 percent are not."""
    contract = load_contract("published_figure")
    pair = [contract.column("unit"), contract.column("published_value")]
    said = {}
    for unit in ("pengguna", "Percent"):
        source = 'select $unit::varchar as "unit__text", \'12.500\' as "published_value__text"'
        for stage in text_stages(pair, value_aliases("published_figure")):
            replaced = ", ".join(f'{sql} as "{name}__text"' for name, sql in stage.items())
            source = f"select * replace ({replaced}) from ({source})" if replaced else source
        ((said[unit],),) = (
            connection().execute(f'select "published_value__text" from ({source})', {"unit": unit}).fetchall()
        )
    assert said == {"pengguna": "12500", "Percent": "12.500"}


TIME = load_contract("complaint").column("received_at")
COUNT = load_contract("usage").column("active_users")
ZONES = {"": 7, " WIB": 7, " WITA": 8, " WIT": 9, "Z": 0, "+09:00": 9, "-0330": -3.5, " UTC+14": 14}


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**31).map(lambda s: dt.datetime.fromtimestamp(s, dt.UTC).replace(tzinfo=None)),
    st.sampled_from(
        ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H.%M.%S", "%d/%m/%Y %H:%M:%S", "%d-%m-%Y pukul %H.%M.%S"]
    ),
    st.sampled_from(sorted(ZONES)),
)
def test_a_time_in_any_form_and_zone_is_the_same_moment(at: dt.datetime, form: str, zone: str) -> None:
    meant = at.replace(tzinfo=dt.timezone(dt.timedelta(hours=ZONES[zone])))
    if not zone:
        meant = at.replace(tzinfo=ZoneInfo("Asia/Jakarta"))
    value = read(TIME, at.strftime(form) + zone, {})
    assert value == meant.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S")


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=12))
def test_nothing_is_cut_off_a_time(tail: str) -> None:
    """What follows a time is understood or the cell is no time; never is a part of it dropped."""
    plain = read(TIME, "2026-03-03 08:00", {})
    value = read(TIME, "2026-03-03 08:00" + tail.replace("\0", ""), {})
    assert value is None or value == plain or any(c.isdigit() or c.isalpha() for c in tail)


@settings(max_examples=60, deadline=None)
@given(st.integers(-(10**12), 10**12), st.sampled_from(["{:d}", "{:,d}", "{:d},00", " {:d} orang", "{:e}"]))
def test_a_count_in_any_form_is_the_same_number(number: int, form: str) -> None:
    cell = form.format(number).replace(",", ".", 9 if "," in form and "00" not in form else 0)
    cell = cell if "e" not in form else f"{number // 1000}e3"
    meant = number if "e" not in form else number // 1000 * 1000
    assert read(COUNT, cell, {}) == str(meant)


@settings(max_examples=150, deadline=None)
@given(st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=20))
def test_no_text_stops_the_reading_of_a_cell(cell: str) -> None:
    """Whatever stands in it, a cell has a value or none."""
    for column in (TIME, COUNT, load_contract("rulebook").column("weight")):
        read(column, cell, {})

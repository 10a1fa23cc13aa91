"""The lists that codes are held to: how a value is looked up in each, and which near entry is offered.

Belongs here: SQL over the tables of schema `reference`. Stays out: filling those tables
(`reference_tables.py`) and what an unknown value means for its row (`rules.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from expectations.contract import Column

if TYPE_CHECKING:
    import duckdb

# Distinct unknown values of a column that are compared with a list; a file with more is wrong as a whole.
_COMPARED = 2000


@dataclass(frozen=True)
class ReferenceList:
    """One list of schema `reference`.

    `is_own`: each instansi has a list of its own; one without a list can not be held to it. `name` is SQL
    over an entry `r`: its name for people. `likeness` is SQL over an entry `r` and a value `v.value` of
    instansi `v.instansi`, 0 to 1; the best one from `enough` on is offered; None: nothing is offered.
    """

    title: str
    is_own: bool = False
    name: str = "null::varchar"
    likeness: str | None = None
    enough: float = 0.86


def _alike(left: str, right: str) -> str:
    return f"coalesce(jaro_winkler_similarity(lower({left}), lower({right})), 0)"


_SHORT_CODE = "replace({}, v.instansi || '-', '')"


def _codes(title: str) -> ReferenceList:
    return ReferenceList(
        title,
        name="r.name_id",
        likeness=(
            "case when v.value like 'RA_.%' "
            "then case when levenshtein(v.value, r.code) <= 1 then 0.95 else 0 end "
            f"else {_alike('v.value', 'r.name_id')} end"
        ),
        enough=0.92,
    )


LISTS = {
    "opd_register": ReferenceList(
        "Daftar OPD",
        is_own=True,
        name="r.opd_name",
        likeness=(
            f"greatest({_alike(_SHORT_CODE.format('v.value'), _SHORT_CODE.format('r.opd_code'))}, "
            f"{_alike('v.value', 'r.opd_name')}, {_alike('v.value', 'r.short_name')})"
        ),
    ),
    "system_inventory": ReferenceList("Inventaris aplikasi", is_own=True),
    # A BPS code, a code whose zero or dots a spreadsheet ate, the same number in the own regency, a name.
    "area": ReferenceList(
        "Kode wilayah Kemendagri",
        name="r.area_name",
        likeness=(
            "case when r.bps_code = left(v.value, 7) and length(v.value) in (7, 10) then 1.0 "
            "when r.area_code = v.value || '0' then 0.99 "
            "when replace(r.area_code, '.', '') = v.value then 0.98 "
            "when r.area_code = v.instansi || substr(v.value, 6, 3) and length(v.value) > 5 then 0.97 "
            "when regexp_matches(v.value, '[A-Za-z]{3}') then "
            f"{_alike('v.value', 'r.area_name')} else 0 end"
        ),
    ),
    "ref_data_rad": _codes("Referensi Arsitektur Data (RAD)"),
    "ref_layanan_ral": _codes("Referensi Arsitektur Layanan (RAL)"),
    "function_codes": _codes("Referensi Arsitektur Layanan (RAL) atau Proses Bisnis (RAB)"),
    "rulebooks": ReferenceList("Daftar peraturan"),
    "rulebook_nodes": ReferenceList("Daftar indikator peraturan"),
    "score_nodes": ReferenceList("Daftar simpul buku aturan"),
}


def offers_near(column: Column) -> bool:
    """Whether a message on an unknown value of the column offers a near entry, as `<column>__near`."""
    return column.reference is not None and LISTS[column.reference[0]].likeness is not None


def list_entries(
    con: duckdb.DuckDBPyConnection, column: Column, instansi_code: str
) -> list[tuple[str, str | None]]:
    """Code and name of every entry that an instansi may fill in, by code; `reference` must be filled."""
    assert column.reference is not None
    table, target = column.reference
    where = "true"
    if LISTS[table].is_own:
        where = "r.instansi_code = $instansi"
    elif table == "area":
        where = "r.parent_code = $instansi"
    elif column.accepts_children:
        # The lowest codes; one above them is admitted, yet not what is asked for.
        where = f"not exists (select 1 from reference.{table} as c where c.parent = r.{target})"
    if column.pattern:
        where += f" and regexp_matches(r.{target}, {_text(column.pattern)})"
    return con.execute(
        f"select distinct r.{target}, {LISTS[table].name} from reference.{table} as r "
        f"where {where} and r.{target} is not null and coalesce($instansi, '') <> '' order by 1",
        {"instansi": instansi_code},
    ).fetchall()


def lookup_sql(column: Column, source: str) -> str:
    """SELECT of what the list says of each value of `source`, once a value instead of once a row.

    Columns: value, instansi, unknown, child (below a known code), retired (an inactive OPD), listed (the
    list's name of the code), near (the entry most like an unknown value).
    """
    assert column.reference is not None
    table, target = column.reference
    text = "this.value"
    # A value of another form breaks the pattern already: one fault, one message.
    fits = f"regexp_matches({text}, {_text(column.pattern)})" if column.pattern else "true"
    child = retired = "false"
    listed = near = "null::varchar"
    if column.accepts_children:
        above = _in_list(table, target, f"left({text}, 9)")
        child = f"{fits} and {above} and not {_in_list(table, target, text)}"
        listed = f"(select min(r.name_id) from reference.{table} as r where r.{target} = {text})"
    if table == "opd_register":
        retired = f"{_in_list(table, target, text, OWN)} and not {_in_list(table, target, text, ACTIVE)}"
    if offers_near(column):
        near = (
            "(select max_by(n.shown, n.score) from near as n "
            "where n.value = this.value and n.instansi = this.instansi)"
        )
    return f"""
    with this as (
        select distinct "{column.name}__text" as value, _instansi_code as instansi from {source}
        where "{column.name}__text" is not null
    ){_near_table(column)}
    select value, instansi, {fits} and {_unknown(column, text)} as unknown, {child} as child,
        {retired} as retired, {listed} as listed, {near} as near
    from this"""


OWN = "r.instansi_code = this.instansi"
ACTIVE = f"{OWN} and r.is_active"


def _near_table(column: Column) -> str:
    if not offers_near(column):
        return ""
    assert column.reference is not None
    table, target = column.reference
    entry = LISTS[table]
    own = "r.instansi_code = v.instansi" if entry.is_own else "true"
    return f""",
    near as (
        select value, instansi, shown, score from (
            select v.value, v.instansi, r.{target} || coalesce(' (' || {entry.name} || ')', '') as shown,
                {entry.likeness} as score
            from (
                select * from this where value not in (
                    select {target} from reference.{table} where {target} is not null
                )
                limit {_COMPARED}
            ) as v inner join reference.{table} as r on {own}
        ) where score >= {entry.enough}
    )"""


def _unknown(column: Column, text: str) -> str:
    assert column.reference is not None
    table, target = column.reference
    accepted = "".join(f"{text} <> {_text(value)} and " for value in column.also_accepted)
    if table == "area":
        return f"({_area_unknown(text)})"
    if column.accepts_children:
        return f"not {_in_list(table, target, f'left({text}, 9)')}"
    if LISTS[table].is_own:
        # An instansi without a list can not be held to one; bodies outside the region are named EXT:….
        return (
            f"{accepted}{text} not like 'EXT:%' and not {_in_list(table, target, text, OWN)} "
            f"and exists (select 1 from reference.{table} as r where {OWN})"
        )
    return f"{accepted}not {_in_list(table, target, text)}"


def _in_list(table: str, target: str, value: str, among: str = "true") -> str:
    return f"exists (select 1 from reference.{table} as r where r.{target} = {value} and {among})"


def _area_unknown(text: str) -> str:
    regency = "regexp_full_match(this.instansi, '[0-9]{2}[.][0-9]{2}')"
    return (
        f"case when length({text}) <= 5 then {text} <> this.instansi "
        f"and not {_in_list('area', 'area_code', text)} "
        f"else ({regency} and left({text}, 5) <> this.instansi) "
        # Only some regencies' kecamatan are listed; the others' are held to their form.
        f"or ({_in_list('area', 'parent_code', f'left({text}, 5)')} "
        f"and not {_in_list('area', 'area_code', f'left({text}, 8)')}) end"
    )


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"

"""The lists that codes are held to: how a value is looked up in each, and which near entries are offered.

Belongs here: SQL over the tables of schema `reference`. Stays out: filling those tables
(`reference_tables.py`) and what an unknown value means for its row (`rules.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from expectations.contract import Column
from expectations.quoting import literal
from expectations.spellings import CODE_FORM, RESOLVERS

if TYPE_CHECKING:
    import duckdb

# Distinct unknown values of a column that are compared with a list; a file with more is wrong as a whole.
_COMPARED = 2000


@dataclass(frozen=True)
class ReferenceList:
    """One list of schema `reference`.

    `is_own`: each instansi has a list of its own; one without a list can not be held to it. `name` is SQL
    over an entry `r`: its name for people. `likeness` is SQL over an entry `r` and a value `v.value` of
    instansi `v.instansi`, 0 to 1; the best ones from `enough` on are offered, at most `offered`; None:
    nothing is offered. `words` are more columns of the entries, and `asked` of the values, that `likeness`
    compares.
    """

    title: str
    is_own: bool = False
    name: str = "null::varchar"
    likeness: str | None = None
    enough: float = 0.86
    offered: int = 1
    words: str = ""
    asked: str = ""


def _alike(left: str, right: str) -> str:
    return f"coalesce(jaro_winkler_similarity(lower({left}), lower({right})), 0)"


_SHORT_CODE = "replace({}, {} || '-', '')"


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
        # A short form that is known means its long form, never the one that looks like it.
        likeness=(
            "greatest(alike(v.words, r.name_words), alike(v.words, r.short_words), "
            "case when v.words = v.tail then alike(v.tail, r.tail) else 0 end, "
            "case when v.words = v.tail then alike(v.tail, lower(r.short_name)) else 0 end)"
        ),
        enough=0.5,
        offered=3,
        words=(
            "telling_words(r.opd_name) as name_words, telling_words(r.short_name) as short_words, "
            f"lower({_SHORT_CODE.format('r.opd_code', 'r.instansi_code')}) as tail"
        ),
        asked=(
            f"lower({_SHORT_CODE.format('this.value', 'this.instansi')}) as tail, "
            "telling_words(tail) as words"
        ),
    ),
    # A name of nearly the same words; codes differ by a digit without meaning each other.
    "system_inventory": ReferenceList(
        "Inventaris aplikasi",
        is_own=True,
        name="r.system_name",
        likeness="alike(v.words, r.name_words)",
        enough=0.5,
        offered=3,
        words="telling_words(r.system_name) as name_words",
        asked="telling_words(this.value) as words",
    ),
    # A BPS code, a code whose zero or dots a spreadsheet ate, the same number in the own regency, a name.
    "area": ReferenceList(
        "Kode wilayah Kemendagri",
        name="r.area_name",
        likeness=(
            "case when r.bps_code = left(v.value, 7) and length(v.value) in (4, 7, 10) then 1.0 "
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
    "rulebooks": ReferenceList(
        "Daftar peraturan",
        name="r.title",
        likeness="alike(v.words, telling_words(r.rulebook_id))",
        enough=0.5,
        asked="telling_words(this.value) as words",
    ),
    # A name that is nearly the indicator's, or its number with other words around it.
    "rulebook_nodes": ReferenceList(
        "Daftar indikator peraturan",
        name="r.name",
        likeness=(
            "case when r.rulebook_id <> v.scope then 0 "
            "when r.node_kind = 'indicator' and r.number::varchar = v.number then 0.9 "
            "else alike(v.words, telling_words(replace(r.name, 'Tingkat Kematangan ', ''))) end"
        ),
        enough=0.5,
        asked=(
            "telling_words(replace(this.value, 'Tingkat Kematangan ', '')) as words, "
            "ltrim(regexp_extract(this.value, '^[^0-9]*([0-9]{1,2})$', 1), '0') as number"
        ),
    ),
    "score_nodes": ReferenceList("Daftar simpul buku aturan"),
}


def offers_near(column: Column) -> bool:
    """Whether a message on an unknown value of the column offers a near entry, as `<column>__near`."""
    return column.reference is not None and LISTS[column.reference[0]].likeness is not None


def list_entries(
    con: duckdb.DuckDBPyConnection, column: Column, instansi_code: str, year: int | None = None
) -> list[tuple[str, str | None]]:
    """What an instansi may fill in, with its name, in the list's order; `reference` must be filled.

    Args:
        con: with the lists of `reference`.
        column: of a contract, with a `reference`.
        instansi_code: whose lists; a retired OPD is not offered.
        year: of the evaluation; None: today's regulations.

    Returns:
        (code, name) of each entry; of indicators and regulations what people call them instead of the code,
        those of the regulation that is in force that year alone.
    """
    assert column.reference is not None
    table, target = column.reference
    asked: dict[str, str | int] = {"instansi": instansi_code}
    if table in _OF_REGULATIONS:
        # Among several of one year the newest has been enacted last.
        asked = {"year": year} if year else {}
        in_force = _IN_FORCE.format(year="$year::integer" if year else "2999")
        return con.execute(_OF_REGULATIONS[table].format(in_force=in_force), asked).fetchall()
    where = "true"
    if LISTS[table].is_own:
        where = "r.instansi_code = $instansi"
        if table == "opd_register":
            where += " and r.is_active"
    elif table == "area":
        where = "r.parent_code = $instansi"
    elif column.accepts_children:
        # The lowest codes; one above them is admitted, yet not what is asked for.
        where = f"not exists (select 1 from reference.{table} as c where c.parent = r.{target})"
    if column.pattern:
        where += f" and regexp_matches(r.{target}, {literal(column.pattern)})"
    return con.execute(
        f"select r.{target}, min({LISTS[table].name}) from reference.{table} as r "
        f"where {where} and r.{target} is not null and coalesce($instansi, '') <> '' group by 1 order by 1",
        asked,
    ).fetchall()


def named_years(con: duckdb.DuckDBPyConnection, rows: Iterable[str], year: int) -> list[int]:
    """The years whose regulations rows name, by code or short name; the given one where they name none.

    Args:
        con: with the lists of `reference`.
        rows: each as text.
        year: of the evaluation of today.

    Returns:
        First years of evaluation, the newest first, as `list_entries` takes them.
    """
    text = "\n".join(rows)
    known = con.execute(
        "select rulebook_id, short_name, first_eval_year from reference.rulebooks "
        "where regulation is not null"
    ).fetchall()
    found = {first for *names, first in known if first and any(name and name in text for name in names)}
    return sorted(found, reverse=True) or [year]


def entries_of_years(
    con: duckdb.DuckDBPyConnection, column: Column, instansi_code: str, years: Iterable[int]
) -> list[tuple[str, str | None]]:
    """What `list_entries` gives for each year, in their order, each entry once."""
    found = (entry for year in years for entry in list_entries(con, column, instansi_code, year))
    return list(dict.fromkeys(found))


_IN_FORCE = """(
    select arg_max(rulebook_id, first_eval_year) from reference.rulebooks
    where regulation is not null and first_eval_year <= {year}
)"""
_OF_REGULATIONS = {
    "rulebooks": "select short_name, null from reference.rulebooks where rulebook_id = {in_force}",
    "rulebook_nodes": (
        "select 'Indikator ' || number::integer, name from reference.rulebook_nodes "
        "where node_kind = 'indicator' and rulebook_id = {in_force} order by number"
    ),
}


def near_entries(con: duckdb.DuckDBPyConnection, table: str, instansi_code: str, said: str) -> list[str]:
    """The entries of an instansi's own list that a person may have meant, `code (name)`, the likest first.

    Args:
        con: with `install_spellings` and the lists of `reference`.
        table: an own list of `LISTS` that offers near entries.
        instansi_code: whose list.
        said: a code or name that the list does not have.
    """
    entry = LISTS[table]
    shown = "opd_code" if table == "opd_register" else "system_code"
    rows = con.execute(
        f"""
        with this as (select $said::varchar as value, $instansi::varchar as instansi),
        v as (select *, {entry.asked} from this),
        r as (select *, {entry.words} from reference.{table} as r where instansi_code = $instansi)
        select r.{shown} || coalesce(' (' || {entry.name} || ')', '') as shown, max({entry.likeness}) as score
        from v cross join r group by 1 having score >= {entry.enough} order by score desc, shown
        limit {entry.offered}
        """,
        {"said": said, "instansi": instansi_code},
    ).fetchall()
    return [shown for shown, _ in rows]


def scope_sql(column: Column) -> str:
    """SQL over `texts`: within what a value of the column is looked up, besides its instansi."""
    scopes = {"node": RESOLVERS["node"].scope, "area": "_file_instansi_code"}
    return scopes.get(column.names or "", "''")


def hold_own_lists(
    con: duckdb.DuckDBPyConnection,
    columns: Iterable[Column],
    source: str,
    held: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Fill the temporary tables `own_<list>` with the entries of the instansi of `source`.

    These lists are views over all that was received; each look at one is planned anew.

    Args:
        con: with the lists of `reference`.
        columns: those that may refer to a list.
        source: a relation with `_instansi_code`.
        held: list to a relation that has these entries already.
    """
    asked = {c.reference[0] if c.reference else c.resembles for c in columns}
    for table in sorted(table for table in asked if table and LISTS[table].is_own):
        con.execute(
            f"create or replace temp table own_{table} as "
            f"select * from {held.get(table, f'reference.{table}')} "
            f"where instansi_code in (select _instansi_code from {source})"
        )


def _relation(table: str) -> str:
    return f"own_{table}" if LISTS[table].is_own else f"reference.{table}"


def unlisted_columns(con: duckdb.DuckDBPyConnection, columns: Iterable[Column], source: str) -> set[str]:
    """Names of columns with a value in `source` that near entries can be offered for.

    After `hold_own_lists`.
    """
    asked = []
    for column in columns:
        if column.reference and offers_near(column):
            table, target = column.reference
            text = f'{source}."{column.name}__text"'
            own = "r.instansi_code = _instansi_code" if LISTS[table].is_own else "true"
            asked.append(
                f"select '{column.name}' where exists (select 1 from {source} where {text} is not null "
                f"and not exists (select 1 from {_relation(table)} as r where r.{target} = {text} and {own}) "
                f"and exists (select 1 from {_relation(table)} as r where {own}))"
            )
    return {name for (name,) in con.execute(" union all ".join(asked)).fetchall()} if asked else set()


def lookup_sql(column: Column, source: str, is_unlisted: bool = True) -> str:
    """SELECT of what the list says of each value of `source`, once a value instead of once a row.

    After `hold_own_lists`.
    Columns: value, instansi, scope (the rulebook of a node, the file's instansi of an instansi), unknown,
    unnamed (a name that the list does not have and that is admitted), child (below a known code), retired (an
    inactive OPD), listed (the list's name of the code), near (the entries most like an unknown value; it is
    the costly part, and left out where no value `is_unlisted`).
    """
    assert column.reference is not None
    table, target = column.reference
    text = "this.value"
    # A value of another form breaks the pattern already: one fault, one message.
    fits = f"regexp_matches({text}, {literal(column.pattern)})" if column.pattern else "true"
    child = retired = unnamed = "false"
    listed = near = "null::varchar"
    unknown = f"{fits} and {_unknown(column, text)}"
    if column.accepts_children:
        above = _in_list(table, target, f"left({text}, 9)")
        child = f"{fits} and {above} and not {_in_list(table, target, text)}"
    if column.accepts_children or table == "area":
        listed = f"(select min({LISTS[table].name}) from {_relation(table)} as r where r.{target} = {text})"
    if takes_names(column):
        is_name = is_name_sql(column, text)
        unknown, unnamed = f"{unknown} and not ({is_name})", f"{unknown} and {is_name}"
    if table == "opd_register" and target == "opd_code":
        retired = f"{_in_list(table, target, text, OWN)} and not {_in_list(table, target, text, ACTIVE)}"
    is_unlisted = is_unlisted and offers_near(column)
    if is_unlisted:
        near = (
            "(select array_to_string(list(n.shown order by n.score desc, n.shown)"
            f"[:{LISTS[table].offered}], ' atau ') from near as n "
            "where n.value = this.value and n.instansi = this.instansi and n.scope = this.scope)"
        )
    return f"""
    with this as (
        select distinct "{column.name}__text" as value, _instansi_code as instansi,
            {scope_sql(column)} as scope
        from {source}
        where "{column.name}__text" is not null
    ){_near_table(column) if is_unlisted else ""}
    select value, instansi, scope, {unknown} as unknown, {unnamed} as unnamed, {child} as child,
        {retired} as retired, {listed} as listed, {near} as near
    from this"""


def resembling_sql(column: Column, source: str) -> str:
    """SELECT of what a column's own names are nearly, of the systems that their OPD has already.

    After `hold_own_lists`. A row whose code is one of the list says by it which it is; so does a name that
    the OPD has. Only a slip of the pen is asked about: another number or letter names another system.
    Columns: value, instansi, opd, code ('' where the row has none), near (up to three, the likest first).
    """
    entry = LISTS[column.resembles or ""]
    relation = _relation(column.resembles or "")
    return f"""
    with this as (
        select distinct "{column.name}__text" as value, _instansi_code as instansi, _opd_code as opd,
            coalesce(system_code__text, '') as code
        from {source}
        where "{column.name}__text" is not null
    ),
    asked as (
        select *, telling_words(value) as words from this
        where exists (select 1 from {relation} as r where r.opd_code = this.opd and {OWN})
            and not exists (select 1 from {relation} as r where r.system_code = this.code and {OWN})
            and not exists (
                select 1 from {relation} as r where r.opd_code = this.opd and {OWN}
                and spelling_key(r.system_name) = spelling_key(this.value)
            )
        limit {_COMPARED}
    ),
    near as (
        select distinct v.value, v.instansi, v.opd, v.code, alike(v.words, r.name_words) as score,
            r.system_code || ' (' || r.system_name || ')' as shown
        from asked as v
        inner join (select *, {entry.words} from {relation} as r) as r
            on r.instansi_code = v.instansi and r.opd_code = v.opd and is_slip(v.words, r.name_words)
            and numbering_words(v.words) = numbering_words(r.name_words)
    )
    select value, instansi, opd, code,
        array_to_string(list(shown order by score desc, shown)[:{entry.offered}], ' atau ') as near
    from near
    group by value, instansi, opd, code"""


def takes_names(column: Column) -> bool:
    """Whether a name that the column's list does not have is admitted, with a warning."""
    return column.names == "opd" and column.unknown_name == "warning"


def is_name_sql(column: Column, text: str) -> str:
    """SQL that tells a name from a code, in a column that takes both."""
    return "true" if column.code_column else f"not regexp_full_match({text}, {literal(CODE_FORM)})"


OWN = "r.instansi_code = this.instansi"
ACTIVE = f"{OWN} and r.is_active"


def _near_table(column: Column) -> str:
    assert column.reference is not None
    table, target = column.reference
    entry = LISTS[table]
    own, among = ("r.instansi_code = v.instansi", OWN) if entry.is_own else ("true", "true")
    asked = f", {entry.asked}" if entry.asked else ""
    entries = (
        f"(select *, {entry.words} from {_relation(table)} as r)" if entry.words else f"{_relation(table)}"
    )
    # The offer is a code, for a column of names as well.
    shown = "opd_code" if table == "opd_register" else target
    return f""",
    near as (
        select value, instansi, scope, shown, score from (
            select distinct v.value, v.instansi, v.scope, {entry.likeness} as score,
                r.{shown} || coalesce(' (' || {entry.name} || ')', '') as shown
            from (
                select *{asked} from this where not {_in_list(table, target, "this.value", among)}
                limit {_COMPARED}
            ) as v inner join {entries} as r on {own}
        ) where score >= {entry.enough}
    )"""


def _unknown(column: Column, text: str) -> str:
    assert column.reference is not None
    table, target = column.reference
    accepted = "".join(f"{text} <> {literal(value)} and " for value in column.also_accepted)
    if column.names == "area":
        # An instansi that is no region has a name instead of a code; the folder's own is known.
        return (
            f"(regexp_full_match({text}, '[0-9]{{2}}([.][0-9]{{2}})?') and {text} <> this.scope "
            f"and not {_in_list(table, target, text)})"
        )
    if table == "area":
        return f"({_area_unknown(text)})"
    if column.accepts_children:
        return f"not {_in_list(table, target, f'left({text}, 9)')}"
    if LISTS[table].is_own:
        # An instansi without a list can not be held to one; bodies outside the region are named EXT:….
        return (
            f"{accepted}{text} not like 'EXT:%' and not {_in_list(table, target, text, OWN)} "
            f"and exists (select 1 from {_relation(table)} as r where {OWN})"
        )
    return f"{accepted}not {_in_list(table, target, text)}"


def _in_list(table: str, target: str, value: str, among: str = "true") -> str:
    return f"exists (select 1 from {_relation(table)} as r where r.{target} = {value} and {among})"


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

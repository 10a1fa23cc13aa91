"""Codes, numbers and names that people write for one code: one way to resolve them, whatever the column.

Belongs here: resolvers (`names` of a contract's column), the spellings each of them knows and the resolving
of a file's cells. Stays out: what an unknown one means for its row (`references.py`, `rules.py`); closed
lists of words (`normalise.py` with `aliases/`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from expectations.contract import Column, Contract, shared_spellings

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Resolver:
    """One sort of thing that columns name.

    `list` is its list (`references.LISTS`), `scope` SQL over a row of `texts`: within what a spelling holds.
    `words` say in Indonesian what a cell may hold; `compares` tells that a name behind a code is compared
    with the list's own.
    """

    list: str
    scope: str
    words: str
    compares: bool = True


# In the order of resolving: who a row belongs to decides whose register holds.
RESOLVERS = {
    "area": Resolver("area", "''", "kode atau nama kabupaten/kota"),
    "opd": Resolver("opd_register", "_instansi_code", "kode, nama, atau singkatan OPD"),
    "system": Resolver("system_inventory", "_instansi_code", "kode atau nama aplikasi"),
    "rulebook": Resolver("rulebooks", "''", "kode, atau nomor dan tahun peraturan", compares=False),
    "node": Resolver("rulebook_nodes", "coalesce(rulebook_id__text, '')", "kode, nomor, atau nama indikator"),
}
# Those whose lists come with the product; their spellings are kept in `reference.spelled_<resolver>`.
_SHIPPED = ("area", "rulebook", "node")
# An OPD's code as registers write it; any other text is a name.
CODE_FORM = "[0-9@][0-9A-Za-z._-]*"
_SPELLED = """
    create or replace {table} as
    with keyed as (
        select scope, spelling_key(said) as spelling, code, is_code, rank,
            coalesce(is_active, true) as is_active
        from said_{resolver}
        where spelling_key(said) <> ''
    )
    select scope, spelling, min(code) as code, bool_or(is_code) as is_code
    from (
        select * from keyed
        qualify dense_rank() over (partition by scope, spelling order by rank, not is_active) = 1
    )
    group by scope, spelling
    having count(distinct code) = 1"""
_KNOWN_OPDS = """
    create or replace temp table known_opds as
    select instansi_code, opd_code, opd_name, short_name, is_active from reference.opd_register
    where instansi_code in (select _instansi_code from texts)"""
# The temporary table of the OPDs of a file's instansi, with columns as `reference.opd_register`.
KNOWN_OPDS = "known_opds"
_CODES = {
    "opd": "select instansi_code as scope, opd_code as code from known_opds",
    "system": "select instansi_code as scope, system_code as code from reference.system_inventory",
}
# An OPD may name its parent that the same file registers.
_OPDS_OF_THE_FILE = """
    union
    select _instansi_code, opd_code__text, opd_name__text, short_name__text, true from texts
    where opd_code__text is not null"""


def install_spellings(con: duckdb.DuckDBPyConnection) -> None:
    """Create the temporary macros and words that comparing spellings needs; safe to repeat."""
    words = [(r["alias"], r["value"]) for r in shared_spellings("opd_words")]
    con.execute("set variable opd_words = map(?::varchar[], ?::varchar[])", list(zip(*words, strict=True)))
    con.execute(_sections()["macros"])


def fill_spellings(con: duckdb.DuckDBPyConnection) -> None:
    """Fill `reference.spelled_<resolver>` for the lists that come with the product; those stand already."""
    install_spellings(con)
    for name in ("rulebook_words", "node_forms"):
        rows = shared_spellings(name)
        columns = ", ".join(f"unnest(?::varchar[]) as {column}" for column in rows[0])
        con.execute(
            f"create or replace temp table {name} as select {columns}",
            [[row[column] for row in rows] for column in rows[0]],
        )
    for name in _SHIPPED:
        con.execute(_sections()[name])
        con.execute(_SPELLED.format(table=f"table reference.spelled_{name}", resolver=name))
        con.execute(f"drop view said_{name}")
    con.execute("drop table rulebook_words; drop table node_forms")


def resolve_texts(con: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    """Put codes in the place of what `texts` has for them; what no list knows stays as it is.

    An owner that a row does not say is then the OPD that sent the file; the instansi as a whole is no OPD.

    Args:
        con: with `install_spellings`, the lists of `reference` and the temporary table `texts` of the file's
            rows; `<column>__text` and `<column>__differs` (the name behind a code is another), `_opd_code`,
            `_instansi_code` and `_content` are changed.
        contract: of the file.
    """
    for names in RESOLVERS:
        mine = [c for c in contract.columns if c.names == names]
        if mine and names == "opd":
            con.execute(_KNOWN_OPDS + (_OPDS_OF_THE_FILE if contract.kind == "opd_register" else ""))
            _write_outsiders(con, mine)
        unresolved = [c for c in mine if _has_unresolved(con, c)]
        if unresolved:
            _spell(con, names)
        for column in unresolved:
            _resolve(con, column)
    for column in contract.columns:
        if column.from_sender:
            empty = [column.name, *(c.name for c in contract.columns if c.code_column == column.name)]
            con.execute(
                f'update texts set "{column.name}__text" = _opd_code where _opd_code <> _file_instansi_code '
                + "".join(f'and "{name}__text" is null ' for name in empty)
            )
    content = ", ".join(f'"{c.name}__text"' for c in contract.columns)
    con.execute(f"update texts set _opd_code = {_owner_sql(contract)}, _content = hash({content})")


def holds_opds(contract: Contract) -> bool:
    """Whether `resolve_texts` leaves in `known_opds` what the registers say, and nothing else."""
    return contract.kind != "opd_register" and any(c.names == "opd" for c in contract.columns)


def find_opd(con: duckdb.DuckDBPyConnection, instansi_code: str, said: str) -> str | None:
    """The code of an OPD of an instansi by any of its spellings; None where its register knows none.

    Args:
        con: with `install_spellings` and `reference.opd_register`; the temporary table `texts` is replaced.
        instansi_code: whose register.
        said: a code, `CODE NAME`, a name or a short name.
    """
    con.execute(
        "create or replace temp table texts as select ?::varchar as opd__text, ?::varchar as _instansi_code",
        [said, instansi_code],
    )
    con.execute(_KNOWN_OPDS)
    _spell(con, "opd")
    _find(con, "opd", "opd__text")
    row = con.execute("select code from found").fetchone()
    con.execute("drop view said_opd; drop table known_opds; drop table texts")
    return row[0] if row else None


def _write_outsiders(con: duckdb.DuckDBPyConnection, columns: Sequence[Column]) -> None:
    """A body outside the region has no register; its mark is written in one way."""
    for column in columns:
        text = f'"{column.name}__text"'
        con.execute(
            f"update texts set {text} = 'EXT:' || trim(substr({text}, 5)) where {text} ilike 'ext:%' "
            f"and (not starts_with({text}, 'EXT:') or starts_with({text}, 'EXT: '))"
        )


def _has_unresolved(con: duckdb.DuckDBPyConnection, column: Column) -> bool:
    """Whether a cell of `texts` is no code of its list, where there is one, so that it must be resolved."""
    assert column.names is not None
    scope, text = RESOLVERS[column.names].scope, f'"{column.name}__text"'
    codes = _CODES.get(column.names, f"select scope, code from reference.spelled_{column.names}")
    changes = "true"
    if not column.code_column:
        changes = (
            f"(cells.scope, cells.value) not in (select scope, code from ({codes}) where code is not null)"
        )
    if column.name == "instansi_code":
        changes += " or cells.value <> cells.instansi"
    row = con.execute(
        f"select 1 from (select distinct {text} as value, {scope} as scope, _instansi_code as instansi "
        f"from texts where {text} is not null) as cells where ({changes}) "
        f"and cells.scope in (select scope from ({codes})) limit 1"
    ).fetchone()
    return row is not None


def _spell(con: duckdb.DuckDBPyConnection, names: str) -> None:
    """Fill the temporary table `spelled` with what a resolver knows of the scopes of `texts`."""
    if names in _SHIPPED:
        con.execute(f"create or replace temp table spelled as from reference.spelled_{names}")
        return
    con.execute(_sections()[names])
    con.execute(_SPELLED.format(table="temp table spelled", resolver=names))


def _find(con: duckdb.DuckDBPyConnection, names: str, text: str) -> None:
    """Fill the temporary table `found` with the codes of the cells of one column of `texts`."""
    con.execute(
        f"create or replace temp table cells as select distinct {text} as value, "
        f"{RESOLVERS[names].scope} as scope from texts where {text} is not null"
    )
    con.execute(_sections()["found"])


def _resolve(con: duckdb.DuckDBPyConnection, column: Column) -> None:
    assert column.names is not None
    resolver, text = RESOLVERS[column.names], f'"{column.name}__text"'
    _find(con, column.names, text)
    differs = "false"
    if resolver.compares:
        differs = (
            "found.rest <> '' and not exists (select 1 from spelled as s where s.scope = found.scope "
            "and s.code = found.code and s.spelling = spelling_key(found.rest))"
        )
    changes = {f'"{column.name}__differs"': "named.differs", text: "named.code"}
    name = "null"
    if column.code_column:
        name = (
            "(select min(k.opd_name) from known_opds as k "
            "where k.instansi_code = found.scope and k.opd_code = found.code)"
        )
        changes[text] = "named.name"
        changes[f'"{column.code_column}__text"'] = f'coalesce("{column.code_column}__text", named.code)'
    if column.name == "instansi_code":
        changes["_instansi_code"] = "named.code"
    con.execute(
        f"update texts set {', '.join(f'{to} = {sql}' for to, sql in changes.items())} "
        f"from (select value, scope, code, {differs} as differs, {name} as name from found) as named "
        f"where {text} = named.value and {resolver.scope} = named.scope"
    )


def _owner_sql(contract: Contract) -> str:
    """SQL over `texts`: the OPD of a row, else the OPD that sent the file."""
    if "opd_code" not in {c.name for c in contract.columns}:
        return "_opd_code"
    return f"coalesce({issued_sql('opd_code__text', '_instansi_code')}, _opd_code)"


def issued_sql(opd: str, instansi: str, also: Sequence[str] = ()) -> str:
    """SQL of an OPD's code: one that is known by its name alone has the code that is issued for the name.

    Args:
        opd: SQL of the code or name.
        instansi: SQL of the instansi's code.
        also: values that stand for themselves.
    """
    words = f"trim(regexp_replace(lower({opd}), '[^a-z0-9]+', ' ', 'g'))"
    itself = "".join(f" or {opd} = '{value}'" for value in also)
    return (
        f"case when {opd} like 'EXT:%' or regexp_full_match({opd}, '{CODE_FORM}'){itself} then {opd} "
        f"else {instansi} || '-' || replace({words}, ' ', '-') end"
    )


@cache
def _sections() -> dict[str, str]:
    """Name to SQL of each section of `spellings.sql`."""
    text = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    parts = text.split("-- section: ")[1:]
    return {name.strip(): sql for name, _, sql in (part.partition("\n") for part in parts)}

"""One SQL pass from landed cells to judged rows: each row with every rule it breaks.

Belongs here: the statement that normalises, types and tags the rows of one file, the table that holds them
(`received.<kind>`) and the view of the accepted ones (`raw.<kind>`). Stays out: reading the file
(`sources/tables.py`), masking (macros that the connection already has) and the verdict of Great Expectations.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from expectations import references
from expectations.contract import Column, Contract, value_aliases
from expectations.normalise import text_stages, typed_sql
from expectations.rules import key_faults_sql, rules_of

if TYPE_CHECKING:
    import duckdb

META = {
    "_file_sha256": "varchar",
    "_row_number": "bigint",
    "_instansi_code": "varchar",
    "_opd_code": "varchar",
    "_period": "varchar",
    "_raw_row": "varchar",
    "_broken": "struct(rule varchar, severity varchar, message varchar)[]",
}
# Rows that are normalised and judged at a time.
_CHUNK = 50_000
# Where only a code, a number or a date can stand, masking free text would hide nothing but the fault.
_FREE_TEXT = ("varchar", "varchar[]")


@dataclass(frozen=True)
class FileFacts:
    """What a file says of all its rows: from its folder, its `.meta.toml` or the settings.

    `folder_instansi` and `folder_period` are what the folder itself says, None where it says nothing;
    `received_at` is UTC.
    """

    file_sha256: str
    instansi_code: str
    opd_code: str
    period: str
    constants: Mapping[str, str]
    received_at: dt.datetime
    folder_instansi: str | None = None
    folder_period: str | None = None


def received_table_ddl(contract: Contract) -> str:
    """DDL of `received.<kind>`: every row of every version, normalised text, with the rules it breaks."""
    own = ", ".join(f'"{c.name}" varchar' for c in contract.columns)
    meta = ", ".join(f"{name} {type_}" for name, type_ in META.items())
    return f"create table if not exists received.{contract.kind} ({own}, {meta})"


def create_received(con: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    """Make `received.<kind>` hold every column of a contract; rows of other versions have NULL there."""
    con.execute(received_table_ddl(contract))
    rows = con.execute(
        "select column_name from information_schema.columns "
        "where table_schema = 'received' and table_name = ?",
        [contract.kind],
    ).fetchall()
    for column in contract.columns:
        if (column.name,) not in rows:
            con.execute(f'alter table received.{contract.kind} add column "{column.name}" varchar')


def is_loaded_sql(broken: str = "_broken") -> str:
    """SQL that is true for a row that no rule of severity error refuses."""
    return f"len(list_filter({broken}, lambda b: b.severity = 'error')) = 0"


def raw_view_sql(contract: Contract) -> str:
    """`raw.<kind>`: accepted rows of current files, a mended row once; an unusable optional value is NULL."""
    dropping: dict[str, list[str]] = {}
    for rule in rules_of(contract):
        # A value that does not parse is NULL by its type.
        if rule.column and rule.drops and rule.kind != "type":
            dropping.setdefault(rule.column, []).append(rule.id)
    select = []
    for column in contract.columns:
        value = typed_sql(column, f'r."{column.name}"')
        for rule_id in dropping.get(column.name, []):
            hit = f"len(list_filter(r._broken, lambda b: b.rule = '{rule_id}')) > 0"
            value = f"case when {hit} then null else {value} end"
        select.append(f'{value} as "{column.name}"')
    return (
        f"create or replace view raw.{contract.kind} as select {', '.join(select)}, "
        "r._file_sha256, f.shown_name as _file_name, r._row_number, "
        "r._instansi_code, r._opd_code, r._period, "
        "f.received_at as _received_at, f.file_order as _file_order "
        f"from received.{contract.kind} as r inner join intake.files as f on r._file_sha256 = f.file_sha256 "
        f"and f.kind = '{contract.kind}' and f.status in ('loaded', 'partly') "
        "left join intake.row_versions as v on v.kind = "
        f"'{contract.kind}' and r._file_sha256 = v.file_sha256 and r._row_number = v.row_number "
        f"where coalesce(v.is_counted, true) and {is_loaded_sql('r._broken')}"
    )


def judge_landed(
    con: duckdb.DuckDBPyConnection,
    contract: Contract,
    columns: Sequence[str | None],
    headers: Sequence[str],
    facts: FileFacts,
) -> None:
    """Judge the landed rows of one file into the temporary table `judged`, columns as in `received.<kind>`.

    Reads the temporary table `landed` (`_row_number`, `_surplus`, `_fault`, `c0`, `c1`, …, all text, one row
    per data row). Rows are worked on some thousands at a time, so that memory does not grow with the file;
    only what compares rows with each other sees all of them, on few columns.

    Args:
        con: a connection with the macros of `install_normalisers` and masking, and the lists of `reference`.
        contract: the kind's contract.
        columns: the contract column of each landed cell, None for one that the contract does not know.
        headers: the header as received, for the copy of the row that a person reads.
        facts: what the file says of all its rows.
    """
    parameters: dict[str, str | int | None] = {
        "file_sha256": facts.file_sha256,
        "instansi_code": facts.instansi_code,
        "opd_code": facts.opd_code,
        "period": facts.period,
        "received_at": facts.received_at.isoformat(" "),
        "folder_instansi": facts.folder_instansi,
        "folder_period": facts.folder_period,
    }
    parameters |= {f"constant_{c.name}": facts.constants.get(c.name) for c in contract.columns}

    def run(sql: str, first: int = 0) -> None:
        values = parameters | {"first": first, "beyond": first + _CHUNK}
        named = set(re.findall(r"\$([a-z_0-9]+)", sql))
        con.execute(sql, {name: value for name, value in values.items() if name in named})

    counted = con.execute("select count(*) from landed").fetchone()
    chunks = range(0, max(counted[0] if counted else 0, 1), _CHUNK)
    text_sql = _text_sql(contract, columns)
    for first in chunks:
        run(
            ("create or replace temp table texts as " if first == 0 else "insert into texts ") + text_sql,
            first,
        )
    said, joins = ", texts.*", ""
    for c in contract.columns:
        if c.reference:
            run(f'create or replace temp table "list_{c.name}" as {references.lookup_sql(c, "texts")}')
            words = ("unknown", "child", "retired", "listed", "near")
            said += "".join(f', "list_{c.name}".{word} as "{c.name}__{word}"' for word in words)
            joins += (
                f' left join "list_{c.name}" on texts."{c.name}__text" = "list_{c.name}".value '
                f'and texts._instansi_code = "list_{c.name}".instansi'
            )
        if c.is_unique:
            run(f'create or replace temp table "many_{c.name}" as {_repeated_sql(c, "texts")}')
            said += f', "many_{c.name}".value is not null as "{c.name}__repeated"'
            joins += f' left join "many_{c.name}" on texts."{c.name}__text" = "many_{c.name}".value'
    if contract.key:
        run(f"create or replace temp table key_faults as {key_faults_sql(contract, 'texts')}")
        said += ", key_faults.twin as _twin, key_faults.conflict as _conflict"
        joins += " left join key_faults on texts._row_number = key_faults._row_number"
    verdict_sql = _verdict_sql(contract, columns, headers, facts.constants, said, joins)
    for first in chunks:
        start = "create or replace temp table judged as " if first == 0 else "insert into judged "
        run(start + verdict_sql, first)
    con.execute("drop table texts")


def _landed_sql(contract: Contract, columns: Sequence[str | None]) -> str:
    """SELECT of a chunk of the landed rows, cells under the contract's column names."""
    position = {name: i for i, name in enumerate(columns) if name}
    as_received = ", ".join(
        f'{f"c{position[c.name]}" if c.name in position else f"$constant_{c.name}::varchar"} as "{c.name}"'
        for c in contract.columns
    )
    return (
        f"select _row_number, _surplus, _fault, {as_received} from landed "
        "where rowid >= $first and rowid < $beyond"
    )


def _text_sql(contract: Contract, columns: Sequence[str | None]) -> str:
    """SELECT of a chunk's normalised text, with what rows are compared by."""
    at_the_door = ", ".join(f'{_door_sql(c)} as "{c.name}__text"' for c in contract.columns)
    steps = [*text_stages(contract.columns, value_aliases(contract.kind)), _masking_stage(contract)]
    chain, source = "", "cells"
    for i, stage in enumerate(steps):
        replaced = ", ".join(f'{sql} as "{name}__text"' for name, sql in stage.items())
        if replaced:
            chain += f", text_{i} as materialized (select * replace ({replaced}) from {source})"
            source = f"text_{i}"
    names = {c.name for c in contract.columns}
    own = {
        name: f'coalesce("{name}__text", ${name})' if name in names else f"${name}"
        for name in ("instansi_code", "opd_code", "period")
    }
    content = ", ".join(f'"{c.name}__text"' for c in contract.columns)
    return (
        f"with named as ({_landed_sql(contract, columns)}), "
        f"cells as materialized (select _row_number, {at_the_door} from named){chain} "
        f"select *, {own['instansi_code']} as _instansi_code, {own['opd_code']} as _opd_code, "
        f"{own['period']} as _period, hash({content}) as _content from {source}"
    )


def _verdict_sql(
    contract: Contract,
    columns: Sequence[str | None],
    headers: Sequence[str],
    constants: Mapping[str, str],
    said: str,
    joins: str,
) -> str:
    """SELECT of a chunk's judged rows, from its normalised text and what the lists say of it."""
    hidden = {c.name for c in contract.columns if c.personal or c.transform}
    urls = {c.name for c in contract.columns if c.is_url}
    row_copy = ", ".join(
        f"{_quote(header)}: {_shown(f'c{i}', columns[i], hidden, urls)}"
        for i, header in enumerate(_distinct(headers))
    )
    found = ", ".join(
        f'{_shown("named." + _quote(c.name), c.name, hidden, urls)} as "{c.name}__found"'
        for c in contract.columns
    )
    typed = ", ".join(
        f'{typed_sql(c, "texts." + _quote(c.name + "__text"))} as "{c.name}"' for c in contract.columns
    )
    absent = absent_columns(contract, columns, constants)
    tags = ",\n        ".join(
        f"case when {rule.broken} then {{'rule': '{rule.id}', 'severity': '{rule.severity}', "
        f"'message': {rule.sentence_sql()}}} end"
        for rule in rules_of(contract)
        if not (rule.kind == "missing" and rule.column in absent)
    )
    stored = ", ".join(f'"{c.name}__text" as "{c.name}"' for c in contract.columns)
    return f"""
with named as ({_landed_sql(contract, columns)}),
this as materialized (
    select named._surplus, named._fault, {found}, {typed},
        $received_at::timestamp as _received_at,
        $folder_instansi::varchar as _folder_instansi_code,
        $folder_period::varchar as _folder_period{said}
    from named inner join texts on named._row_number = texts._row_number{joins}
),
judged as materialized (
    select *, list_filter([
        {tags}
    ], lambda b: b is not null) as _broken
    from this
),
copies as (
    select _row_number, cast(to_json({{{row_copy}}}) as varchar) as row from landed
    where rowid >= $first and rowid < $beyond
        and _row_number in (select _row_number from judged where len(_broken) > 0)
)
select
    {stored},
    $file_sha256 as _file_sha256, _row_number, _instansi_code, _opd_code, _period,
    mask_text(copies.row) as _raw_row,
    list_transform(
        _broken, lambda b: {{'rule': b.rule, 'severity': b.severity, 'message': mask_text(b.message)}}
    ) as _broken
from judged left join copies using (_row_number)
order by _row_number
"""


def _repeated_sql(column: Column, source: str) -> str:
    """SELECT of the spellings of addresses that more than one row has."""
    text = f'"{column.name}__text"'
    return (
        f"select distinct unnest(list({text})) as value from {source} where {text} is not null "
        f"group by same_url({text}) having count(*) > 1"
    )


def missing_columns(
    contract: Contract, columns: Sequence[str | None], constants: Mapping[str, str]
) -> list[str]:
    """Columns without which no row can be used, and which neither the header nor a constant gives."""
    given = {c for c in columns if c} | set(constants)
    return [c.name for c in contract.columns if c.missing == "error" and c.name not in given]


def absent_columns(
    contract: Contract, columns: Sequence[str | None], constants: Mapping[str, str]
) -> list[str]:
    """Columns that are asked for and that the file does not have at all: one note, not one warning a row."""
    given = {c for c in columns if c} | set(constants)
    return [c.name for c in contract.columns if c.missing == "warning" and c.name not in given]


def _door_sql(column: Column) -> str:
    """A cell as it may be kept: personal values leave their text here."""
    if column.transform:
        return column.transform
    if column.is_url:
        return f'cut_credentials("{column.name}")'
    return f'pseudonym(clean_text("{column.name}"))' if column.personal else f'"{column.name}"'


def _masking_stage(contract: Contract) -> dict[str, str]:
    return {
        c.name: f'mask_text("{c.name}__text")'
        for c in contract.columns
        if c.type in _FREE_TEXT and not (c.codes or c.pattern or c.personal or c.transform)
    }


def _shown(cell: str, column: str | None, hidden: Collection[str], urls: Collection[str]) -> str:
    """A cell as a message or the copy of its row may show it."""
    if column in hidden:
        return f"case when {cell} is not null then '…' end"
    return f"cut_credentials({cell})" if column in urls else cell


def _distinct(headers: Sequence[str]) -> list[str]:
    """Header texts made usable as names: an empty one becomes its position, a repeated one is numbered."""
    seen: dict[str, int] = {}
    names = []
    for i, header in enumerate(headers, 1):
        name = header.strip() or f"kolom {i}"
        seen[name.lower()] = seen.get(name.lower(), 0) + 1
        names.append(name if seen[name.lower()] == 1 else f"{name} ({seen[name.lower()]})")
    return names


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'

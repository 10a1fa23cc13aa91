"""One SQL pass from landed cells to judged rows: each row with every rule it breaks.

Belongs here: the statement that normalises, types and tags the rows of one file, the table that holds them
(`received.<kind>`) and the view of the accepted ones (`raw.<kind>`). Stays out: reading the file
(`sources/tables/`), what a mask does (macros that the connection already has; which cells are masked is said
here, in `_masked_sql`) and the verdict of Great Expectations.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from expectations import references, spellings
from expectations.contract import DECIMALS, Column, Contract, value_aliases
from expectations.normalise import text_stages, typed_sql
from expectations.quoting import identifier, literal
from expectations.relations import JUDGED, LANDED
from expectations.rules import (
    BROKEN_TYPE,
    OF_CELLS,
    Rule,
    dropping_rules,
    formula_sql,
    is_faulty_sql,
    key_faults_sql,
    rules_of,
)

if TYPE_CHECKING:
    import duckdb

META = {
    "_file_id": "varchar",
    "_file_sha256": "varchar",
    "_row_number": "bigint",
    "_instansi_code": "varchar",
    "_opd_code": "varchar",
    "_period": "varchar",
    "_raw_row": "varchar",
    "_broken": BROKEN_TYPE,
}
# Rows that are normalised and judged at a time.
_CHUNK = 50_000
# What lies between the row numbers of two landed files: beyond any row of any sheet.
FILE_STEP = 10_000_000_000_000
_FILE_NUMBER = f"_row_number // {FILE_STEP}"
# A number as normalised that is no number of a person: fewer than 15 digits, no zero in front.
_PLAIN_NUMBER = r"[+-]?(0|[1-9][0-9]{0,13})(\.[0-9]+)?"
# A cell that begins with a host in numbers; written as the rest of a URL it is an address of a site.
_NUMBERED_HOST = r"^[0-9.]+(:|/|$)"


@dataclass(frozen=True)
class FileFacts:
    """What a file says of all its rows: from its folder, its `.meta.toml` or the settings.

    `folder_instansi` and `folder_period` are what the folder itself says, None where it says nothing;
    `received_at` is UTC. `file_id` tells one sender's file from another's of equal bytes; None: there is but
    one, and its sha256 is the id.
    """

    file_sha256: str
    instansi_code: str
    opd_code: str
    period: str
    constants: Mapping[str, str]
    received_at: dt.datetime
    folder_instansi: str | None = None
    folder_period: str | None = None
    file_id: str | None = None


@dataclass(frozen=True)
class LandedFile:
    """One file of those in `landed`.

    Attributes:
        headers: its header as received, for the copy of the row that a person reads.
        cells: for each heading the position of its cells in `landed`.
        facts: what the file says of all its rows.
    """

    headers: Sequence[str]
    cells: Sequence[int]
    facts: FileFacts

    def given(self, columns: Sequence[str | None]) -> list[str | None]:
        """What its headings mean, of the columns of `landed`."""
        return [columns[i] for i in self.cells]

    def absent(self, contract: Contract, columns: Sequence[str | None]) -> list[str]:
        """As `absent_columns` of it."""
        facts = self.facts
        is_of_opd = facts.opd_code != facts.instansi_code
        return absent_columns(contract, self.given(columns), facts.constants, is_of_opd)


def received_table_ddl(contract: Contract) -> str:
    """DDL of `received.<kind>`: every row of every version, normalised text, with the rules it breaks."""
    own = ", ".join(f'"{c.name}" varchar' for c in contract.columns)
    meta = ", ".join(f"{name} {type_}" for name, type_ in META.items())
    return f"create table if not exists received.{contract.kind} ({own}, {meta})"


def create_received(con: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    """Make `received.<kind>` hold every column of a contract; rows of other versions have NULL there.

    So have rows that were judged before a broken rule had all its fields, in those.
    """
    con.execute(received_table_ddl(contract))
    there = dict(
        # A tenth of what `information_schema` costs.
        con.execute(f"select column_name, column_type from (describe received.{contract.kind})").fetchall()
    )
    wanted = {c.name: "varchar" for c in contract.columns} | META
    for name, type_ in wanted.items():
        if name not in there:
            con.execute(f'alter table received.{contract.kind} add column "{name}" {type_}')
    (broken,) = con.execute(f"select typeof(null::{BROKEN_TYPE})").fetchone() or ("",)
    if there.get("_broken", broken) != broken:
        con.execute(f"alter table received.{contract.kind} alter column _broken type {BROKEN_TYPE}")


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
        if column.names == "opd" and column.reference and not column.code_column:
            value = spellings.issued_sql(value, "r._instansi_code", column.also_accepted)
        for rule_id in dropping.get(column.name, []):
            hit = f"len(list_filter(r._broken, lambda b: b.rule = '{rule_id}')) > 0"
            value = f"case when {hit} then null else {value} end"
        select.append(f'{value} as "{column.name}"')
    return (
        f"create or replace view raw.{contract.kind} as select {', '.join(select)}, "
        "r._file_id, r._file_sha256, f.file_name as _file_name, r._row_number, "
        "r._instansi_code, r._opd_code, r._period, "
        "f.received_at as _received_at, f.file_order as _file_order "
        f"from received.{contract.kind} as r inner join intake.files as f on r._file_id = f.file_id "
        f"and f.kind = '{contract.kind}' and f.status in ('loaded', 'partly') "
        "left join intake.row_versions as v on v.kind = "
        f"'{contract.kind}' and r._file_id = v.file_id and r._row_number = v.row_number "
        f"where coalesce(v.is_counted, true) and {is_loaded_sql('r._broken')}"
    )


def judge_landed(
    con: duckdb.DuckDBPyConnection,
    contract: Contract,
    columns: Sequence[str | None],
    headers: Sequence[str],
    facts: FileFacts,
) -> None:
    """Judge the landed rows of one file; else as `judge_together`.

    Args:
        headers: the header as received, for the copy of the row that a person reads.
        facts: what the file says of all its rows.
    """
    judge_together(con, contract, columns, [LandedFile(headers, range(len(columns)), facts)])


def judge_together(
    con: duckdb.DuckDBPyConnection,
    contract: Contract,
    columns: Sequence[str | None],
    files: Sequence[LandedFile],
) -> None:
    """Judge the landed rows of files into the temporary table `judged`, columns as in `received.<kind>`.

    Reads the temporary table `landed` (`_row_number`, `_surplus`, `_fault`, `c0`, `c1`, …, all text, one row
    per data row; the row numbers of the second file have one `FILE_STEP` on top, those of the third two). To
    plan the statements costs more than to run them on some hundred rows. A row is compared with those of its
    own file alone. Rows are worked on some thousands at a time, so that memory does not grow with the file;
    only what compares rows with each other sees all of them, on few columns.

    Args:
        con: a connection with the macros of `install_normalisers` and masking, and the lists of `reference`.
        contract: the kind's contract.
        columns: the contract column of each landed cell, None for one that the contract does not know; a cell
            that a file does not have is NULL.
        files: those whose rows have landed, in their order.
    """
    constants = _land_facts(con, contract, columns, files)
    counted = con.execute(f"select count(*) from {LANDED}").fetchone()
    chunks = range(0, max(counted[0] if counted else 0, 1), _CHUNK)
    landed_sql = _landed_sql(contract, columns, constants)
    text_sql = _text_sql(contract, landed_sql)
    for first in chunks:
        start = "create or replace temp table texts as " if first == 0 else "insert into texts "
        con.execute(start + text_sql, _span(first))
    spellings.resolve_texts(con, contract)
    # A register's own rows are among the OPDs that its file was resolved by.
    held = {"opd_register": spellings.KNOWN_OPDS} if spellings.holds_opds(contract) else {}
    references.hold_own_lists(con, contract.columns, "texts", held)
    unlisted = references.unlisted_columns(con, contract.columns, "texts")
    said, joins = ", texts.*", ""
    for c in contract.columns:
        if c.reference:
            lookup_sql = references.lookup_sql(c, "texts", c.name in unlisted)
            con.execute(f'create or replace temp table "list_{c.name}" as {lookup_sql}')
            words = ("unknown", "unnamed", "child", "retired", "listed", "near")
            said += "".join(f', "list_{c.name}".{word} as "{c.name}__{word}"' for word in words)
            joins += (
                f' left join "list_{c.name}" on texts."{c.name}__text" = "list_{c.name}".value '
                f'and texts._instansi_code = "list_{c.name}".instansi '
                f'and {references.scope_sql(c)} = "list_{c.name}".scope'
            )
        if c.resembles:
            con.execute(
                f'create or replace temp table "near_{c.name}" as {references.resembling_sql(c, "texts")}'
            )
            said += f', "near_{c.name}".near as "{c.name}__near"'
            joins += (
                f' left join "near_{c.name}" on texts."{c.name}__text" = "near_{c.name}".value '
                f'and texts._instansi_code = "near_{c.name}".instansi '
                f'and texts._opd_code = "near_{c.name}".opd '
                f"and coalesce(texts.system_code__text, '') = \"near_{c.name}\".code"
            )
        if c.is_unique:
            con.execute(f'create or replace temp table "many_{c.name}" as {_repeated_sql(c, "texts")}')
            said += f', "many_{c.name}".value is not null as "{c.name}__repeated"'
            joins += (
                f' left join "many_{c.name}" on texts."{c.name}__text" = "many_{c.name}".value '
                f'and texts.{_FILE_NUMBER} = "many_{c.name}".file_number'
            )
    if contract.key:
        faults_sql = key_faults_sql(contract, "texts", _FILE_NUMBER)
        con.execute(f"create or replace temp table key_faults as {faults_sql}")
        said += ", key_faults.twin as _twin, key_faults.conflict as _conflict, key_faults.other as _other"
        joins += " left join key_faults on texts._row_number = key_faults._row_number"
    hidden = {c.name for c in contract.columns if c.personal or c.transform}
    urls = {c.name for c in contract.columns if c.is_url}
    cells_sql = _cells_sql(contract, landed_sql, hidden, urls, said, joins)
    rules = _rules_asked(contract, columns, files)
    hits_sql = _hits_sql(contract, rules)
    row_copy = ", ".join(_shown(f"landed.c{i}", name, hidden, urls) for i, name in enumerate(columns))
    for first in chunks:
        con.execute(f"create or replace temp table cells as {cells_sql}", _span(first))
        con.execute(f"create or replace temp table hits as {hits_sql}")
        hit = con.execute("select distinct unnest(hits) from hits order by 1").fetchall()
        said_sql = _broken_sql({n: rules[n] for (n,) in hit}, row_copy)
        con.execute(f"create or replace temp table told as {said_sql}")
        start = f"create or replace temp table {JUDGED} as " if first == 0 else f"insert into {JUDGED} "
        con.execute(start + _judged_sql(contract))
    for table in ("texts", "facts", "cells", "hits", "told"):
        con.execute(f"drop table {table}")


def _span(first: int) -> dict[str, int]:
    """Parameters of a statement on one chunk: its first row of `landed`, and the one beyond its last."""
    return {"first": first, "beyond": first + _CHUNK}


def _land_facts(
    con: duckdb.DuckDBPyConnection,
    contract: Contract,
    columns: Sequence[str | None],
    files: Sequence[LandedFile],
) -> list[str]:
    """Write what each file says of all its rows to the temporary table `facts`, one row a file.

    Values of a file never become SQL text: they are parameters here, and columns of a table from then on.

    Returns:
        The columns that a file has no cells for, which a constant of the file may stand for.
    """
    given = [set(file.given(columns)) for file in files]
    constants = [c.name for c in contract.columns if not all(c.name in mine for mine in given)]
    rows = [
        {
            "file_id": file.facts.file_id or file.facts.file_sha256,
            "file_sha256": file.facts.file_sha256,
            "instansi_code": file.facts.instansi_code,
            "opd_code": file.facts.opd_code,
            "period": file.facts.period,
            "folder_instansi_code": file.facts.folder_instansi,
            "folder_period": file.facts.folder_period,
            "received_at": file.facts.received_at.isoformat(" "),
        }
        | {f"constant_{name}": None if name in mine else file.facts.constants.get(name) for name in constants}
        for file, mine in zip(files, given, strict=True)
    ]
    lists = {
        "copy_names": ("varchar[]", [_distinct(file.headers) for file in files]),
        "copy_cells": ("integer[]", [[i + 1 for i in file.cells] for file in files]),
        "absent": ("varchar[]", [file.absent(contract, columns) for file in files]),
    }
    select = [f"unnest(?::{type_}[]) as {name}" for name, (type_, _) in lists.items()]
    select += [f'unnest(?::varchar[]) as "{name}"' for name in rows[0]]
    con.execute(
        "create or replace temp table facts as select * replace (received_at::timestamp as received_at) "
        f"from (select unnest(range({len(files)})) as file_number, {', '.join(select)})",
        [*(values for _, values in lists.values()), *([row[name] for row in rows] for name in rows[0])],
    )
    return constants


def _with_facts(relation: str) -> str:
    """FROM of rows with what their file says of them."""
    return f"{relation} inner join facts on {relation}.{_FILE_NUMBER} = facts.file_number"


def _landed_sql(contract: Contract, columns: Sequence[str | None], constants: Collection[str]) -> str:
    """SELECT of a chunk of the landed rows, cells under the contract's column names."""
    position = {name: i for i, name in enumerate(columns) if name}
    as_received = []
    for column in contract.columns:
        cell, constant = f"landed.c{position.get(column.name)}", f"facts.constant_{column.name}"
        if column.name not in position:
            cell = constant
        elif column.name in constants:
            cell = f"coalesce({cell}, {constant})"
        as_received.append(f'{cell} as "{column.name}"')
    return (
        f"select landed._row_number, landed._surplus, landed._fault, {', '.join(as_received)} "
        f"from {LANDED} as {_with_facts('landed')} "
        "where landed.rowid >= $first and landed.rowid < $beyond"
    )


def _text_sql(contract: Contract, landed_sql: str) -> str:
    """SELECT of a chunk's normalised text, with what rows are compared by."""
    at_the_door = ", ".join(f'{_door_sql(c)} as "{c.name}__text"' for c in contract.columns)
    steps = text_stages(contract.columns, value_aliases(contract.kind))
    chain, source = "", "cells"
    for i, stage in enumerate(steps):
        if stage:
            chain += f", text_{i} as materialized ({_stage_sql(stage, source)})"
            source = f"text_{i}"
    chain += f", masked as materialized ({_masked_sql(contract, source)})"
    own = ", ".join(
        f"{_fallback_sql(contract, name)} as _{name}" for name in ("instansi_code", "opd_code", "period")
    )
    differs = "".join(f', false as "{c.name}__differs"' for c in contract.columns if c.names)
    return (
        f"with named as ({landed_sql}), "
        f"cells as materialized (select _row_number, {at_the_door} from named){chain} "
        f"select masked.*, {own}, 0::ubigint as _content, "
        f"facts.instansi_code as _file_instansi_code{differs} from {_with_facts('masked')}"
    )


def _stage_sql(stage: Mapping[str, str], source: str) -> str:
    """SELECT of one stage of normalising; columns that have the same done to them share one expression.

    An expression for each column would take long to plan.
    """
    alike: dict[str, list[str]] = {}
    for name, sql in stage.items():
        alike.setdefault(sql.replace(f'"{name}__text"', "cell"), []).append(name)
    together, replaced = "", []
    for i, (sql, names) in enumerate(alike.items()):
        if len(names) == 1:
            replaced.append(f'{stage[names[0]]} as "{names[0]}__text"')
            continue
        cells = ", ".join(f'"{name}__text"' for name in names)
        together += f", list_transform([{cells}], lambda cell: {sql}) as _done_{i}"
        replaced += [f'_done_{i}[{n}] as "{name}__text"' for n, name in enumerate(names, 1)]
    helpers = ", ".join(f"_done_{i}" for i, names in enumerate(alike.values()) if len(names) > 1)
    without = f"exclude ({helpers}) " if helpers else ""
    return f"select * {without}replace ({', '.join(replaced)}) from (select *{together} from {source})"


def _fallback_sql(contract: Contract, name: str) -> str:
    """SQL of a row's instansi, sender or period: its column where that is usable, else the file's.

    A row with an unusable one is quarantined; until it is mended it lies with the file's own.
    """
    if name not in {c.name for c in contract.columns}:
        return f"facts.{name}"
    column = contract.column(name)
    text = f'"{name}__text"'
    if not column.from_folder:
        return f"coalesce({text}, facts.{name})"
    fits = [f"regexp_matches({text}, {literal(column.pattern)})"] if column.pattern else []
    if column.latest:
        years = column.latest.split()[0]
        fits.append(f"try_cast(left({text}, 4) as integer) <= year(facts.received_at) + {years}")
    usable = " and ".join(fits) or "true"
    return f"case when {text} is not null and {usable} then {text} else facts.{name} end"


def _cells_sql(
    contract: Contract,
    landed_sql: str,
    hidden: Collection[str],
    urls: Collection[str],
    said: str,
    joins: str,
) -> str:
    """SELECT of a chunk's rows as rules see them: found, normalised and typed, and what the lists say."""
    found = ", ".join(
        f'{_shown("named." + identifier(c.name), c.name, hidden, urls)} as "{c.name}__found"'
        for c in contract.columns
    )
    typed = ", ".join(
        f'{typed_sql(c, "texts." + identifier(c.name + "__text"))} as "{c.name}"' for c in contract.columns
    )
    return (
        f"with named as ({landed_sql}) "
        f"select named._surplus, named._fault, {found}, {typed}, "
        "facts.received_at as _received_at, facts.folder_instansi_code as _folder_instansi_code, "
        "facts.folder_period as _folder_period, facts.absent as _absent, facts.file_id as _file_id, "
        f"facts.file_sha256 as _file_sha256{said} "
        f"from named inner join texts on named._row_number = texts._row_number{joins} "
        f"inner join facts on named.{_FILE_NUMBER} = facts.file_number"
    )


def _rules_asked(
    contract: Contract, columns: Sequence[str | None], files: Sequence[LandedFile]
) -> list[Rule]:
    """The rules that a row of the files can break, in their order."""
    given = {name for file in files for name in (*file.given(columns), *file.facts.constants)}
    absent = [set(file.absent(contract, columns)) for file in files]
    found = []
    for rule in rules_of(contract):
        lack = [rule.kind == "missing" and rule.column in names for names in absent]
        if all(lack) or (rule.kind in OF_CELLS and rule.column not in given):
            continue
        # A column that a file does not have is one note on the file, not one missing value a row.
        known = f"({rule.broken}) and not list_contains(_absent, {literal(rule.column or '')})"
        found.append(replace(rule, broken=known) if any(lack) else rule)
    return found


def _hits_sql(contract: Contract, rules: Sequence[Rule]) -> str:
    """SELECT of (_row_number, hits: positions in `rules`) of the rows of `cells` that break any.

    No message yet: few rows break a rule, and most rules are broken by none. Rules over whole rows see a row
    as it would load: without the values that rules on columns drop.
    """
    formula = [(n, rule.column) for n, rule in enumerate(rules) if rule.kind == "formula"]
    single = [n for n, rule in enumerate(rules) if rule.kind not in ("formula", "row")]
    on_columns = ", ".join(f"case when {rules[n].broken} then {n} end" for n in single)
    if formula:
        cells = ", ".join(f'{{n: {n}, text: "{name}__text", cell: "{name}__found"}}' for n, name in formula)
        # One look at all missing cells of a row spares most rows the look at each.
        unread = ", ".join(
            f'case when "{name}__text" is null then "{name}__found" end' for _, name in formula
        )
        may_be, is_formula = is_faulty_sql(f"concat_ws('', {unread})"), formula_sql("c.text", "c.cell")
        on_columns = (
            f"list_concat([{on_columns}], case when {may_be} then "
            f"list_transform(list_filter([{cells}], lambda c: {is_formula}), lambda c: c.n) end)"
        )
    else:
        on_columns = f"[{on_columns}]"
    on_rows = ", ".join(
        f"case when {rule.broken} then {n} end" for n, rule in enumerate(rules) if rule.kind == "row"
    )
    position = {rule.id: n for n, rule in enumerate(rules)}
    dropped = ", ".join(
        f"case when {' or '.join(f'list_contains(_on_columns, {position[r.id]})' for r in dropping)} "
        f'then null else "{name}" end as "{name}"'
        for name, dropping in dropping_rules(contract, rules).items()
    )
    return (
        f"with on_columns as materialized (select *, {on_columns} as _on_columns from cells as this), "
        f"loading as (select *{f' replace ({dropped})' if dropped else ''} from on_columns), "
        "judged as (select _row_number, list_filter(list_concat(_on_columns, "
        f"[{on_rows}]::integer[]), lambda n: n is not null) as hits from loading as this) "
        "select * from judged where len(hits) > 0"
    )


def _broken_sql(rules: Mapping[int, Rule], row_copy: str) -> str:
    """SELECT of (_row_number, row, broken) of the rows of `hits`: what is said of them, masked.

    Args:
        rules: those that a row of the chunk breaks, by their position.
        row_copy: SQL of the cells of `landed` as a person may see them.
    """
    if not rules:
        none = f"null::varchar as row, null::{BROKEN_TYPE} as broken"
        return f"select _row_number, {none} from hits where false"
    found = ", ".join(
        f"case when list_contains(hits.hits, {n}) then {rule.found_sql()} end" for n, rule in rules.items()
    )
    expected = ", ".join(
        f"case when list_contains(hits.hits, {n}) then {rule.expected_sql()} end" for n, rule in rules.items()
    )
    # A masked text is NULL only where its rule is not broken, or nothing was found.
    broken = ", ".join(
        f"case when expected[{i}] is not null then {{'rule': {literal(rule.id)}, "
        f"'severity': {literal(rule.severity)}, "
        f"'column_name': {literal(rule.column) if rule.column else 'null'}, "
        f"'found': found[{i}], 'expected': expected[{i}], "
        f"'message': {rule.message_sql(f'found[{i}]', f'expected[{i}]')}}} end"
        for i, rule in enumerate(rules.values(), 1)
    )
    return f"""
with said as (
    select
        this._row_number,
        [{found}] as found,
        [{expected}] as expected,
        cast(to_json(map(facts.copy_names, list_select([{row_copy}], facts.copy_cells))) as varchar) as row
    from cells as this
    inner join hits on this._row_number = hits._row_number
    inner join (select * exclude (_surplus, _fault) from {LANDED}) as landed
        on this._row_number = landed._row_number
    inner join facts on this.{_FILE_NUMBER} = facts.file_number
),
masked as (
    select
        _row_number,
        mask_text(row) as row,
        list_transform(found, lambda x: mask_text(x)) as found,
        list_transform(expected, lambda x: mask_text(x)) as expected
    from said
)
select
    _row_number,
    row,
    list_filter([{broken}]::{BROKEN_TYPE}, lambda b: b is not null) as broken
from masked"""


def _judged_sql(contract: Contract) -> str:
    """SELECT of a chunk's judged rows, from `cells` and what is `told` of some."""
    stored = ", ".join(f'cells."{c.name}__text" as "{c.name}"' for c in contract.columns)
    return (
        f"select {stored}, cells._file_id, cells._file_sha256, "
        f"cells._row_number % {FILE_STEP} as _row_number, cells._instansi_code, "
        "cells._opd_code, cells._period, told.row as _raw_row, coalesce(told.broken, []) as _broken "
        "from cells left join told on cells._row_number = told._row_number order by cells._row_number"
    )


def _repeated_sql(column: Column, source: str) -> str:
    """SELECT of the spellings of addresses that more than one row of a file has."""
    text = f'"{column.name}__text"'
    return (
        f"select distinct {_FILE_NUMBER} as file_number, unnest(list({text})) as value from {source} "
        f"where {text} is not null group by {_FILE_NUMBER}, same_url({text}) having count(*) > 1"
    )


def missing_columns(
    contract: Contract, columns: Sequence[str | None], constants: Mapping[str, str], is_of_opd: bool
) -> list[str]:
    """Columns without which no row can be used, and which the file does not give at all."""
    given = _given(contract, columns, constants, is_of_opd)
    return [c.name for c in contract.columns if c.missing == "error" and c.name not in given]


def _given(
    contract: Contract, columns: Sequence[str | None], constants: Mapping[str, str], is_of_opd: bool
) -> set[str]:
    """Columns that a header, a constant or, where it is an OPD, the sender gives."""
    from_sender = {c.name for c in contract.columns if c.from_sender and is_of_opd}
    return {c for c in columns if c} | set(constants) | from_sender


def absent_columns(
    contract: Contract, columns: Sequence[str | None], constants: Mapping[str, str], is_of_opd: bool
) -> list[str]:
    """Columns that are asked for and that the file does not give at all: one note, not one warning a row."""
    given = _given(contract, columns, constants, is_of_opd)
    return [c.name for c in contract.columns if c.missing == "warning" and c.name not in given]


def _door_sql(column: Column) -> str:
    """A cell as it may be kept: personal values leave their text here."""
    if column.transform:
        return column.transform
    if column.is_url:
        return f'cut_credentials("{column.name}")'
    return f'pseudonym(clean_text("{column.name}"))' if column.personal else f'"{column.name}"'


def _masked_sql(contract: Contract, source: str) -> str:
    """SELECT of normalised text without personal values, in every column: people write them anywhere.

    One mask for all cells of a row: an expression for each column would take long to plan.
    """
    texts, cells, replaced = [], [], []
    for column in contract.columns:
        if column.personal or column.transform:
            continue
        x = f'"{column.name}__text"'
        texts.append(x)
        hosted = column.is_url and f"regexp_matches({x}, '{_NUMBERED_HOST}')"
        cells.append(f"case when {hosted} then '://' || {x} else {x} end" if hosted else x)
        masked = f"_masked[{len(cells)}]"
        if hosted:
            masked = f"case when {hosted} then {masked}[4:] else {masked} end"
        elif column.type in ("bigint", *DECIMALS):
            masked = f"case when regexp_full_match({x}, '{_PLAIN_NUMBER}') then {x} else {masked} end"
        replaced.append(f"{masked} as {x}")
    # One look at a row spares most rows the look at each cell; no form has a bar between its parts.
    return (
        f"select * exclude (_masked) replace ({', '.join(replaced)}) from "
        f"(select *, case when may_be_personal(concat_ws('|', {', '.join(texts)})) "
        f"then list_transform([{', '.join(cells)}], lambda x: mask_text(x)) "
        f"else [{', '.join(cells)}] end as _masked from {source})"
    )


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

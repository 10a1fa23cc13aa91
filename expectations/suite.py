"""The verdict of Great Expectations on the rows of one kind, from the same rules as the quarantine.

Belongs here: a rule as an expectation, and running a suite on DuckDB. Stays out: which rows are refused
(`quarantine.py`; the two are held equal, rule by rule). Great Expectations is imported inside functions
because that alone costs seconds.
"""

from __future__ import annotations

import importlib.util
import logging
import re
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expectations.contract import Column, Contract
from expectations.normalise import typed_sql
from expectations.references import LISTS, is_name_sql, takes_names
from expectations.rules import AS_RECEIVED, Rule, dropped_sql, key_sql, rules_of

if TYPE_CHECKING:
    import duckdb

SCHEMA = "expectations"


@dataclass(frozen=True)
class Verdict:
    """What Great Expectations found for one rule: how many rows break it, of how many."""

    rule: Rule
    unexpected: int
    rows: int

    @property
    def passed(self) -> bool:
        """Whether no row breaks the rule."""
        return self.unexpected == 0


@dataclass(frozen=True)
class LastVerdict:
    """The last verdict on a kind: rule id to broken rows, of how many rows, when (UTC)."""

    unexpected: dict[str, int]
    rows: int
    judged_at: str


def keep_verdicts(con: duckdb.DuckDBPyConnection, found: Sequence[Verdict]) -> None:
    """Keep verdicts in `expectations.verdicts`, in place of earlier ones on the same kinds."""
    con.execute(
        f"create table if not exists {SCHEMA}.verdicts "
        "(kind varchar, rule varchar, unexpected bigint, rows bigint, judged_at timestamp)"
    )
    kinds = sorted({v.rule.id.split(".", 1)[0] for v in found})
    con.execute(f"delete from {SCHEMA}.verdicts where list_contains(?, kind)", [kinds])
    con.execute(
        f"insert into {SCHEMA}.verdicts select *, now() at time zone 'UTC' from (select "
        "unnest(?::varchar[]), unnest(?::varchar[]), unnest(?::bigint[]), unnest(?::bigint[]))",
        [
            [v.rule.id.split(".", 1)[0] for v in found],
            [v.rule.id for v in found],
            [v.unexpected for v in found],
            [v.rows for v in found],
        ],
    )


def last_verdicts(con: duckdb.DuckDBPyConnection) -> dict[str, LastVerdict]:
    """Kind to what `keep_verdicts` kept of it."""
    exists = con.execute(
        "select 1 from information_schema.tables where table_schema = ? and table_name = 'verdicts'", [SCHEMA]
    ).fetchone()
    if not exists:
        return {}
    rows = con.execute(
        f"select kind, map(list(rule order by rule), list(unexpected order by rule)), max(rows), "
        f"strftime(max(judged_at), '%Y-%m-%d %H:%M') from {SCHEMA}.verdicts group by 1"
    ).fetchall()
    return {kind: LastVerdict(unexpected, n, at) for kind, unexpected, n, at in rows}


def create_judged_view(con: duckdb.DuckDBPyConnection, contract: Contract, files: Sequence[str]) -> None:
    """View `expectations.<kind>` over the received rows of the files: text, typed value, both sides of a key.

    Args:
        con: the warehouse.
        contract: the kind's contract.
        files: ids of the files that are judged together.
    """
    con.execute(f"create schema if not exists {SCHEMA}")
    select = [f'r."{c.name}" as "{c.name}__text"' for c in contract.columns]
    # SQLAlchemy knows no list type; rules that need the list split the text themselves.
    scalars = [c for c in contract.columns if not c.is_list]
    select += [f'{typed_sql(c, _of_r(c.name))} as "{c.name}"' for c in scalars]
    # Text that is there must have a value.
    parsed = {rule.column for rule in rules_of(contract) if rule.kind == "type"}
    select += [
        f"coalesce({typed_sql(c, _of_r(c.name))}::varchar, case when {_of_r(c.name)} is null then '' end) "
        f'as "{c.name}__typed"'
        for c in scalars
        if c.name in parsed
    ]
    # A column that a file does not have is one note on the file, not one missing value a row.
    select += [
        f"case when list_contains(f.absent_columns, '{c.name}') then '' else {_of_r(c.name)} end "
        f'as "{c.name}__asked"'
        for c in contract.columns
        if c.missing
    ]
    among = ", ".join(f"'{file}'" for file in files) or "''"
    # How a cell was written is judged once, on receipt; the view carries that judgement.
    written = ", ".join(f"'{rule.id}'" for rule in rules_of(contract) if rule.kind in AS_RECEIVED)
    con.execute(
        f"create or replace view {SCHEMA}.{contract.kind} as select {', '.join(select)}, r._file_id, "
        f"r._row_number, r._instansi_code, r._opd_code, r._period, f.received_at as _received_at, "
        "f.instansi_code as _file_instansi_code, "
        f"array_to_string(list_transform(list_filter(r._broken, lambda b: b.rule in ({written})), "
        f"lambda b: b.rule), ' ') as _as_received "
        f"from received.{contract.kind} as r inner join (select distinct on (file_id) * "
        f"from intake.files where kind = '{contract.kind}' and status <> 'duplicate' "
        f"order by file_order desc) as f "
        # Rows of a file that was sent under an earlier version keep that version's verdict.
        f"on r._file_id = f.file_id where r._file_id in ({among}) "
        f"and coalesce(f.contract_version, '{contract.version}') = '{contract.version}'"
    )


def _of_r(name: str) -> str:
    return f'r."{name}"'


def quarantine_counts(
    con: duckdb.DuckDBPyConnection, contract: Contract, files: Sequence[str]
) -> dict[str, int]:
    """Rule id to the number of received rows of the files that the quarantine tagged with it."""
    among = ", ".join(f"'{file}'" for file in files) or "''"
    rows = con.execute(
        f"select b.rule, count(*) from received.{contract.kind}, unnest(_broken) as u (b) "
        f"where _file_id in ({among}) group by 1"
    ).fetchall()
    return {rule.id: 0 for rule in rules_of(contract)} | dict(rows)


def judged_files(con: duckdb.DuckDBPyConnection, contract: Contract) -> list[str]:
    """Ids of the files behind the view `expectations.<kind>`; none where the view was never made."""
    exists = con.execute(
        "select 1 from information_schema.tables where table_schema = ? and table_name = ?",
        [SCHEMA, contract.kind],
    ).fetchone()
    if not exists:
        return []
    rows = con.execute(f"select distinct _file_id from {SCHEMA}.{contract.kind} order by 1").fetchall()
    return [row[0] for row in rows]


def verdicts(warehouse: Path, contracts: Sequence[Contract]) -> list[Verdict]:
    """Run the suite of every contract on its view `expectations.<kind>`; verdicts in rule order.

    The warehouse is opened read-only, so no other connection to it may be open. Rules that compare rows with
    each other or with another table are judged by a query of their own, written another way than the
    quarantine's.
    """
    _delay_import("scipy.stats")
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    from expectations.duckdb_dialect import close_connections

    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        context = gx.get_context(mode="ephemeral")
        context.variables.analytics_enabled = False
        context.variables.progress_bars = ProgressBarsConfig(globally=False)
        source = context.data_sources.add_sql(
            "warehouse",
            connection_string=f"duckdb+gx:///{warehouse}?access_mode=read_only"
            "&storage_compatibility_version=v1.2.0",
        )
        try:
            return [verdict for c in contracts for verdict in _judge(source, c)]
        finally:
            source.get_execution_engine().engine.dispose()
            close_connections()


def _delay_import(name: str) -> None:
    """Import a submodule when it is used: GX names one that no rule of ours needs, and it takes a second."""
    found = importlib.util.find_spec(name)
    if name in sys.modules or found is None or found.loader is None:
        return
    found.loader = importlib.util.LazyLoader(found.loader)
    module = sys.modules[name] = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    parent, _, child = name.rpartition(".")
    # `from parent import child` asks the parent first.
    setattr(sys.modules[parent], child, module)


def _judge(source: Any, contract: Contract) -> list[Verdict]:
    import great_expectations as gx

    rules = rules_of(contract)
    asset = source.add_table_asset(contract.kind, table_name=contract.kind, schema_name=SCHEMA)
    batch = asset.add_batch_definition_whole_table("all").get_batch()
    # Built at once and never stored: adding expectations one by one to a context copies the suite each time.
    suite = gx.ExpectationSuite(name=contract.kind, expectations=[_expectation(contract, r) for r in rules])
    found = {}
    for result in batch.validate(suite, result_format="BASIC").results:
        rule_id = result.expectation_config.meta["rule"]
        if result.exception_info and _raised(result.exception_info):
            raise RuntimeError(f"{rule_id}: {_raised(result.exception_info)}")
        numbers = result.result
        unexpected = numbers.get("unexpected_count")
        if unexpected is None:
            unexpected = int(numbers.get("observed_value") or 0)
        found[rule_id] = (int(unexpected), int(numbers.get("element_count") or 0))
    rows = max((n for _, n in found.values()), default=0)
    return [Verdict(rule, found[rule.id][0], rows) for rule in rules]


def _raised(info: dict[str, Any]) -> str:
    if "raised_exception" in info:
        return str(info["exception_message"]) if info["raised_exception"] else ""
    return "; ".join(str(v["exception_message"]) for v in info.values() if v.get("raised_exception"))


def _expectation(contract: Contract, rule: Rule) -> Any:
    from expectations import counting

    meta = {"rule": rule.id}
    if rule.kind in AS_RECEIVED:
        regex = f"^(.* )?{re.escape(rule.id)}( .*)?$"
        return counting.ExpectNoMatch(column="_as_received", regex=regex, meta=meta)
    if rule.column:
        column = contract.column(rule.column)
        text = f"{rule.column}__text"
        if rule.kind in ("missing", "type"):
            filled = "asked" if rule.kind == "missing" else "typed"
            return counting.ExpectFilled(column=f"{rule.column}__{filled}", meta=meta)
        if rule.kind == "codes" and not column.is_list:
            return counting.ExpectInSet(column=text, value_set=list(column.codes), meta=meta)
        if rule.kind in ("codes", "pattern"):
            one = "|".join(re.escape(c) for c in column.codes)
            regex = f"^({one})(;({one}))*$" if rule.kind == "codes" else column.pattern or ""
            return counting.ExpectMatch(column=text, regex=regex, meta=meta)
        if rule.kind == "range" and not column.latest and not isinstance(column.minimum, str):
            return counting.ExpectBetween(
                column=rule.column, min_value=column.minimum, max_value=column.maximum, meta=meta
            )
    # Braces of a regular expression would be places to fill.
    query = _query(contract, rule).replace("{", "{{").replace("}", "}}").replace("{{batch}}", "{batch}")
    return counting.ExpectNoRows(description=rule.title, unexpected_rows_query=query, meta=meta)


def _query(contract: Contract, rule: Rule) -> str:
    """Rows that break a rule, by another route than the quarantine's windows and EXISTS."""
    view = "(select * from {batch})"
    if rule.kind in ("duplicate", "conflict"):
        return _key_query(contract, rule, view)
    if rule.column:
        column = contract.column(rule.column)
        if rule.kind == "range":
            return _range_query(column, view)
        if rule.kind == "length":
            return (
                f"select _row_number from {view} as t "
                f'where strlen(left(t."{column.name}__text", {column.max_length})) '
                f'< strlen(t."{column.name}__text")'
            )
        if rule.kind == "repeated":
            bare = f"regexp_replace(t.\"{column.name}__text\", '^[a-zA-Z]+://', '')"
            host = f"regexp_extract({bare}, '^[^/?#]*')"
            address = f"rtrim(lower({host}) || substr({bare}, length({host}) + 1), '/')"
            return (
                f"select unnest(range(n)) from (select _file_id, {address}, count(*) as n "
                f"from {view} as t where {bare} is not null group by all having count(*) > 1) as g"
            )
        return _reference_query(column, rule, view)
    lists = ", ".join(
        f'{typed_sql(c, chr(34) + c.name + "__text" + chr(34))} as "{c.name}"'
        for c in contract.columns
        if c.is_list
    )
    source = f"(select *, {lists} from {view} as t)" if lists else view
    # A value that a rule on its column drops is none for the rules on its row.
    dropped = ", ".join(
        f'case when {broken} then null else "{name}" end as "{name}"'
        for name, broken in dropped_sql(contract, rules_of(contract)).items()
    )
    if rule.kind == "row" and dropped:
        source = f"(select * replace ({dropped}) from {source} as t)"
    return f"select _row_number from {source} as this where {rule.broken}"


def _key_query(contract: Contract, rule: Rule, view: str) -> str:
    keys = key_sql(contract)
    content = ", ".join(f'"{c.name}__text"' for c in contract.columns)
    filled = " and ".join(f"{k} is not null" for k in keys)
    groups = (
        f"select _file_id, {', '.join(keys)}, count(*) as n, "
        f"count(distinct sha256(to_json([{content}]))) as contents "
        f"from {view} as t where {filled} group by all having count(*) > 1"
    )
    if rule.kind == "duplicate":
        return f"select unnest(range(n - 1)) from ({groups}) as g where contents = 1"
    return f"select unnest(range(n)) from ({groups}) as g where contents > 1"


def _range_query(column: Column, view: str) -> str:
    value = f't."{column.name}"'
    is_time = column.type in ("date", "timestamp")
    bound = f"{column.type} '{column.minimum}'" if is_time else str(column.minimum)
    low = f"coalesce({value} >= {bound}, true)" if column.minimum is not None else "true"
    amount, _, _ = str(column.latest).partition(" ")
    year = value if column.type == "bigint" else f"try_cast(left({value}, 4) as int)"
    high = f"{year} - {amount} <= year(t._received_at)"
    if is_time:
        high = f"{value} <= t._received_at + interval '{column.latest}'"
    return f"select _row_number from {view} as t where {value} is not null and not ({low} and {high})"


def _reference_query(column: Column, rule: Rule, view: str) -> str:
    text = f't."{column.name}__text"'
    assert column.reference is not None
    table, target = column.reference
    if rule.kind == "retired":
        return (
            f"select t._row_number from {view} as t inner join reference.opd_register as r "
            f"on r.opd_code = {text} and r.instansi_code = t._instansi_code where r.is_active = false"
        )
    accepted = "".join(f" and {text} <> '{value}'" for value in column.also_accepted)
    fits = f"regexp_matches({text}, '{column.pattern}')" if column.pattern else f"{text} is not null"
    if rule.kind == "child":
        return (
            f"select t._row_number from {view} as t "
            f"inner join reference.{table} as above on above.{target} = left({text}, 9) "
            f"left join reference.{table} as r on r.{target} = {text} where r.{target} is null and {fits}"
        )
    if column.names == "area":
        return (
            f"select t._row_number from {view} as t left join reference.area as r on r.area_code = {text} "
            f"where r.area_code is null and {text} similar to '[0-9]{{2}}(\\.[0-9]{{2}})?' "
            f"and {text} <> t._file_instansi_code"
        )
    if table == "area":
        # The longest part that the list must hold: a kecamatan where its regency's are listed, else nothing.
        listed = f"left({text}, 5) in (select parent_code from reference.area where parent_code is not null)"
        held = f"case when length({text}) <= 5 then {text} when {listed} then left({text}, 8) end"
        other = "length(t._instansi_code) = 5 and t._instansi_code like '__.__'"
        return (
            f"select t._row_number from {view} as t left join reference.area as r on r.area_code = {held} "
            f"where {fits} and (({held} is not null and r.area_code is null and {text} <> t._instansi_code) "
            f"or (length({text}) > 5 and {other} and not starts_with({text}, t._instansi_code)))"
        )
    if takes_names(column):
        fits += f" and {'' if rule.kind == 'unnamed' else 'not '}({is_name_sql(column, text)})"
    if LISTS[table].is_own:
        return (
            f"select t._row_number from {view} as t left join "
            f"(select distinct instansi_code, {target} from reference.{table}) as r "
            f"on r.{target} = {text} and r.instansi_code = t._instansi_code "
            f"where r.{target} is null and {fits}{accepted} and not starts_with({text}, 'EXT:') "
            f"and t._instansi_code in (select instansi_code from reference.{table})"
        )
    looked_up = f"left({text}, 9)" if column.accepts_children else text
    return (
        f"select t._row_number from {view} as t "
        f"left join (select distinct {target} from reference.{table}) as r on r.{target} = {looked_up} "
        f"where r.{target} is null and {fits}{accepted}"
    )

"""How many rows break a rule, by another route than the rule's own SQL.

For the rules that no stock expectation says and that are not judged on receipt alone: joins in place of
EXISTS and windows, other functions, no use of the lists' own look-up. A fault in a rule shows.
"""

import re

import duckdb

from expectations import suite
from expectations.contract import Column, Contract
from expectations.normalise import typed_sql
from expectations.references import LISTS, is_name_sql, takes_names
from expectations.rules import Rule, key_sql


def count_broken(con: duckdb.DuckDBPyConnection, contract: Contract, rule: Rule) -> int | None:
    """Rows of the view `expectations.<kind>` that break a rule; None for a rule that has no second route."""
    texts = ", ".join(f'"{c.name}" as "{c.name}__text"' for c in contract.columns)
    view = f"(select *, {texts} from {suite.SCHEMA}.{contract.kind})"
    query = _query(contract, rule, view)
    if query is None:
        return None
    counted = con.execute(f"select count(*) from ({query})").fetchone()
    return counted[0] if counted else 0


def _query(contract: Contract, rule: Rule, view: str) -> str | None:
    if rule.kind in ("duplicate", "conflict"):
        return _key_query(contract, rule, view)
    column = contract.column(rule.column) if rule.column else None
    if column is None:
        return None
    if rule.kind == "codes" and column.is_list:
        one = "|".join(re.escape(code) for code in column.codes)
        fits = f"regexp_full_match(t.\"{column.name}__text\", '({one})(;({one}))*')"
        return f"select t._row_number from {view} as t where not {fits}"
    if rule.kind == "range" and column.latest:
        return _range_query(column, view)
    if rule.kind in ("reference", "unnamed", "child", "retired"):
        return _reference_query(column, rule, view)
    return None


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
    value = f"({typed_sql(column, f't.{column.name}__text')})"
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

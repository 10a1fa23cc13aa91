"""The verdict of Great Expectations on the rows of one kind, from the same rules as the quarantine.

Belongs here: a rule as a stock expectation, the one way to judge a rule that none says (by its own SQL), and
running a suite on DuckDB. Stays out: which rows are refused (`quarantine.py`; a test holds the two equal,
rule by rule). Great Expectations is imported inside functions because that alone costs seconds.
"""

from __future__ import annotations

import datetime as dt
import importlib.util
import logging
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from expectations import references
from expectations.contract import Contract
from expectations.normalise import typed_sql
from expectations.relations import dropping_relations
from expectations.rules import AS_RECEIVED, Rule, dropped_sql, key_faults_sql, rules_of

if TYPE_CHECKING:
    import duckdb

SCHEMA = "expectations"
# The rows of a kind as its suite sees them, for as long as it runs.
ROWS = "verdict_rows"
# Its unexpected rows are rules that no stock expectation says, each with the number of rows that break it.
_OTHERS = (
    "select rule, count(*) as broken from (select unnest(_broken_rules) from {batch}) as r (rule) group by 1"
)


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
    judged_at: dt.datetime


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
        f"max(judged_at) from {SCHEMA}.verdicts group by 1"
    ).fetchall()
    return {kind: LastVerdict(unexpected, n, at) for kind, unexpected, n, at in rows}


def create_judged_view(con: duckdb.DuckDBPyConnection, contract: Contract, files: Sequence[str]) -> None:
    """View `expectations.<kind>`: the received rows of the files, with what their file says of them.

    Args:
        con: the warehouse.
        contract: the kind's contract.
        files: ids of the files that are judged together.
    """
    con.execute(f"create schema if not exists {SCHEMA}")
    among = ", ".join(f"'{file}'" for file in files) or "''"
    con.execute(
        f"create or replace view {SCHEMA}.{contract.kind} as select r.*, f.received_at as _received_at, "
        "f.instansi_code as _file_instansi_code, coalesce(f.absent_columns, []) as _absent_columns "
        f"from received.{contract.kind} as r inner join (select distinct on (file_id) * "
        f"from intake.files where kind = '{contract.kind}' and status <> 'duplicate' "
        f"order by file_order desc) as f "
        # Rows of a file that was sent under an earlier version keep that version's verdict.
        f"on r._file_id = f.file_id where r._file_id in ({among}) "
        f"and coalesce(f.contract_version, '{contract.version}') = '{contract.version}'"
    )


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
    # The view of an earlier program has other columns; the next intake makes it anew.
    exists = con.execute(
        "select 1 from information_schema.columns "
        "where table_schema = ? and table_name = ? and column_name = '_absent_columns'",
        [SCHEMA, contract.kind],
    ).fetchone()
    if not exists:
        return []
    rows = con.execute(f"select distinct _file_id from {SCHEMA}.{contract.kind} order by 1").fetchall()
    return [row[0] for row in rows]


def verdicts(con: duckdb.DuckDBPyConnection, contracts: Sequence[Contract]) -> list[Verdict]:
    """Run the suite of every contract on the rows of its view `expectations.<kind>`; verdicts in rule order.

    Args:
        con: the warehouse as intake prepares it, with the macros of normalising; it is left as it was.
        contracts: those of the kinds that have rows.

    Raises:
        RuntimeError: Great Expectations could not judge a rule.
    """
    with _delayed_import("scipy.stats"):
        import great_expectations as gx
        from great_expectations.data_context.types.base import ProgressBarsConfig

    from expectations.duckdb_dialect import lending

    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _teach_regular_expressions()
        context = gx.get_context(mode="ephemeral")
        context.variables.analytics_enabled = False
        context.variables.progress_bars = ProgressBarsConfig(globally=False)
        lent: dict[str, Any] = {"kwargs": {"creator": lending(con)}}
        source = context.data_sources.add_sql("warehouse", connection_string="duckdb://", **lent)
        return [verdict for c in contracts for verdict in _judge(con, source, c)]


@contextmanager
def _delayed_import(name: str) -> Iterator[None]:
    """Import a submodule when it is used: GX names one that no rule of ours needs, and it takes a second."""
    found = None if name in sys.modules else importlib.util.find_spec(name)
    if found is None or found.loader is None:
        yield
        return
    found.loader = importlib.util.LazyLoader(found.loader)
    module = sys.modules[name] = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    parent, _, child = name.rpartition(".")
    # `from parent import child` asks the parent first.
    setattr(sys.modules[parent], child, module)
    yield
    # Whoever looks all modules over, as dbt does, would use it; a later import gets one of its own.
    if sys.modules.get(name) is module:
        del sys.modules[name]
        delattr(sys.modules[parent], child)


@cache
def _teach_regular_expressions() -> None:
    """Tell Great Expectations, which knows that of some dialects only, how DuckDB matches a pattern."""
    import sqlalchemy as sa
    from great_expectations.execution_engine import SqlAlchemyExecutionEngine
    from great_expectations.expectations.metrics.map_metric_provider import (
        ColumnMapMetricProvider,
        column_condition_partial,
    )

    class MatchesInDuckDB(ColumnMapMetricProvider):
        condition_metric_name = "column_values.match_regex"
        condition_value_keys = ("regex",)

        @column_condition_partial(engine=SqlAlchemyExecutionEngine)
        def _sqlalchemy(cls, column: Any, regex: str, **_: Any) -> Any:
            return sa.func.regexp_matches(column, sa.literal(regex))


def _judge(con: duckdb.DuckDBPyConnection, source: Any, contract: Contract) -> list[Verdict]:
    import great_expectations as gx
    from great_expectations.expectations import UnexpectedRowsExpectation

    rules = rules_of(contract)
    stock = {rule.id: said for rule in rules if (said := _stock(contract, rule))}
    columns = {expectation.column: sql for sql, expectation in stock.values()}
    with dropping_relations(con):
        rows = _lay_out(con, contract, columns, [rule for rule in rules if rule.id not in stock])
        asset = source.add_table_asset(contract.kind, table_name=ROWS)
        batch = asset.add_batch_definition_whole_table("all").get_batch()

        def judged(rule_ids: Iterable[str], result_format: Any) -> dict[str, Any]:
            # A suite is built at once: adding expectations singly copies it each time.
            suite = gx.ExpectationSuite(name=contract.kind, expectations=[stock[r][1] for r in rule_ids])
            results = [_checked(r) for r in batch.validate(suite, result_format=result_format).results]
            return {r.expectation_config.meta["rule"]: r for r in results}

        # Whether all rules hold is one query; how many rows break a rule is asked where it does not.
        broken = [rule_id for rule_id, r in judged(stock, "BOOLEAN_ONLY").items() if not r.success]
        counted = judged(broken, {"result_format": "BASIC", "partial_unexpected_count": 0}) if broken else {}
        others = _checked(
            batch.validate(UnexpectedRowsExpectation(unexpected_rows_query=_OTHERS), result_format="COMPLETE")
        )
    counts = {rule_id: int(r.result["unexpected_count"]) for rule_id, r in counted.items()}
    counts |= {row["rule"]: row["broken"] for row in others.result["details"]["unexpected_rows"]}
    return [Verdict(rule, counts.get(rule.id, 0), rows) for rule in rules]


def _checked(result: Any) -> Any:
    """The result; RuntimeError where there is none, which Great Expectations itself does not raise."""
    info = result.exception_info or {}
    raised = [v for v in (info, *info.values()) if isinstance(v, dict) and v.get("raised_exception")]
    if raised:
        raise RuntimeError(f"{result.expectation_config}: {raised[0]['exception_message']}")
    return result


def _stock(contract: Contract, rule: Rule) -> tuple[str, Any] | None:
    """The stock expectation that says a rule, with SQL over `this` of the column it is on, or None."""
    import great_expectations.expectations as gxe

    if rule.column is None:
        return None
    column = contract.column(rule.column)
    value, text = f'"{column.name}"', f'"{column.name}__text"'
    name, sql = f"{column.name}__text", text
    stock: Any = None
    arguments: dict[str, Any] = {"meta": {"rule": rule.id}}
    match rule.kind:
        case "missing":
            # A column that a file does not have is one note on the file, not one missing value a row.
            sql = f"case when list_contains(_absent_columns, '{column.name}') then '' else {text} end"
            name, stock = f"{column.name}__asked", gxe.ExpectColumnValuesToNotBeNull
        case "type":
            # Text that is there must have a value.
            sql = f"coalesce({value}::varchar, case when {text} is null then '' end)"
            name, stock = f"{column.name}__typed", gxe.ExpectColumnValuesToNotBeNull
        case "codes" if not column.is_list:
            stock = gxe.ExpectColumnValuesToBeInSet
            arguments |= {"value_set": list(column.codes)}
        case "pattern":
            stock = gxe.ExpectColumnValuesToMatchRegex
            arguments |= {"regex": column.pattern}
        case "length":
            stock = gxe.ExpectColumnValueLengthsToBeBetween
            arguments |= {"max_value": column.max_length}
        case "range" if not column.latest:
            name, sql, stock = f"{column.name}__value", value, gxe.ExpectColumnValuesToBeBetween
            arguments |= {"min_value": column.minimum, "max_value": column.maximum}
        case "repeated":
            sql = f"_file_id || ' ' || same_url({text})"
            name, stock = f"{column.name}__address", gxe.ExpectColumnValuesToBeUnique
    return (sql, stock(column=name, **arguments)) if stock else None


def _lay_out(
    con: duckdb.DuckDBPyConnection, contract: Contract, columns: Mapping[str, str], others: Sequence[Rule]
) -> int:
    """Make the temporary table of a kind's rows as rules see them, and tell how many they are.

    Args:
        con: as for `verdicts`.
        contract: the kind's contract.
        columns: name to SQL over `this`, the relation of `rules.Rule.broken`.
        others: the rules that are judged by their own SQL; column `_broken_rules` has the ids of those that
            the row breaks.
    """
    texts = ", ".join(f'"{c.name}" as "{c.name}__text"' for c in contract.columns)
    content = ", ".join(f'"{c.name}"' for c in contract.columns)
    # How a cell was written is judged once, on receipt; the row carries that judgement.
    as_received = ", ".join(f"'{rule.id}'" for rule in others if rule.kind in AS_RECEIVED)
    con.execute(
        "create or replace temp table texts as select row_number() over () as _row_number, _file_id, "
        f"_instansi_code, _opd_code, _period, _received_at, _file_instansi_code, _absent_columns, {texts}, "
        f"hash({content}) as _content, list_filter(list_transform(_broken, lambda b: b.rule), "
        f"lambda r: r in ({as_received})) as _as_received from {SCHEMA}.{contract.kind}"
    )
    found, joins = "", ""
    references.hold_own_lists(con, contract.columns, "texts")
    for c in contract.columns:
        text, listed = f'"{c.name}__text"', f'"list_{c.name}"'
        found += f', {typed_sql(c, text)} as "{c.name}"'
        if c.reference:
            con.execute(
                f"create or replace temp table {listed} as {references.lookup_sql(c, 'texts', False)}"
            )
            for word in ("unknown", "unnamed", "child", "retired"):
                found += f', {listed}.{word} as "{c.name}__{word}"'
            joins += (
                f" left join {listed} on {text} = {listed}.value and _instansi_code = {listed}.instansi "
                f"and {references.scope_sql(c)} = {listed}.scope"
            )
    if contract.key:
        con.execute(
            f"create or replace temp table key_faults as {key_faults_sql(contract, 'texts', '_file_id')}"
        )
        found += ", key_faults.twin as _twin, key_faults.conflict as _conflict"
        joins += " left join key_faults on texts._row_number = key_faults._row_number"
    on_columns, on_rows = (
        ", ".join(
            f"case when {rule.broken} then '{rule.id}' end"
            for rule in others
            if rule.kind not in AS_RECEIVED and (rule.kind == "row") is is_on_row
        )
        for is_on_row in (False, True)
    )
    # A value that a rule on its column drops is none for the rules on its row.
    dropped = ", ".join(
        f'case when {broken} then null else "{name}" end as "{name}"'
        for name, broken in dropped_sql(contract, rules_of(contract)).items()
    )
    named = ", ".join(f'{sql} as "{name}"' for name, sql in columns.items())
    kept = ", ".join(f'"{name}"' for name in columns)
    con.execute(
        f"create or replace temp table {ROWS} as with rows as (select texts.*{found} from texts{joins}), "
        f"judged as (select *, {named}, [{on_columns}]::varchar[] as _on_columns from rows as this), "
        f"loading as (select *{f' replace ({dropped})' if dropped else ''} from judged) "
        f"select {kept}, list_filter(list_concat(_as_received, _on_columns, [{on_rows}]::varchar[]), "
        "lambda r: r is not null) as _broken_rules from loading as this"
    )
    counted = con.execute(f"select count(*) from {ROWS}").fetchone()
    return counted[0] if counted else 0

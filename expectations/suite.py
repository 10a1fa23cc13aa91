"""The verdict of Great Expectations on the rows of one kind, from the same rules as the quarantine.

Belongs here: a rule as an expectation, and running a suite on DuckDB. Stays out: which rows are refused
(`quarantine.py`; the two are held equal, rule by rule). Great Expectations is imported inside functions
because that alone costs seconds.
"""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expectations.contract import Contract
from expectations.normalise import typed_sql
from expectations.rules import Rule, key_sql, rules_of

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


def create_judged_view(con: duckdb.DuckDBPyConnection, contract: Contract, files: Sequence[str]) -> None:
    """View `expectations.<kind>` over the received rows of the files: text, typed value, both sides of a key.

    Args:
        con: the warehouse.
        contract: the kind's contract.
        files: sha256 of the files that are judged together.
    """
    con.execute(f"create schema if not exists {SCHEMA}")
    select = [f'r."{c.name}" as "{c.name}__text"' for c in contract.columns]
    # SQLAlchemy knows no list type; rules that need the list split the text themselves.
    scalars = [c for c in contract.columns if not c.is_list]
    select += [f'{typed_sql(c, _of_r(c.name))} as "{c.name}"' for c in scalars]
    # A column that a file does not have is one note on the file, not one missing value a row.
    select += [
        f"case when list_contains(f.absent_columns, '{c.name}') then '' else {_of_r(c.name)} end "
        f'as "{c.name}__asked"'
        for c in contract.columns
        if c.missing
    ]
    among = ", ".join(f"'{sha}'" for sha in files) or "''"
    surplus = f"len(list_filter(r._broken, lambda b: b.rule = '{contract.kind}.row.surplus_cells')) > 0"
    con.execute(
        f"create or replace view {SCHEMA}.{contract.kind} as select {', '.join(select)}, r._file_sha256, "
        f"r._row_number, r._instansi_code, r._opd_code, r._period, case when {surplus} then 'surplus' end "
        f"as _surplus from received.{contract.kind} as r inner join (select distinct on (file_sha256) * "
        f"from intake.files where kind = '{contract.kind}' and status <> 'duplicate') as f "
        f"on r._file_sha256 = f.file_sha256 where r._file_sha256 in ({among})"
    )


def _of_r(name: str) -> str:
    return f'r."{name}"'


def quarantine_counts(
    con: duckdb.DuckDBPyConnection, contract: Contract, files: Sequence[str]
) -> dict[str, int]:
    """Rule id to the number of received rows of the files that the quarantine tagged with it."""
    among = ", ".join(f"'{sha}'" for sha in files) or "''"
    rows = con.execute(
        f"select b.rule, count(*) from received.{contract.kind}, unnest(_broken) as u (b) "
        f"where _file_sha256 in ({among}) group by 1"
    ).fetchall()
    return {rule.id: 0 for rule in rules_of(contract)} | dict(rows)


def judged_files(con: duckdb.DuckDBPyConnection, contract: Contract) -> list[str]:
    """Sha256 of the files behind the view `expectations.<kind>`; none where the view was never made."""
    exists = con.execute(
        "select 1 from information_schema.tables where table_schema = ? and table_name = ?",
        [SCHEMA, contract.kind],
    ).fetchone()
    if not exists:
        return []
    rows = con.execute(f"select distinct _file_sha256 from {SCHEMA}.{contract.kind} order by 1").fetchall()
    return [row[0] for row in rows]


def verdicts(warehouse: Path, contracts: Sequence[Contract]) -> list[Verdict]:
    """Run the suite of every contract on its view `expectations.<kind>`; verdicts in rule order.

    The warehouse is opened read-only, so no other connection to it may be open. Rules that compare rows with
    each other or with another table are judged by a query of their own, written another way than the
    quarantine's.
    """
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
            "warehouse", connection_string=f"duckdb+gx:///{warehouse}?access_mode=read_only"
            "&storage_compatibility_version=v1.2.0"
        )
        try:
            return [verdict for c in contracts for verdict in _judge(source, c)]
        finally:
            source.get_execution_engine().engine.dispose()
            close_connections()


def _judge(source: Any, contract: Contract) -> list[Verdict]:
    import great_expectations as gx

    rules = rules_of(contract)
    asset = source.add_table_asset(contract.kind, table_name=contract.kind, schema_name=SCHEMA)
    batch = asset.add_batch_definition_whole_table("all").get_batch()
    # Built at once and never stored: adding expectations one by one to a context copies the suite each time.
    suite = gx.ExpectationSuite(name=contract.kind, expectations=[_expectation(contract, r) for r in rules])
    found = {}
    for result in batch.validate(suite, result_format="SUMMARY").results:
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
    import great_expectations.expectations as gxe

    meta = {"rule": rule.id}
    if rule.column:
        column = contract.column(rule.column)
        text = f"{rule.column}__text"
        if rule.kind == "missing":
            return gxe.ExpectColumnValuesToNotBeNull(column=f"{rule.column}__asked", meta=meta)
        if rule.kind == "type":
            return gxe.ExpectColumnValuesToNotBeNull(
                column=rule.column,
                row_condition=f'col("{text}").notNull()',
                condition_parser="great_expectations",
                meta=meta,
            )
        if rule.kind == "codes" and column.is_list:
            one = "|".join(re.escape(c) for c in column.codes)
            return gxe.ExpectColumnValuesToMatchRegex(column=text, regex=f"^({one})(;({one}))*$", meta=meta)
        if rule.kind == "codes":
            return gxe.ExpectColumnValuesToBeInSet(column=text, value_set=list(column.codes), meta=meta)
        if rule.kind == "pattern":
            return gxe.ExpectColumnValuesToMatchRegex(column=text, regex=column.pattern or "", meta=meta)
        if rule.kind == "range":
            return gxe.ExpectColumnValuesToBeBetween(
                column=rule.column, min_value=column.minimum, max_value=column.maximum, meta=meta
            )
    return gxe.UnexpectedRowsExpectation(
        description=rule.title, unexpected_rows_query=_query(contract, rule), meta=meta
    )


def _query(contract: Contract, rule: Rule) -> str:
    """Rows that break a rule, by another route than the quarantine's windows and EXISTS."""
    view = "(select * from {batch})"
    if rule.kind == "reference":
        column = contract.column(str(rule.column))
        assert column.reference is not None
        table, target = column.reference
        text = f't."{column.name}__text"'
        if table != "opd_register":
            return (
                f"select t._row_number from {view} as t left join reference.{table} as r on r.{target} = {text} "
                f"where r.{target} is null and {text} is not null"
            )
        return (
            f"select t._row_number from {view} as t left join reference.opd_register as r "
            f"on r.opd_code = {text} and r.instansi_code = t._instansi_code "
            f"where r.opd_code is null and {text} not like 'EXT:%' "
            "and t._instansi_code in (select instansi_code from reference.opd_register)"
        )
    if rule.kind in ("duplicate", "conflict"):
        keys = key_sql(contract)
        content = ", ".join(f'"{c.name}__text"' for c in contract.columns)
        filled = " and ".join(f"{k} is not null" for k in keys)
        groups = (
            f"select _file_sha256, {', '.join(keys)}, count(*) as n, "
            f"count(distinct sha256(to_json([{content}]))) as contents "
            f"from {view} as t where {filled} group by all having count(*) > 1"
        )
        if rule.kind == "duplicate":
            return f"select unnest(range(n - 1)) from ({groups}) as g where contents = 1"
        return f"select unnest(range(n)) from ({groups}) as g where contents > 1"
    lists = ", ".join(
        f'{typed_sql(c, chr(34) + c.name + "__text" + chr(34))} as "{c.name}"' for c in contract.columns if c.is_list
    )
    source = f"(select *, {lists} from {view} as t)" if lists else view
    return f"select _row_number from {source} as this where {rule.broken}"

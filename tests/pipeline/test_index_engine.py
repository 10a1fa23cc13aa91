"""The index in SQL against the same index in Python fractions, on trees that no regulation has.

The models are built once by dbt; then their compiled SQL runs on generated rulebooks in an own database, many
trees in one pass. Their dbt tests run in `test_index_marts.py`, on richer data.
"""

import os
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from index_build import ROOT, build_index

RAW = ROOT / "tests" / "data" / "raw_index.sql"
MODELS = (
    "intermediate/scores/int_rulebooks__listed",
    "intermediate/scores/int_nodes__weighted",
    "intermediate/scores/int_assessments__listed",
    "intermediate/scores/int_score_files__listed",
    "intermediate/scores/int_scores__observed",
    "intermediate/scores/int_scores__aggregated",
    "intermediate/scores/int_scores__framed",
    "intermediate/scores/int_scores__completed",
    "marts/index/fct_scores",
    "intermediate/scores/int_levers__raised",
    "marts/index/fct_levers",
)
LONG = os.environ.get("TEST_LONG") == "1"
CONFIG: dict[str, str | bool | int | float | list[str]] = {"storage_compatibility_version": "v1.2.0"}


@dataclass(frozen=True, repr=False)
class Compiled:
    """The models' compiled SQL by name, in the order in which they run."""

    sql: dict[str, str]


@dataclass(frozen=True)
class Node:
    """One node of a generated rulebook; `observed` is the value handed in for it."""

    node_id: str
    weight: Fraction
    observed: Decimal | None
    children: tuple["Node", ...] = ()
    is_geometric: bool = False

    def walk(self) -> Iterator["Node"]:
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True)
class Rulebook:
    """A generated rulebook with one unit's observations; levels run from 1 to 5."""

    rulebook_id: str
    root: Node
    threshold: Decimal
    missing_counts_as: Decimal | None


@dataclass
class Expected:
    """What Python says of one node; `share` is its share of the index, None where it does not count."""

    value: Fraction | None
    low: Fraction
    high: Fraction
    coverage: Fraction
    share: Fraction | None = field(default=None)


def value_of(node: Node, filling: Fraction | None) -> Fraction | None:
    """Weighted mean from the node down; unanswered leaves count `filling`, None leaves them out."""
    if node.observed is not None:
        return Fraction(node.observed)
    if not node.children:
        return filling
    parts = [(child.weight, value_of(child, filling)) for child in node.children]
    present = [(weight, value) for weight, value in parts if value is not None]
    if not present:
        return None
    if node.is_geometric:
        return geometric_mean(present)
    return sum((w * v for w, v in present), Fraction(0)) / sum(w for w, _ in present)


def geometric_mean(parts: Sequence[tuple[Fraction, Fraction]]) -> Fraction:
    """To 40 digits, by decimal logarithms."""
    if any(value == 0 for _, value in parts):
        return Fraction(0)
    with localcontext(prec=40):
        total = decimal_of(sum((w for w, _ in parts), Fraction(0)))
        logarithm = sum((decimal_of(w) * decimal_of(v).ln() for w, v in parts), Decimal(0)) / total
        return Fraction(logarithm.exp())


def decimal_of(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / Decimal(value.denominator)


def coverage_of(node: Node) -> Fraction:
    if node.observed is not None:
        return Fraction(1)
    total = sum((child.weight for child in node.children), Fraction(0))
    return (
        sum((child.weight * coverage_of(child) for child in node.children), Fraction(0)) / total
        if total
        else total
    )


def expected_of(book: Rulebook) -> dict[str, Expected]:
    """Every node by another route than the models: recursion, and shares multiplied down from the root."""
    filling = None if book.missing_counts_as is None else Fraction(book.missing_counts_as)
    found: dict[str, Expected] = {}

    def visit(node: Node, share: Fraction | None) -> None:
        value = value_of(node, filling)
        low, high = value_of(node, Fraction(1)), value_of(node, Fraction(5))
        assert low is not None and high is not None
        if filling is not None and value is not None:
            # What is not answered may also stay so, and count what the rulebook says.
            low, high = min(low, value), max(high, value)
        share = None if value is None else share
        found[node.node_id] = Expected(value, low, high, coverage_of(node), share)
        counted = sum((c.weight for c in node.children if value_of(c, filling) is not None), Fraction(0))
        for child in node.children:
            known = share is not None and node.observed is None and counted > 0 and not node.is_geometric
            visit(child, share * child.weight / counted if known and share is not None else None)

    visit(book.root, Fraction(1))
    return found


def make_rulebook(seed: int) -> Rulebook:
    """A tree of 3 to 5 levels: unequal weights, missing leaves, now and then an observed inner node."""
    dice = random.Random(seed)
    counter = iter(range(10_000))
    missing = dice.choice((0.0, 0.1, 0.3, 0.6))
    decimals = dice.choice((0, 0, 2, 4, 14))
    deepest = dice.choice((2, 3, 3, 4))
    geometric = dice.choice((0.0, 0.0, 0.0, 0.3))

    def level() -> Decimal:
        return Decimal(dice.randint(10**decimals, 5 * 10**decimals)).scaleb(-decimals)

    def grow(depth: int) -> Node:
        node_id = f"n{seed}-{next(counter)}"
        weight = Fraction(dice.randint(1, 12), dice.choice((1, 1, 1, 7, 20)))
        is_leaf = depth == deepest or (depth > 1 and dice.random() < 0.2)
        children = () if is_leaf else tuple(grow(depth + 1) for _ in range(dice.randint(1, 4)))
        given_value = dice.random() >= missing if is_leaf else depth > 0 and dice.random() < 0.05
        is_geometric = not is_leaf and geometric > dice.random()
        return Node(node_id, weight, level() if given_value else None, children, is_geometric)

    return Rulebook(
        f"r{seed}",
        replace(grow(0), observed=None),
        dice.choice((Decimal("0"), Decimal("0.5"), Decimal("0.75"), Decimal("1"))),
        dice.choice((None, None, None, Decimal("0"), Decimal("1"), Decimal("2.5"))),
    )


def with_level_raised(book: Rulebook) -> tuple[Rulebook, str] | None:
    """The same rulebook with one counting leaf a level higher (at most 5), and that leaf; else None."""

    def counting(node: Node) -> Iterator[Node]:
        """Leaves with a value and no observed node above, also below a geometric mean."""
        if node.observed is not None:
            yield from () if node.children else (node,)
        else:
            for child in node.children:
                yield from counting(child)

    leaves = list(counting(book.root))
    if not leaves:
        return None
    chosen = random.Random(book.rulebook_id).choice(leaves)
    suffix = "-raised"

    def copy(node: Node) -> Node:
        observed = node.observed
        if node is chosen and observed is not None:
            observed = min(observed + 1, Decimal(5))
        return Node(
            node.node_id + suffix,
            node.weight,
            observed,
            tuple(copy(child) for child in node.children),
            node.is_geometric,
        )

    return replace(book, rulebook_id=book.rulebook_id + suffix, root=copy(book.root)), chosen.node_id


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Compiled:
    """The models' SQL as dbt compiles it, after a build that ran through."""
    folder = tmp_path_factory.mktemp("engine")
    warehouse = folder / "warehouse.duckdb"
    with duckdb.connect(str(warehouse), config=CONFIG) as connection:
        connection.execute(RAW.read_text(encoding="utf-8"))
        # Three of 47 indicators are missing; the second file corrects i01 and takes i02 back.
        connection.execute(
            """
            insert into raw.self_assessment by name
            select '12.07' as instansi_code, '2025' as period, 'permenpanrb-59-2020' as rulebook_id,
                'self' as stage, 'p59.i' || lpad(cast(i as varchar), 2, '0') as node_id, 1 + i % 5 as level,
                'one' as _file_id, 'one' as _file_sha256, i as _row_number, 1 as _file_order
            from range(1, 45) as t(i)
            union all by name
            select '12.07' as instansi_code, '2025' as period, 'permenpanrb-59-2020' as rulebook_id,
                'self' as stage, 'p59.i0' || i as node_id, case when i = 1 then 5 end as level,
                'two' as _file_id, 'two' as _file_sha256, i as _row_number, 2 as _file_order
            from range(1, 3) as t(i)
            """
        )
        connection.execute("insert into raw.run_settings values ('12.07', date '2026-12-31')")
    build_index(warehouse, folder)
    with duckdb.connect(str(warehouse), config=CONFIG) as connection:
        corrected = connection.execute(
            "select node_id, observed, file_sha256 from marts.fct_scores "
            "where node_id in ('p59.i01', 'p59.i02') order by node_id"
        ).fetchall()
    assert corrected == [("p59.i01", Decimal(5), "two"), ("p59.i02", None, "two")]
    sql = folder / "target" / "compiled" / "spbe" / "models"
    return Compiled({name.rsplit("/", 1)[1]: (sql / f"{name}.sql").read_text("utf-8") for name in MODELS})


def run_models(compiled: Compiled, books: Sequence[Rulebook], order: int) -> duckdb.DuckDBPyConnection:
    """Run the compiled SQL on `books` in an own database; `order` seeds the order of all input rows."""
    connection = duckdb.connect()
    connection.execute("attach ':memory:' as warehouse; use warehouse")
    for schema in ("seeds", "staging", "intermediate", "marts"):
        connection.execute(f"create schema {schema}")
    nodes: list[tuple[Any, ...]] = []
    observed: list[tuple[Any, ...]] = []
    for book in books:
        parents = {child.node_id: node.node_id for node in book.root.walk() for child in node.children}
        for node in book.root.walk():
            kind = "index" if node is book.root else "aspect" if node.children else "indicator"
            method = "geometric" if node.is_geometric else "arithmetic"
            nodes.append(
                (book.rulebook_id, node.node_id, parents.get(node.node_id), kind, str(node.weight), method)
            )
            if node.observed is not None:
                observed.append((book.rulebook_id, node.node_id, str(node.observed)))
        observed.append((book.rulebook_id, book.root.node_id, None))
    random.Random(order).shuffle(nodes)
    random.Random(order).shuffle(observed)
    connection.execute(
        """
        create table seeds.rulebooks as
        select unnest(?::varchar[]) as rulebook_id, 'name' as short_name, 'title' as title,
            cast(null as varchar) as regulation,
            cast(null as integer) as first_eval_year, cast(null as integer) as last_eval_year,
            cast(1 as decimal(18, 4)) as scale_min, cast(5 as decimal(18, 4)) as scale_max,
            unnest(?::decimal(18, 4)[]) as availability_threshold,
            unnest(?::decimal(18, 4)[]) as missing_counts_as
        """,
        [
            [b.rulebook_id for b in books],
            [str(b.threshold) for b in books],
            [None if b.missing_counts_as is None else str(b.missing_counts_as) for b in books],
        ],
    )
    connection.execute(
        """
        create table seeds.rulebook_nodes as
        select unnest(?::varchar[]) as rulebook_id, unnest(?::varchar[]) as node_id,
            unnest(?::varchar[]) as parent_id, unnest(?::varchar[]) as node_kind,
            unnest(?::varchar[]) as weight, unnest(?::varchar[]) as method,
            cast(null as varchar) as number, 'n' as name, 'n' as name_en,
            cast(null as varchar) as measure_id
        """,
        [list(column) for column in zip(*nodes, strict=True)],
    )
    connection.execute(
        """
        create table staging.stg_rulebook__nodes (rulebook_id varchar, node_id varchar, parent_id varchar,
            node_kind varchar, name varchar, weight decimal(38, 10), method varchar, title varchar,
            scale_min decimal(38, 10), scale_max decimal(38, 10), availability_threshold decimal(38, 10),
            missing_counts_as decimal(38, 10), row_number bigint);
        create table seeds.predicates as
        select rulebook_id, 'any' as predicate, cast(0 as decimal(18, 4)) as lower_inclusive,
            cast(null as decimal(18, 4)) as upper_exclusive from seeds.rulebooks;
        create table seeds.rule_parameters as
        select 'rulebook' as rule_id, 'availability_threshold' as parameter,
            cast(0.5 as decimal(18, 6)) as value, 'setengah' as words;
        create table seeds.predicate_rounding (rulebook_id varchar, evaluation_year integer, basis varchar);
        create table seeds.rulebook_levels (rulebook_id varchar, node_id varchar, level integer,
            criterion varchar, evidence varchar, value_from decimal(18, 4));
        """
    )
    connection.execute(
        """
        create table intermediate.int_scores__received as
        select 'u' as instansi_code, 'instansi' as unit_kind, 'u' as unit_code, '2025' as period,
            unnest(?::varchar[]) as rulebook_id, 'self' as stage, unnest(?::varchar[]) as node_id,
            unnest(?::decimal(38, 15)[]) as observed, cast(null as decimal(38, 10)) as published,
            cast(null as varchar) as published_predicate, false as is_print, 'f' as file_sha256,
            'f' as file_name, 1 as row_number, timestamp '2026-01-01' as received_at, 1 as file_order,
            true as is_on_scale
        """,
        [list(column) for column in zip(*observed, strict=True)],
    )
    for name, sql in compiled.sql.items():
        schema = "marts" if name.startswith("fct_") else "intermediate"
        connection.execute(f"create table {schema}.{name} as {sql}")
    return connection


def half_up(value: Fraction) -> Decimal:
    """Two decimals, ties away from zero, from the exact fraction."""
    cents = (200 * value.numerator + value.denominator) // (2 * value.denominator)
    assert value >= 0
    return (Decimal(cents) / 100).quantize(Decimal("0.01"), ROUND_HALF_UP)


@settings(
    max_examples=64 if LONG else 4,
    derandomize=not LONG,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seeds=st.lists(st.integers(0, 10**9), min_size=1, max_size=60, unique=True))
# Enough trees for every mixture, such as a leaf beside a geometric mean.
@example(seeds=list(range(120)))
def test_sql_tree_equals_python_fractions(compiled: Compiled, seeds: list[int]) -> None:
    """Whoever recomputes an index by hand, from weights and levels, gets our number at every node."""
    books = [make_rulebook(seed) for seed in seeds]
    raised = {book.rulebook_id: with_level_raised(book) for book in books}
    all_books = [*books, *(pair[0] for pair in raised.values() if pair)]
    connection = run_models(compiled, all_books, order=1)
    rows = connection.execute(
        """
        select scores.rulebook_id, scores.node_id, score, score_exact, printed, scores.band_low,
            scores.band_high, scores.coverage, contribution, is_exact, is_below_observed
        from marts.fct_scores as scores
        inner join intermediate.int_nodes__weighted as nodes using (rulebook_id, node_id)
        inner join intermediate.int_assessments__listed as listed using (rulebook_id)
        inner join intermediate.int_scores__completed as completed
            on completed.assessment_id = listed.assessment_id and completed.node_no = nodes.node_no
        """
    ).fetchall()
    found = {(row[0], row[1]): row[2:] for row in rows}
    indices: dict[str, Fraction | None] = {}
    for book in all_books:
        expected = expected_of(book)
        has_index = False
        contributions = Fraction(0)
        for node in book.root.walk():
            row = found.get((book.rulebook_id, node.node_id))
            if row is None:
                # Only what hangs below an observed node, with nothing observed itself, may be left out.
                assert expected[node.node_id].share is None and all(n.observed is None for n in node.walk())
                continue
            score, exact, printed, low, high, coverage, contribution, is_exact, is_below = row
            want = expected[node.node_id]
            available = want.value is not None and (
                book.missing_counts_as is not None or want.coverage >= Fraction(book.threshold)
            )
            assert (score is not None) == available, (book.rulebook_id, node.node_id)
            assert abs(coverage - want.coverage) <= 1e-12
            assert abs(low - want.low) <= 1e-12 and abs(high - want.high) <= 1e-12
            if node is book.root:
                has_index = available
                indices[book.rulebook_id] = want.value if available else None
            if available and want.value is not None:
                assert abs(score - want.value) <= 1e-12
                assert not is_exact or Fraction(exact) == want.value
                assert printed == half_up(Fraction(exact))
            if contribution is not None and want.share is not None and want.value is not None:
                assert has_index and not is_below
                assert abs(contribution - want.share * want.value) <= 1e-12
                if node.observed is not None or not node.children:
                    contributions += Fraction(contribution)
        if has_index and not any(node.is_geometric for node in book.root.walk()):
            index = indices[book.rulebook_id]
            assert index is not None and abs(contributions - index) <= 1e-10

    gains = {
        (row[0], row[1]): row[2]
        for row in connection.execute(
            "select rulebook_id, node_id, gain_one_level from marts.fct_levers"
        ).fetchall()
    }
    for book in books:
        pair = raised[book.rulebook_id]
        before = indices[book.rulebook_id]
        if pair is None or before is None:
            continue
        after = indices[pair[0].rulebook_id]
        assert after is not None and after >= before
        assert abs(gains[book.rulebook_id, pair[1]] - (after - before)) <= 1e-12

    shuffled = run_models(compiled, all_books, order=2)
    for table in ("fct_scores", "fct_levers"):
        query = f"select * from marts.{table} order by rulebook_id, node_id"
        assert connection.execute(query).fetchall() == shuffled.execute(query).fetchall()


@pytest.mark.parametrize("digits", [4, 10, 14])
@pytest.mark.parametrize("is_geometric", [False, True])
def test_a_tree_without_a_common_denominator_does_not_stop_the_night(
    compiled: Compiled, digits: int, is_geometric: bool
) -> None:
    """A user's rulebook of many large unequal weights, on a scale however small, is right to 12 digits."""
    dice = random.Random(7)
    # Fifteen digits where the scale leaves room for them.
    lowest = 10**digits if digits == 14 else 10_000

    def grow(depth: int, name: str) -> Node:
        children = () if depth == 3 else tuple(grow(depth + 1, f"{name}.{i}") for i in range(7))
        observed = (
            Decimal(dice.randint(lowest, 5 * lowest)).scaleb(-digits)
            if not children and dice.random() < 0.9
            else None
        )
        return Node(name, Fraction(dice.randint(1_000_000, 9_999_999)), observed, children, is_geometric)

    book = Rulebook("wild", grow(0, "n"), Decimal("0.5"), None)
    connection = run_models(compiled, [book], order=1)
    want = expected_of(book)
    scores = connection.execute(
        "select node_id, score, is_exact from marts.fct_scores "
        "inner join intermediate.int_nodes__weighted using (rulebook_id, node_id) "
        "inner join intermediate.int_scores__completed using (node_no) where score is not null"
    ).fetchall()
    assert len(scores) > 300
    assert not all(is_exact for _, _, is_exact in scores)
    for node_id, score, _ in scores:
        value = want[node_id].value
        assert value is not None and abs(score - value) <= 1e-12 * abs(value)

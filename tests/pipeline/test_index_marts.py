"""What stands on the index, through the real models: levers, stages, years, two regulations, ranks, lineage.

One warehouse, built once by dbt: a regency with three stages and two years under 59/2020, a user's rulebook
with thirty units, and one Pemdi evaluation.
"""

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import duckdb
import pytest

from exports.database import CONFIG
from exports.explain import NothingToExplain, explain
from exports.publish import publish_database

ROOT = Path(__file__).parents[2]
RAW = ROOT / "tests" / "data" / "raw_index.sql"
# The index alone: what other rooms hand to it stands in RAW, empty.
SELECTION = [
    "resource_type:seed",
    "staging.self_assessment",
    "staging.published_index",
    "staging.rulebook",
    "staging.scores",
    "staging.opd_register",
    "intermediate.scores",
    "marts.index",
]
UNITS = 30


def level_of(stage: int, year: int, number: int) -> int | None:
    """Levels with all gaps between stages; three indicators are not assessed."""
    return None if number > 44 else 1 + (number * 3 + stage + year) % 5


# Sums of levels that the printed domain values 4.00, 3.60, 2.09 and 3.75 of 2023 leave open: indicators 1-10,
# 11-20, 21-31, 32-41 (weight 2.75) and 42-47 (weight 3).
DELI_SERDANG_2023 = {"self": (40, 36, 23, 38, 22), "document": (40, 36, 23, 37, 23)}


def spread(sums: tuple[int, ...]) -> Iterator[int]:
    """Whole levels with these sums, as even as can be."""
    for total, count in zip(sums, (10, 10, 11, 10, 6), strict=True):
        yield from (total // count + (position < total % count) for position in range(count))


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The warehouse after dbt has built the index from small hand-made inputs."""
    folder = tmp_path_factory.mktemp("index_marts")
    path = folder / "warehouse.duckdb"
    dice = random.Random(3)
    stages = enumerate(("self", "document", "final"))
    levels = [
        ("12.07", str(year), "permenpanrb-59-2020", stage, f"p59.i{n:02d}", level_of(number, year, n))
        for number, stage in stages
        for year in (2024, 2025)
        for n in range(1, 48)
    ]
    levels += [
        ("12.08", "2023", "permenpanrb-59-2020", stage, f"p59.i{n:02d}", level)
        for stage, sums in DELI_SERDANG_2023.items()
        for n, level in enumerate(spread(sums), start=1)
    ]
    levels += [("12.07", "2026", "permenpanrb-8-2026", "final", f"p8.i{n:02d}", 2) for n in range(1, 13)]
    scores: list[tuple[str, str, str, str, str, int | str]] = [
        ("own", f"U{u:02d}", "2023", "final", node, dice.randint(20, 90))
        for u in range(UNITS)
        for node in ("a1", "a2", "b")
    ]
    scores.append(("own", "U00", "2023", "final", "a", 50))
    scores += [
        ("permenpanrb-8-2026", unit, "2026", "self", "p8.i05.outside", sdi)
        for unit, sdi in (("12.01", "25"), ("12.02", "68.75"), ("12.03", "100"), ("12.04", "0"))
    ]
    with duckdb.connect(str(path), config=CONFIG) as connection:
        connection.execute(RAW.read_text(encoding="utf-8"))
        connection.execute("insert into raw.run_settings values ('12.07', date '2026-12-31')")
        connection.execute(
            "insert into raw.self_assessment by name select unnest(?) as instansi_code, unnest(?) as period, "
            "unnest(?) as rulebook_id, unnest(?) as stage, unnest(?) as node_id, "
            "unnest(?::decimal(38, 10)[]) as level, 'sha-levels' as _file_sha256, "
            "'levels.csv' as _file_name, generate_subscripts(?, 1) + 1 as _row_number, "
            "timestamp '2026-05-04 01:00' as _received_at, 1 as _file_order",
            [*(list(column) for column in zip(*levels, strict=True)), [row[0] for row in levels]],
        )
        connection.execute(
            """
            insert into raw.rulebook by name
            select 'own' as rulebook_id, n.*, 0 as scale_min, 100 as scale_max, 'book' as _file_sha256,
                'book.csv' as _file_name, 1 as _file_order, '12.07' as _instansi_code, '2026' as _period
            from (values
                ('root', null, 'index', null, 2), ('a', 'root', 'aspect', 2, 3),
                ('b', 'root', 'aspect', 1, 4), ('a1', 'a', 'indicator', 1, 5), ('a2', 'a', 'indicator', 3, 6)
            ) as n (node_id, parent_id, kind, weight, _row_number)
            """
        )
        connection.execute(
            "insert into raw.scores by name select unnest(?) as rulebook_id, unnest(?) as unit_code, "
            "unnest(?) as period, unnest(?) as stage, unnest(?) as node_id, "
            "unnest(?::decimal(38, 10)[]) as score, 'sha-scores' as _file_sha256, "
            "'scores.csv' as _file_name, generate_subscripts(?, 1) + 1 as _row_number, "
            "timestamp '2026-05-05' as _received_at, 1 as _file_order, '12.07' as _instansi_code, "
            "'2026' as _period",
            [*(list(column) for column in zip(*scores, strict=True)), [row[0] for row in scores]],
        )
    dbt = Path(sys.executable).with_name("dbt")
    options = ["--project-dir", str(ROOT / "dbt_project"), "--profiles-dir", str(ROOT / "dbt_project")]
    options += ["--target-path", str(folder / "target"), "--log-path", str(folder / "logs")]
    built = subprocess.run(
        [str(dbt), "build", *options, "--select", *SELECTION, "--indirect-selection", "buildable"],
        env={**os.environ, "SPBE_WAREHOUSE": str(path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout[-4000:]
    return path


@pytest.fixture(scope="module")
def marts(warehouse: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(warehouse), read_only=True, config=CONFIG) as connection:
        yield connection


@pytest.fixture(scope="module")
def published(warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """These marts alone, published without the ready questions, which ask for others too."""
    folder = tmp_path_factory.mktemp("published")
    copy = shutil.copyfile(warehouse, folder / "warehouse.duckdb")
    (folder / "questions").mkdir()
    publish_database(copy, folder / "spbe.duckdb", questions=folder / "questions")
    return folder / "spbe.duckdb"


def test_levels_behind_deli_serdangs_printed_domains_print_its_index(
    marts: duckdb.DuckDBPyConnection,
) -> None:
    """Both sums of levels that fit the ministry's table of 2023 print its four domains and 3.47."""
    for stage, exact in (("self", "347/100"), ("document", "1389/400")):
        rows = marts.execute(
            "select node_id, printed, score_exact, predicate from marts.fct_scores "
            "where unit_code = '12.08' and stage = ? and node_kind in ('index', 'domain') order by node_id",
            [stage],
        ).fetchall()
        assert [str(row[1]) for row in rows] == ["4.00", "3.60", "2.09", "3.75", "3.47"]
        assert rows[-1][2:] == (exact, "Baik")


def test_an_outside_index_becomes_the_value_of_its_indicator(marts: duckdb.DuckDBPyConnection) -> None:
    """The two worked examples of the ministry's module: SDI 25 gives 2.00, 68.75 gives 3.75."""
    found = marts.execute(
        "select unit_code, observed from marts.fct_scores "
        "where node_id = 'p8.i05' and stage = 'self' order by 1"
    ).fetchall()
    assert found == [
        ("12.01", Decimal("2")),
        ("12.02", Decimal("3.75")),
        ("12.03", Decimal("5")),
        ("12.04", Decimal("1")),
    ]


def weights_of(marts: duckdb.DuckDBPyConnection, rulebook_id: str) -> dict[str, Fraction]:
    """Share of the index of each indicator, from the seed's fractions multiplied down the tree."""
    rows = marts.execute(
        "select node_id, parent_id, weight from seeds.rulebook_nodes where rulebook_id = ?", [rulebook_id]
    ).fetchall()
    own = {node: (parent, Fraction(weight)) for node, parent, weight in rows}

    def share(node: str) -> Fraction:
        parent, weight = own[node]
        return weight * (share(parent) if parent else 1)

    parents = {parent for _, parent, _ in rows}
    return {node: share(node) for node in own if node not in parents}


def test_no_cheaper_set_of_levels_reaches_the_next_predicate(marts: duckdb.DuckDBPyConnection) -> None:
    """A regency that follows the first set gets the predicate, and nobody finds one with a level less."""
    sets = marts.execute(
        """
        select period, stage, set_no, list(node_id), list(levels_up), list(to_level), any_value(set_cost),
            any_value(index_now), any_value(index_reached), any_value(next_predicate)
        from marts.fct_lever_sets
        where rulebook_id = 'permenpanrb-59-2020' and unit_code = '12.07' group by all
        """
    ).fetchall()
    # The newest year alone: a year gone by is not raised.
    assert {(row[0], row[1]) for row in sets} == {("2025", stage) for stage in ("self", "document", "final")}
    floors = dict(
        marts.execute(
            "select predicate, lower_inclusive from seeds.predicates "
            "where rulebook_id = 'permenpanrb-59-2020'"
        ).fetchall()
    )
    numbers = {"self": 0, "document": 1, "final": 2}
    nominal = weights_of(marts, "permenpanrb-59-2020")
    # Layanan's last aspect has three of six indicators: the others carry their weight.
    shares = {
        node: share * (2 if node in ("p59.i42", "p59.i43", "p59.i44") else 1)
        for node, share in nominal.items()
        if node not in ("p59.i45", "p59.i46", "p59.i47")
    }
    for period, stage, set_no, nodes, ups, to_levels, cost, now, reached, predicate in sets:
        levels = {
            node: level_of(numbers[stage], int(period), int(node.removeprefix("p59.i"))) or 0
            for node in shares
        }
        index = sum((share * levels[node] for node, share in shares.items()), Fraction(0))
        raised = index + sum((shares[node] * up for node, up in zip(nodes, ups, strict=True)), Fraction(0))
        floor = Fraction(floors[predicate])
        assert abs(now - index) < 1e-12 and abs(reached - raised) < 1e-12
        assert index < floor <= raised
        assert all(level <= 5 for level in to_levels) and sum(ups) == cost and 1 <= set_no <= 10
        # With one cost for all, the dearest gains taken one level less must fall short.
        gains = sorted(
            (share for node, share in shares.items() for _ in range(5 - levels[node])), reverse=True
        )
        assert index + sum(gains[: cost - 1], Fraction(0)) < floor


def test_sets_come_in_the_stated_order_and_name_their_evidence(marts: duckdb.DuckDBPyConnection) -> None:
    """The highest index first; every lever says what the regulation will ask for."""
    disordered = marts.execute(
        """
        select count(*) from (
            select index_reached, lag(index_reached) over (
                partition by unit_code, period, stage, rulebook_id order by set_no) as before
            from (select distinct unit_code, period, stage, rulebook_id, set_no, index_reached
                from marts.fct_lever_sets)
        ) where index_reached > before + 1e-12
        """
    ).fetchone()
    assert disordered == (0,)
    assert marts.execute(
        "select count(*) from marts.fct_lever_sets where evidence_asked not like 'Tingkat %: %'"
    ).fetchone() == (0,)


def test_a_gap_between_stages_is_their_difference_and_its_parts_sum(marts: duckdb.DuckDBPyConnection) -> None:
    """Who asks why the final index is lower reads which aspects lost the points."""
    indices = {
        (period, stage): score
        for period, stage, score in marts.execute(
            "select period, stage, score from marts.fct_scores "
            "where node_id = 'p59.index' and unit_code = '12.07'"
        ).fetchall()
    }
    rows = marts.execute(
        "select period, from_stage, to_stage, gap, gap_printed, index_points from marts.fct_stage_gaps "
        "where node_id = 'p59.index' and unit_code = '12.07' order by all"
    ).fetchall()
    assert len(rows) == 6
    for period, earlier, later, gap, printed, points in rows:
        difference = indices[period, later] - indices[period, earlier]
        assert abs(gap - difference) < 1e-12 and abs(points - difference) < 1e-12
        assert abs(float(printed) - difference) <= 0.005 + 1e-12
    parts = marts.execute(
        """
        select period, from_stage, to_stage, sum(index_points) from marts.fct_stage_gaps
        where node_kind = 'domain' and unit_code = '12.07' group by all order by all
        """
    ).fetchall()
    assert all(abs(part[3] - row[5]) < 1e-9 for part, row in zip(parts, rows, strict=True))


def test_a_new_regulation_is_a_break_and_what_cannot_be_mapped_is_named(
    marts: duckdb.DuckDBPyConnection,
) -> None:
    """2025 to 2026 shows no change; the old evidence under the new regulation says how little it carries."""
    assert marts.execute(
        "select period, previous_period, is_break, change from marts.fct_year_on_year "
        "where stage = 'final' and node_kind = 'index' and unit_code = '12.07' and period = '2025'"
    ).fetchall()[0][:3] == ("2025", "2024", False)
    rows = marts.execute(
        "select as_rulebook_id, indicators_mapped, not_mapped, share_same, band_low_as, band_high_as, "
        "score_as from marts.fct_index_by_rulebook where period = '2025' and stage = 'final' order by 1"
    ).fetchall()
    assert [row[0] for row in rows] == ["permenpanrb-5-2018", "permenpanrb-8-2026"]
    pemdi = rows[1]
    assert pemdi[1] == 12 and "p8.i06" in pemdi[2] and pemdi[2].count(",") == 7
    # Only service management asks for the same: half of an aspect that weighs a tenth.
    assert pemdi[3] == pytest.approx(0.05) and pemdi[4] < pemdi[6] < pemdi[5]


def test_every_indicator_of_two_regulations_stands_in_the_mapping(marts: duckdb.DuckDBPyConnection) -> None:
    """A reader who looks for any indicator finds its partner or that it has none."""
    absent = marts.execute(
        """
        with pairs as (select distinct from_rulebook_id as a, to_rulebook_id as b from seeds.rulebook_mapping)
        select n.node_id, pairs.a, pairs.b
        from pairs inner join seeds.rulebook_nodes as n
            on n.node_kind = 'indicator' and n.rulebook_id in (pairs.a, pairs.b)
        where not exists (
            select 1 from seeds.rulebook_mapping as m
            where m.from_rulebook_id = pairs.a and m.to_rulebook_id = pairs.b
                and n.node_id in (m.from_node_id, m.to_node_id)
        )
        """
    ).fetchall()
    assert absent == []


def own_index(values: dict[str, float], weights: dict[str, float]) -> float:
    """The user's tree by hand: root over a and b, a over a1 and a2; an observed `a` counts as it is."""
    a = values.get("a")
    if a is None:
        present = [n for n in ("a1", "a2") if n in weights]
        a = (
            sum(weights[n] * values[n] for n in present) / sum(weights[n] for n in present)
            if present
            else None
        )
    parts = [(weights["a"], a)] if a is not None and "a" in weights else []
    parts += [(weights["b"], values["b"])] if "b" in weights else []
    return sum(w * v for w, v in parts) / sum(w for w, _ in parts)


def test_ranks_under_other_weights_are_those_of_python(marts: duckdb.DuckDBPyConnection) -> None:
    """Whoever draws the same weights from the same hash gets the same places, band and mean."""
    import hashlib

    values: dict[str, dict[str, float]] = {}
    for unit, node, score in marts.execute(
        "select unit_code, node_id, score from raw.scores where rulebook_id = 'own'"
    ).fetchall():
        values.setdefault(unit, {})[node] = float(score)
    nominal = {"a": 2 / 3, "b": 1 / 3, "a1": 1 / 4, "a2": 3 / 4}

    def uniform(draw: int, node: str) -> float:
        digest = hashlib.md5(f"1/{draw}/own/{node}".encode(), usedforsecurity=False).hexdigest()
        return int(digest[:13], 16) / 2**52

    def places(weights: dict[str, float]) -> dict[str, int]:
        indices = {unit: round(own_index(found, weights), 10) for unit, found in values.items()}
        return {unit: 1 + sum(other > own for other in indices.values()) for unit, own in indices.items()}

    drawn: dict[str, list[int]] = {unit: [] for unit in values}
    for draw in range(1, 1001):
        weights = {n: w * (1 + 0.25 * (2 * uniform(draw, n) - 1)) for n, w in nominal.items()}
        for unit, place in places(weights).items():
            drawn[unit].append(place)
    left_out = [places({n: w for n, w in nominal.items() if n != leaf}) for leaf in ("a1", "a2", "b")]
    rows = marts.execute(
        "select unit_code, rank, mean_rank, rank_p5, rank_p95, best_rank_left_out, worst_rank_left_out, "
        "draws from marts.fct_rank_uncertainty where rulebook_id = 'own'"
    ).fetchall()
    assert len(rows) == UNITS
    plain = places(nominal)
    for unit, rank, mean, low, high, best, worst, draws in rows:
        sample = sorted(drawn[unit])
        assert (rank, draws) == (plain[unit], 1000)
        assert mean == pytest.approx(sum(sample) / 1000)
        assert (low, high) == (sample[49], sample[949])
        assert (best, worst) == (min(p[unit] for p in left_out), max(p[unit] for p in left_out))


def test_correlation_of_siblings_is_pearsons(marts: duckdb.DuckDBPyConnection) -> None:
    """The number that names a weak or negative pair is the textbook's."""
    wanted = marts.execute(
        """
        select corr(x.score, y.score) from raw.scores as x
        inner join raw.scores as y on x.unit_code = y.unit_code and x.node_id = 'a1' and y.node_id = 'a2'
        where x.unit_code <> 'U00'
        """
    ).fetchone()
    found = marts.execute(
        "select correlation, verdict, units from marts.fct_indicator_correlations "
        "where rulebook_id = 'own' and node_id = 'a1'"
    ).fetchone()
    assert wanted is not None and found is not None
    assert found[0] == pytest.approx(wanted[0]) and found[2] == UNITS - 1
    assert found[1] == ("negative" if wanted[0] < 0 else "weak" if wanted[0] < 0.3 else "coherent")


def test_an_observed_node_counts_and_its_children_stand_beside(marts: duckdb.DuckDBPyConnection) -> None:
    """U00 handed in `a` itself: 50 counts, and what a1 and a2 would give is shown with the difference."""
    row = marts.execute(
        "select score, children_score, difference_to_children from marts.fct_scores "
        "where unit_code = 'U00' and node_id = 'a'"
    ).fetchone()
    children = dict(
        marts.execute(
            "select node_id, score from raw.scores where unit_code = 'U00' and node_id in ('a1', 'a2')"
        ).fetchall()
    )
    beside = float(children["a1"] + 3 * children["a2"]) / 4
    assert row is not None and row == pytest.approx((50, beside, 50 - beside))


def test_contributions_of_the_rows_of_a_file_sum_to_the_index(marts: duckdb.DuckDBPyConnection) -> None:
    """Nothing of an index is without a row that an analyst can open."""
    gaps = marts.execute(
        """
        select lineage.unit_code, lineage.period, lineage.rulebook_id, lineage.stage
        from marts.fct_score_lineage as lineage
        inner join marts.fct_scores as scores
            on lineage.unit_code = scores.unit_code and lineage.period = scores.period
            and lineage.rulebook_id = scores.rulebook_id and lineage.stage = scores.stage
            and lineage.index_node_id = scores.node_id
        where lineage.is_counted and scores.score is not null
        group by all
        having abs(sum(lineage.contribution) - any_value(scores.score)) > 1e-9
        """
    ).fetchall()
    assert gaps == []
    assert marts.execute(
        "select path, file_name, row_number, file_sha256 from marts.fct_score_lineage "
        "where node_id = 'p59.i18' and period = '2024' and stage = 'self'"
    ).fetchone() == ("/p59.index/p59.d2/p59.a3/p59.i18/", "levels.csv", 19, "sha-levels")


def test_explain_leads_from_the_index_to_the_row(published: Path) -> None:
    """The path of one indicator: all above it, its weight and points, and the row with the file's sha256."""
    [found] = explain(published, "12.07", "2024", "p59.i18", stage="self")
    text = list(found.lines())
    assert [line.split()[0] for line in text[1:]] == ["p59.index", "p59.d2", "p59.a3", "p59.i18", "←"]
    assert "bobot 2,5 %" in text[4] and "menyumbang" in text[4]
    assert text[5].strip() == "← levels.csv, baris 19, sha256 sha-levels, diterima 2026-05-04"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("12.070", "2024", None), "kode terdekat: 12.07"),
        (("12.07", "1999", None), "periode yang ada: 2024, 2025"),
        (("12.07", "2024", "p59.i99"), "simpul p59.i99 tidak ada"),
    ],
)
def test_explain_says_what_there_is(
    published: Path, arguments: tuple[str, str, str | None], words: str
) -> None:
    with pytest.raises(NothingToExplain, match=words):
        explain(published, *arguments)

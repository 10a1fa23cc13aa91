"""The page to try what raises the index: its script says what the engine says, without a network."""

import random
import re
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from accessibility import page_faults
from index_build import ROOT, build_index

from exports.database import CONFIG
from exports.reports.whatif import render_whatif, whatif_name

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

TABLES = (
    *("dim_instansi", "dim_level", "dim_node", "dim_node_weight", "dim_predicate", "dim_rulebook"),
    *("fct_lever_sets", "fct_scores"),
)
# Where the exact index is called and where the printed one is, a scale from 0, and levels with decimals.
CASES = {
    "12.01": ("permenpanrb-59-2020", "2025", 0),
    "12.02": ("permenpanrb-59-2020", "2023", 0),
    "12.03": ("permenpanrb-5-2018", "2020", 0),
    "12.04": ("permenpanrb-8-2026", "2026", 2),
}
CHOICES = 12
Choice = dict[str, int]


@pytest.fixture(scope="module")
def choices() -> dict[str, list[Choice]]:
    """Levels up by indicator, for each unit that the engine computes beside the one of the page."""
    return {}


@pytest.fixture(scope="module")
def engine(
    tmp_path_factory: pytest.TempPathFactory, choices: dict[str, list[Choice]]
) -> Iterator[duckdb.DuckDBPyConnection]:
    """What the engine publishes: each case as it is, and as it would be with random indicators raised."""
    folder = tmp_path_factory.mktemp("whatif")
    warehouse = folder / "warehouse.duckdb"
    dice = random.Random(17)
    rows: list[tuple[str, str, str, str, str | None]] = []
    with duckdb.connect() as connection:
        nodes = connection.execute(
            f"select rulebook_id, node_id from '{ROOT}/dbt_project/seeds/rulebooks/rulebook_nodes.csv' "
            "where node_kind = 'indicator' order by all"
        ).fetchall()
    for code, (rulebook, period, places) in CASES.items():
        lowest = 0 if rulebook == "permenpanrb-5-2018" else 1
        levels: dict[str, Decimal | None] = {}
        for _, node in (row for row in nodes if row[0] == rulebook):
            level = Decimal(dice.randint(lowest * 10**places, 5 * 10**places)).scaleb(-places)
            levels[node] = None if dice.random() < 0.06 else min(level, Decimal(dice.randint(2, 5)))
        rows += [(code, period, rulebook, node, _text(level)) for node, level in levels.items()]
        choices[code] = []
        for number in range(CHOICES):
            choice: Choice = {}
            share = dice.random()
            raised = dict(levels)
            for node, level in levels.items():
                most = int(5 - level) if level is not None else 6 - lowest
                if most and dice.random() < share:
                    up = choice[node] = dice.randint(1, most)
                    raised[node] = level + up if level is not None else Decimal(lowest + up - 1)
            choices[code].append(choice)
            rows += [
                (f"{code}+{number}", period, rulebook, node, _text(level)) for node, level in raised.items()
            ]
    with duckdb.connect(str(warehouse), config=CONFIG) as connection:
        connection.execute((ROOT / "tests" / "data" / "raw_index.sql").read_text(encoding="utf-8"))
        connection.execute(
            """
            insert into raw.self_assessment by name
            select unnest(?::varchar[]) as instansi_code, unnest(?::varchar[]) as period,
                unnest(?::varchar[]) as rulebook_id, unnest(?::varchar[]) as node_id,
                unnest(?::decimal(38, 10)[]) as level, unnest(range(?)) as _row_number,
                'self' as stage, 'one' as _file_sha256, 1 as _file_order
            """,
            [*(list(column) for column in zip(*rows, strict=True)), len(rows)],
        )
        connection.execute("insert into raw.run_settings values ('12.01', date '2026-12-31')")
    build_index(warehouse, folder)
    published = duckdb.connect()
    published.execute(f"attach '{warehouse}' as warehouse (read_only)")
    for table in TABLES:
        published.execute(f"create table {table} as from warehouse.marts.{table}")
    published.execute(
        """
        create table fct_evidence_rules (instansi_code varchar, period varchar, rulebook_id varchar,
            node_id varchar, level integer, rule_no integer, check_kind varchar, sentence varchar,
            state varchar);
        create table fct_evidence_checklist (instansi_code varchar, period varchar, rulebook_id varchar,
            node_id varchar, opd_code varchar);
        create table dim_opd (instansi_code varchar, opd_code varchar, opd_name varchar);
        """
    )
    yield published
    published.close()


def _text(level: Decimal | None) -> str | None:
    return None if level is None else str(level)


@pytest.fixture
def page(browser: "Browser") -> "Iterator[Page]":
    """A page that fails the test on a request, a console message or a script error."""
    page = browser.new_page(viewport={"width": 360, "height": 800})
    seen: list[str] = []
    page.on("request", lambda request: seen.append(f"request {request.url}"))
    page.on("console", lambda message: seen.append(f"console {message.text}"))
    page.on("pageerror", lambda error: seen.append(f"error {error}"))
    yield page
    page.close()
    assert [entry for entry in seen if not entry.startswith(("request file:", "request data:"))] == []


def _write(connection: duckdb.DuckDBPyConnection, code: str, folder: Path) -> str:
    content = render_whatif(connection, code)
    assert content is not None
    path = folder / whatif_name(code)
    path.write_bytes(content)
    return path.as_uri()


def _shown(page: "Page") -> dict[str, Any]:
    shown: dict[str, Any] = {
        name: page.locator(f"[data-place={name}]").inner_text()
        for name in ("index", "predicate", "band", "cost", "before")
    }
    shown["nodes"] = {
        row.get_attribute("data-node"): row.locator("td").last.inner_text()
        for row in page.locator("[data-place=domains] tr").all()
    }
    return shown


def _printed(value: object) -> str:
    return "–" if value is None else f"{value}".replace(".", ",")


@pytest.mark.parametrize("code", CASES)
def test_script_says_what_the_engine_says(
    engine: duckdb.DuckDBPyConnection,
    choices: dict[str, list[Choice]],
    page: "Page",
    tmp_path: Path,
    code: str,
) -> None:
    address = _write(engine, code, tmp_path)
    for number, choice in enumerate(choices[code]):
        chosen = ",".join(f"{node}:{up}" for node, up in choice.items())
        page.goto("about:blank")
        page.goto(f"{address}#s=self&n={chosen}")
        shown = _shown(page)
        rows = engine.execute(
            "select node_id, depth, printed, predicate, band_low, band_high from fct_scores "
            "inner join dim_node using (rulebook_id, node_id) where instansi_code = ? and depth < 2",
            [f"{code}+{number}"],
        ).fetchall()
        index = next(row for row in rows if row[1] == 0)
        assert shown["index"] == (_printed(index[2]) if index[2] is not None else "belum cukup nilai"), number
        assert shown["predicate"] == (index[3] or "–"), number
        assert shown["nodes"] == {row[0]: _printed(row[2]) for row in rows if row[1] == 1}, number
        if ends := re.findall(r"\d,\d\d", shown["band"]):
            low, high = (float(end.replace(",", ".")) for end in ends)
            assert abs(low - index[4]) <= 0.0050001 and abs(high - index[5]) <= 0.0050001
        else:
            assert index[4] == index[5]
        # A level costs 1 where the region states nothing else.
        assert shown["cost"] == str(sum(choice.values())), number


@pytest.mark.parametrize("code", CASES)
def test_cheapest_way_is_the_engines(
    engine: duckdb.DuckDBPyConnection, page: "Page", tmp_path: Path, code: str
) -> None:
    page.goto(_write(engine, code, tmp_path))
    page.click("[data-place=cheapest]")
    found = engine.execute(
        "select distinct next_predicate, set_cost, index_reached from fct_lever_sets "
        "where instansi_code = ? and set_no = 1",
        [code],
    ).fetchall()
    assert len(found) == 1
    predicate, cost, reached = found[0]
    shown = _shown(page)
    assert shown["predicate"] == predicate
    assert shown["cost"] == str(cost)
    assert shown["index"] == _printed(Decimal(str(reached)).quantize(Decimal("0.01"), ROUND_HALF_UP))
    assert page.locator("[data-place=plan] li strong").count() > 0


def test_choice_travels_in_the_link_and_a_crooked_link_is_no_harm(
    engine: duckdb.DuckDBPyConnection, page: "Page", tmp_path: Path
) -> None:
    address = _write(engine, "12.01", tmp_path)
    page.goto(address)
    page.click("[data-place=cheapest]")
    page.click("[data-place=share]")
    link, shown = page.locator("[data-place=link]").input_value(), _shown(page)
    page.goto("about:blank")
    page.goto(link)
    assert _shown(page) == shown
    page.goto("about:blank")
    page.goto(f"{address}#s=nowhere&n=p59.i01:99,<b>:1,p59.index:3,p59.i02:-4,p59.i03:x&d=p59.i01 7,x")
    assert page.locator("[data-place=plan] li strong").count() <= 1
    assert page.locator("main b b").count() == 0


def test_documents_that_are_coming_lift_what_evidence_supports(
    published_marts: Path, browser: "Browser", tmp_path: Path
) -> None:
    """Levels 3 and 4 lack a document each, level 5 a measure: one climbs as far as no rule is open."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{published_marts}' as published (read_only)")
        for (table,) in connection.execute(
            "select table_name from duckdb_tables() where database_name = 'published'"
        ).fetchall():
            connection.execute(f"create table {table} as from published.{table}")
        connection.execute(
            """
            update fct_scores set observed = score where node_kind = 'indicator';
            delete from fct_scores where stage = 'document';
            """
        )
        address = _write(connection, "99.99", tmp_path)
    page = browser.new_page(viewport={"width": 360, "height": 800})
    page.goto(address)
    page.select_option("[data-place=stage]", "evidence")
    assert page.locator("select[data-indicator='p59.i18'] option").first.inner_text() == "tingkat 2"
    page.locator("summary").first.click()
    page.get_by_label("laporan reviu untuk tingkat 4").check()
    # Level 3 still lacks its own.
    assert page.locator("select[data-indicator='p59.i18'] option").first.inner_text() == "tingkat 2"
    page.get_by_label("laporan penggunaan untuk tingkat 3").check()
    assert page.locator("select[data-indicator='p59.i18'] option").first.inner_text() == "tingkat 4"
    assert "Bukti akan mendukung tingkat 4." in page.locator("[data-place=documents]").inner_text()
    assert "(I04)" not in page.content()
    page.emulate_media(media="print")
    assert page.locator("[data-place=documents]").is_visible()
    assert not page.locator("[data-place=indicators]").is_visible()
    page.close()


def test_page_is_readable_on_a_telephone_and_by_a_screen_reader(
    engine: duckdb.DuckDBPyConnection, browser: "Browser", page: "Page", tmp_path: Path
) -> None:
    page.goto(_write(engine, "12.01", tmp_path))
    assert page_faults(browser, tmp_path / whatif_name("12.01")) == []
    assert page.locator("select, input:not([hidden])").count() > 40
    unnamed = page.locator("select, input").evaluate_all(
        "all => all.filter(e => !e.labels.length && !e.getAttribute('aria-label')).length"
    )
    assert unnamed == 0
    assert page.locator("fieldset").count() == page.locator("fieldset:has(legend)").count()


def test_where_only_domains_are_known_there_is_nothing_to_try(published_marts: Path) -> None:
    with duckdb.connect(str(published_marts), read_only=True, config=CONFIG) as connection:
        connection.execute("set TimeZone = 'UTC'")
        with pytest.raises(LookupError):
            render_whatif(connection, "36")
        assert render_whatif(connection, "panrb") is None

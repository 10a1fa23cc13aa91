"""Fixtures of the costly tests: a small warehouse of marts, its published database, a real browser."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest
from generate_logs import generate
from killed_homes import run_whole

from exports.database import CONFIG, identifier, list_tables
from exports.publish import publish_database

if TYPE_CHECKING:
    from playwright.sync_api import Browser

DATA = Path(__file__).parent.parent / "data"
Shared = Callable[[str, Callable[[Path], object]], Path]


@pytest.fixture(scope="session")
def marts_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse with documented marts and the rows of `tests/data/marts.sql`; do not write to it."""
    path = tmp_path_factory.mktemp("marts") / "warehouse.duckdb"
    with duckdb.connect(str(path), config=CONFIG) as connection:
        connection.execute((DATA / "marts.sql").read_text(encoding="utf-8"))
        for table in list_tables(connection, "marts"):
            name = f"marts.{identifier(table.name)}"
            if not table.comment:
                connection.execute(f"comment on table {name} is 'Rows of {table.name}.'")
            for column in table.columns:
                connection.execute(
                    f"comment on column {name}.{identifier(column.name)} is '{column.name} of {table.name}'"
                )
    return path


@pytest.fixture
def warehouse(marts_warehouse: Path, tmp_path: Path) -> Path:
    """A copy of the warehouse that a test may change."""
    return Path(shutil.copyfile(marts_warehouse, tmp_path / "warehouse.duckdb"))


@pytest.fixture(scope="session")
def published_marts(marts_warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published database of `marts_warehouse`; read it only."""
    published = tmp_path_factory.mktemp("published") / "spbe.duckdb"
    publish_database(marts_warehouse, published)
    return published


# A file's, not the session's: playwright keeps a running event loop, beside which nothing else may run one.
@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """Debian's chromium, headless; without it the test is skipped, or fails when all must run."""
    from playwright.sync_api import sync_playwright

    executable = shutil.which("chromium")
    if executable is None:
        message = "the page tests need chromium: apt-get install chromium"
        if os.environ.get("TEST_REQUIRE_ALL") == "1":
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def calls_inbox(shared: Shared) -> Path:
    """An inbox with two days of logs of all gateways; read it only."""
    return shared("calls-inbox", lambda folder: generate(folder, 4000, days=2))


@pytest.fixture(scope="session")
def calls_home(shared: Shared, calls_inbox: Path) -> Path:
    """A home whose only run, on `calls_inbox`, was not disturbed; copy it."""
    return shared("calls-home", lambda folder: run_whole(folder, calls_inbox))

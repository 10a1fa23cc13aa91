"""Dirty and hostile files, each with its fate: loaded, or refused with rule, row, column and what was found.

All go through one real intake; a case is one file of an instansi of its own.
"""

import duckdb
import pytest
from odd_fates import check_fate
from odd_files import CASES, LIMITS, Case, lay

from orchestration import intake
from orchestration.settings import Settings
from orchestration.warehouse import open_warehouse


@pytest.fixture(scope="module")
def received(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    """All cases through one intake, with small limits."""
    home = tmp_path_factory.mktemp("hostile")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPBE_HOME", str(home))
        settings = Settings(home=home, **LIMITS)  # type: ignore[arg-type]
        settings.prepare_home()
    for number, case in enumerate(CASES):
        lay(case, number, settings.inbox)
    con = open_warehouse(settings.warehouse)
    intake.prepare_warehouse(con, settings)
    for kind in [None, *intake.table_kinds()]:
        list(intake.receive(con, settings, settings.inbox, kind))
    return con


@pytest.mark.parametrize(("number", "case"), list(enumerate(CASES)), ids=[c.name for c in CASES])
def test_the_fate_of_a_file(received: duckdb.DuckDBPyConnection, number: int, case: Case) -> None:
    check_fate(received, number, case)


def test_at_least_sixty_files_are_tried() -> None:
    assert len(CASES) >= 60


def test_reading_again_changes_nothing(received: duckdb.DuckDBPyConnection) -> None:
    statuses = received.execute("select status, count(*) from raw.intake_files group by 1").fetchall()
    assert sum(n for _, n in statuses) == len([case for case in CASES if case.status != "ignored"])

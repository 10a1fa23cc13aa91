"""The example inbox through the real intake and models, once for all golden tests that ask for it."""

import datetime as dt
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

ROOT = Path(__file__).parents[2]
INBOX = ROOT / "sources" / "example_inbox"
# The fictional agencies, the study's regency and Banten; the two log samples have tests of their own.
INSTANSI = ("99.99", "99.98", "12.07", "36")
MID_MONTH = dt.date(2026, 10, 15)


def dbt(command: list[str], folder: Path, warehouse: Path) -> None:
    """Run dbt on a warehouse; fail with its output."""
    project = ROOT / "dbt_project"
    options = ["--project-dir", str(project), "--profiles-dir", str(project)]
    options += ["--target-path", str(folder / "target"), "--log-path", str(folder / "logs")]
    done = subprocess.run(
        [str(Path(sys.executable).with_name("dbt")), *command, *options],
        env={**os.environ, "SPBE_WAREHOUSE": str(warehouse)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]


# The data tests of the models run wherever the whole chain runs; here the figures are the test.
MARTS = [
    "+fct_findings", "+fct_indicator_values", "+fct_scores", "+fct_year_on_year", "+fct_overlaps",
    "+fct_exchange_network", "+fct_exchange_edges", "+dim_system", "+fct_calls_daily", "+fct_contracts",
    "+fct_datasets", "+fct_service_quality",
    "+marts.study", "+marts.evidence",
]  # fmt: skip


@pytest.fixture(scope="session")
def example_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a warehouse with all marts of the example, without the log samples."""
    from orchestration import intake
    from orchestration.settings import Settings
    from orchestration.warehouse import open_warehouse

    folder = tmp_path_factory.mktemp("example")
    inbox = folder / "inbox"
    for part in INBOX.glob("*/*"):
        for source in [part] if part.name in INSTANSI else part.glob("*"):
            if source.name in INSTANSI:
                shutil.copytree(source, inbox / source.relative_to(INBOX))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPBE_HOME", str(folder / "home"))
        settings = Settings(home=folder / "home")
        settings.prepare_home()
    connection = open_warehouse(settings.warehouse)
    intake.prepare_warehouse(connection, settings)
    for kind in [*intake.table_kinds(), "service_log"]:
        for record in intake.receive(connection, settings, inbox, kind):
            assert record.status in ("loaded", "partly", "rejected"), record
    connection.close()
    dbt(["seed", "--quiet"], folder, settings.warehouse)
    dbt(
        ["run", "--select", "tag:daily"],
        folder,
        settings.warehouse,
    )
    dbt(["run", "--select", *MARTS, "--exclude", "tag:daily"], folder, settings.warehouse)
    return settings.warehouse


@pytest.fixture(scope="session")
def example_warehouse(example_file: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse of the example; read it only."""
    from orchestration.warehouse import open_warehouse

    connection = open_warehouse(example_file)
    yield connection
    connection.close()


@pytest.fixture(scope="session")
def mid_month_warehouse(
    example_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The same on the evening of `MID_MONTH`: the days after it have no calls yet; read it only."""
    from orchestration.warehouse import open_warehouse

    folder = tmp_path_factory.mktemp("mid_month")
    warehouse = folder / example_file.name
    shutil.copyfile(example_file, warehouse)
    connection = open_warehouse(warehouse)
    connection.execute("update raw.run_settings set as_of = ?", [MID_MONTH])
    connection.execute("delete from intermediate.int_calls__counted_daily where day > ?", [MID_MONTH])
    connection.close()
    dbt(["run", "--select", *MARTS, "--exclude", "tag:daily"], folder, warehouse)
    connection = open_warehouse(warehouse)
    yield connection
    connection.close()

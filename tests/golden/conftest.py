"""The example inbox through the real intake and models, once for all golden tests that ask for it."""

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
# The fictional regency, the study's regency and Banten; the two log samples have tests of their own.
INSTANSI = ("99.99", "12.07", "36")
DAYS = ("2026-10-01", "2026-11-01")


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


@pytest.fixture(scope="session")
def example_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse with all marts of the example, without the log samples; read it only."""
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
    first, end = DAYS
    dbt(["seed", "--quiet"], folder, settings.warehouse)
    dbt(
        ["run", "--select", "tag:daily", "--event-time-start", first, "--event-time-end", end],
        folder,
        settings.warehouse,
    )
    # The data tests of the models run wherever the whole chain runs; here the figures are the test.
    marts = ["+fct_findings", "+fct_indicator_values", "+fct_scores", "+marts.evidence", "+fct_overlaps"]
    marts += ["+fct_exchange_network", "+fct_exchange_edges", "+dim_system", "+marts.study"]
    dbt(["run", "--select", *marts, "--exclude", "tag:daily"], folder, settings.warehouse)
    connection = open_warehouse(settings.warehouse)
    yield connection
    connection.close()

"""Build the models of the index alone, by dbt, on raw rows of one's own."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
# The index alone: what other rooms hand to it stands in tests/data/raw_index.sql, empty.
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


def build_index(warehouse: Path, folder: Path) -> None:
    """Seeds and models into a warehouse with the raw tables; what dbt writes besides goes into `folder`."""
    dbt = Path(sys.executable).with_name("dbt")
    options = ["--project-dir", str(ROOT / "dbt_project"), "--profiles-dir", str(ROOT / "dbt_project")]
    options += ["--target-path", str(folder / "target"), "--log-path", str(folder / "logs")]
    without = ["--exclude-resource-types", "test", "unit_test"]
    built = subprocess.run(
        [str(dbt), "build", *options, "--select", *SELECTION, *without],
        env={**os.environ, "SPBE_WAREHOUSE": str(warehouse)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout[-4000:]

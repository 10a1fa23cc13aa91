"""What all tests share: cost classes by folder, and one example home for all that ask for it."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

ROOT = Path(__file__).parents[1]
FOLDERS = ("unit", "pipeline", "golden", "conventions")
# A unit test that takes this home or that browser is no unit test.
COSTLY = {"example_home", "example_warehouse", "browser"}

Spbe = Callable[..., subprocess.CompletedProcess[str]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Folders are cost classes: stop where a test sits in the wrong one."""
    wrong = []
    for item in items:
        folder = item.path.relative_to(ROOT / "tests").parts[0]
        if folder not in FOLDERS:
            wrong.append(f"{item.nodeid}: tests live in {', '.join(FOLDERS)}")
        elif folder == "unit" and COSTLY & set(getattr(item, "fixturenames", ())):
            wrong.append(f"{item.nodeid}: uses the pipeline, so it belongs to tests/pipeline")
    if wrong:
        raise pytest.UsageError("\n".join(wrong))


def run_spbe(home: Path, *arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """The `spbe` command as a user runs it, on a home."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("SPBE_", "DAGSTER_", "DBT_"))}
    return subprocess.run(
        [str(Path(sys.executable).with_name("spbe")), *map(str, arguments)],
        env={**environment, "SPBE_HOME": str(home), **variables},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="session")
def spbe() -> Spbe:
    """`spbe(home, "run", …, SPBE_NAME=value)` runs the command and gives its exit code and output."""
    return run_spbe


@pytest.fixture(scope="session")
def example_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home made by the main job on the example inbox, one for all workers; `first-run.txt` in it holds what
    the run printed.

    Read it, or only add to it what later tests can not stumble over.
    """
    base = tmp_path_factory.getbasetemp()
    folder = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    home, told = folder / "example" / "home", folder / "example" / "home" / "first-run.txt"
    with FileLock(folder / "example.lock"):
        if not told.exists():
            done = run_spbe(home, "run", "--example")
            assert done.returncode == 0, done.stdout + done.stderr
            told.write_text(done.stdout, encoding="utf-8")
    return home

"""What all tests share: cost classes by folder, and one example home for all that ask for it."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Begun in the background of a shell, all that tests start would ignore Ctrl-C, too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
ROOT = Path(__file__).parents[1]
FOLDERS = ("unit", "pipeline", "golden", "conventions")
# Files that take a minute and more, longest first: side by side, none of them is to begin last.
LASTING = (
    "test_unchanged_models.py",
    "test_killed_after_publishing.py",
    "test_odd_inbox.py",
    "test_cluster.py",
    "test_workers.py",
    "test_ui.py",
    "test_stopped_run.py",
    "test_killed_run.py",
    "test_accepted_rows.py",
    "test_example_measures.py",
    "test_installed.py",
    "test_privacy_home.py",
    "test_calls.py",
    "test_builds.py",
    "test_main_job.py",
    "test_logs.py",
    "test_logs_incremental.py",
    "test_contract_verdicts.py",
    "test_verify_hostile.py",
    "test_log_envelopes.py",
    "test_form.py",
    "test_late_instansi.py",
    "test_alerts.py",
    "test_together.py",
)
# A unit test that takes this home or that browser is no unit test.
COSTLY = {"example_home", "example_warehouse", "browser"}

Spbe = Callable[..., subprocess.CompletedProcess[str]]
Shared = Callable[[str, Callable[[Path], object]], Path]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Folders are cost classes: stop where a test sits in the wrong one; begin with the files that last, and
    leave the long trials to the long mode.
    """
    if os.environ.get("TEST_LONG") != "1":
        longer = [item for item in items if item.get_closest_marker("long")]
        items[:] = [item for item in items if item not in longer]
        config.hook.pytest_deselected(items=longer)
    items.sort(key=lambda item: LASTING.index(item.path.name) if item.path.name in LASTING else len(LASTING))
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
def shared(tmp_path_factory: pytest.TempPathFactory) -> Shared:
    """`shared(name, make)` is the folder that `make(folder)` filled, once for all workers."""
    base = tmp_path_factory.getbasetemp()
    parent = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def folder(name: str, make: Callable[[Path], object]) -> Path:
        made, mark = parent / "shared" / name, parent / "shared" / f"{name}.made"
        made.mkdir(parents=True, exist_ok=True)
        with FileLock(mark.with_suffix(".lock")):
            if not mark.exists():
                make(made)
                mark.touch()
        return made

    return folder


@pytest.fixture(scope="session")
def example_home(shared: Shared) -> Path:
    """A home made by the main job on the example inbox; `first-run.txt` in it holds what the run printed.

    Read it, or only add to it what later tests can not stumble over.
    """

    def make(home: Path) -> None:
        done = run_spbe(home, "run", "--example")
        assert done.returncode == 0, done.stdout + done.stderr
        (home / "first-run.txt").write_text(done.stdout, encoding="utf-8")

    return shared("example", make)

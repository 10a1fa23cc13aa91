"""Dagster's records of runs are damaged: they are moved aside, which is told, and what was asked goes on."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from killed_homes import start

from orchestration.instance import set_broken_aside
from orchestration.settings import Settings

RECORDS = ("history/runs.db", "history/runs/index.db", "schedules/schedules.db")


def garbage(path: Path) -> None:
    path.write_bytes(b"\xa7" * 5000)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize("damage", [garbage, cut])
@pytest.mark.parametrize("name", RECORDS)
def test_damaged_records_are_moved_aside_and_sound_ones_stay(
    calls_home: Path, tmp_path: Path, name: str, damage: Callable[[Path], None]
) -> None:
    home = tmp_path / "home"
    shutil.copytree(calls_home / "dagster", home / "dagster")
    settings = Settings(home=home)  # type: ignore[call-arg]
    assert set_broken_aside(settings) is None
    for beside in (home / "dagster" / name).parent.glob(f"{Path(name).name}-*"):
        beside.unlink()
    damage(home / "dagster" / name)
    damaged = (home / "dagster" / name).read_bytes()
    told = set_broken_aside(settings)
    [aside] = home.glob("dagster-broken-*")
    assert told is not None
    assert str(aside) in told
    assert "\n" not in told
    assert (aside / name).read_bytes() == damaged
    assert aside.stat().st_mode & 0o777 == 0o700
    assert not (home / "dagster" / "history").exists()
    assert set_broken_aside(settings) is None


def test_a_night_goes_on_with_new_records(tmp_path: Path, calls_inbox: Path, calls_home: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(calls_home, home)
    garbage(home / "dagster" / "history" / "runs.db")
    (home / "published" / "report" / "index.html").unlink()
    process = start(home, calls_inbox)
    told = process.communicate()[0]
    assert process.returncode == 0, told
    assert "Traceback" not in told
    [line] = [line for line in told.splitlines() if "can not be read" in line]
    [aside] = home.glob("dagster-broken-*")
    assert f"moved to {aside}" in line
    assert line.removeprefix("… ") in (home / "logs" / "spbe.log").read_text(encoding="utf-8")
    assert (aside / "history" / "runs.db").read_bytes() == b"\xa7" * 5000
    assert (home / "dagster" / "history" / "runs.db").read_bytes().startswith(b"SQLite format 3")
    assert (home / "published" / "report" / "index.html").exists()

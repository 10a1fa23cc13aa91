"""Commands and their home: what makes one, what makes nothing, and what is said where there is none."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestration.settings import Settings

Spbe = Callable[..., subprocess.CompletedProcess[str]]
SPBE = Path(sys.executable).with_name("spbe")


def at(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """The command in a folder, without SPBE_HOME."""
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("SPBE_", "DAGSTER_", "DBT_"))}
    return subprocess.run(
        [str(SPBE), *arguments],
        env={**plain, **variables},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "command",
    ["run", "query x", "explain 12.07 2023", "export", "ui", "service install",
     "check --kind complaint --contract-version 1.0.0"],
)  # fmt: skip
def test_without_a_home_a_command_says_how_to_get_one_and_makes_nothing(command: str, tmp_path: Path) -> None:
    done = at(tmp_path, *command.split())
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) <= 2
    assert "spbe init" in done.stderr
    assert "SPBE_HOME" in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", ["query x", "explain 12.07 2023", "export", "ui"])
def test_a_named_folder_that_is_no_home_is_named(command: str, tmp_path: Path) -> None:
    done = at(tmp_path, *command.split(), SPBE_HOME=str(tmp_path / "typo"))
    assert done.returncode == 2
    assert str(tmp_path / "typo") in done.stderr
    assert not list(tmp_path.iterdir())


def test_an_agency_checks_and_fills_in_without_a_home(tmp_path: Path) -> None:
    made = at(tmp_path, "template", "self_assessment", "-o", "formulir.xlsx")
    assert made.returncode == 0, made.stderr
    assert "no home" in made.stderr
    (tmp_path / "a.csv").write_text("rulebook_id,node_id,stage,level\npermenpanrb-59-2020,p59.i01,self,3\n")
    checked = at(tmp_path, "check", "a.csv", "--kind", "self_assessment")
    assert checked.returncode == 0, checked.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"formulir.xlsx", "a.csv"}


def test_init_makes_a_home_once(tmp_path: Path) -> None:
    made = at(tmp_path, "init")
    assert made.returncode == 0, made.stderr
    home = tmp_path / "data"
    assert f"export SPBE_HOME={home}" in made.stdout
    text = (home / "spbe.toml").read_text(encoding="utf-8")
    assert all(f"#{name} = " in text for name in Settings.model_fields if name != "home")
    (home / "spbe.toml").write_text('instansi = "99.99"\n', encoding="utf-8")
    again = at(tmp_path, "init")
    assert again.returncode == 2
    assert "holds a home already" in again.stderr
    assert (home / "spbe.toml").read_text(encoding="utf-8") == 'instansi = "99.99"\n'
    # What only reads leaves even an empty home as it is.
    shutil.rmtree(home / "keys")
    before = sorted(home.rglob("*"))
    assert at(tmp_path, "query", "select 1").returncode == 1
    assert at(tmp_path, "export").returncode == 1
    assert at(tmp_path, "template", "complaint", "-o", "a.xlsx").returncode == 0
    (tmp_path / "a.csv").write_text("rulebook_id,node_id,stage,level\npermenpanrb-59-2020,p59.i01,self,3\n")
    assert at(tmp_path, "check", "a.csv", "--kind", "self_assessment").returncode == 0
    assert sorted(home.rglob("*")) == before


def test_init_takes_no_folder_that_is_used(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").touch()
    for folder, words in ((tmp_path, "holds other files"), (tmp_path / "letter.txt", "found a file")):
        done = at(tmp_path, "init", str(folder))
        assert done.returncode == 2
        assert words in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_init_makes_the_home_that_is_named(tmp_path: Path) -> None:
    assert at(tmp_path, "init", SPBE_HOME=str(tmp_path / "a")).returncode == 0
    assert at(tmp_path, "init", "b", SPBE_HOME=str(tmp_path / "a")).returncode == 0
    assert (tmp_path / "a" / "spbe.toml").is_file()
    assert (tmp_path / "b" / "spbe.toml").is_file()


def test_a_wrong_group_is_told_in_one_line(tmp_path: Path) -> None:
    done = at(tmp_path, "run", SPBE_HOME=str(tmp_path / "a"), SPBE_OUTPUT_GROUP="no-such-group")
    assert done.returncode == 2
    assert done.stderr.startswith("spbe: output_group no-such-group:")


def spoil_published(home: Path) -> None:
    (home / "published").mkdir(exist_ok=True)
    (home / "published" / "spbe.duckdb").write_bytes(b"spoilt" * 2000)


def spoil_warehouse(home: Path) -> None:
    (home / "warehouse.duckdb").write_bytes(b"spoilt" * 2000)


def lose_key(home: Path) -> None:
    (home / "keys" / "pseudonym.key").write_text("no key")


@pytest.mark.parametrize(
    ("toml", "variables", "spoil", "command", "exit_code", "words"),
    [
        ("min_calls = ", {}, None, "status", 2, "spbe.toml of the home is no TOML"),
        ("min_call = 1", {}, None, "status", 2, "setting min_call: there is no such setting"),
        ('min_calls = "x"', {}, None, "status", 2, "setting min_calls: "),
        ('time_zone = "Asia/Medan"', {}, None, "run", 2, "Asia/Jakarta"),
        ("", {"SPBE_MINCALLS": "1"}, None, "run", 2, "perhaps SPBE_MIN_CALLS"),
        ("", {"SPBE_MIN_CALLS": "0"}, None, "run", 2, "setting min_calls: "),
        ("", {}, None, "run --day 2999-01-01", 2, "expected a day from "),
        ("", {}, None, "run --inbox nowhere", 2, "expected a folder"),
        ("", {}, None, "export --period 2026", 1, "`spbe run` first"),
        ("", {}, spoil_published, "query select+1", 1, "`spbe run` makes what is published again"),
        ("", {}, spoil_published, "explain 12.07 2023", 1, "`spbe run` makes what is published again"),
        ("", {}, spoil_warehouse, "run", 1, "`spbe rebuild` makes it anew"),
        ("", {}, spoil_warehouse, "status", 1, "`spbe rebuild` makes it anew"),
        ("", {}, lose_key, "run", 1, "pseudonym.key"),
        ("", {}, None, "init /proc/nowhere", 1, "/proc/nowhere: "),
        ("", {}, None, "check nowhere.csv --kind usage", 2, "tidak ada"),
        ("", {}, None, "verify nowhere", 2, "does not exist"),
    ],
)
def test_what_a_person_can_cause_is_told_in_two_lines(
    tmp_path: Path,
    toml: str,
    variables: dict[str, str],
    spoil: Callable[[Path], None] | None,
    command: str,
    exit_code: int,
    words: str,
) -> None:
    home = tmp_path / "home"
    at(tmp_path, "init", str(home))
    if toml:
        (home / "spbe.toml").write_text(toml)
    if spoil:
        spoil(home)
    done = at(
        tmp_path, *(part.replace("+", " ") for part in command.split()), SPBE_HOME=str(home), **variables
    )
    assert done.returncode == exit_code, done.stderr
    assert words in done.stderr
    told = [line for line in done.stderr.splitlines() if not line.startswith("…")]
    assert len(told) <= 2
    assert all(line.startswith("spbe: ") for line in told)


def test_a_command_below_the_web_interface_meets_no_unknown_variable(tmp_path: Path) -> None:
    at(tmp_path, "init", str(tmp_path / "home"))
    done = at(tmp_path, "status", SPBE_HOME=str(tmp_path / "home"), SPBE_LEADER="1:2", SPBE_WAREHOUSE="x")
    assert done.returncode == 0, done.stderr


def test_the_versions_stand_in_one_line(tmp_path: Path) -> None:
    done = at(tmp_path, "--version")
    assert re.fullmatch(
        r"spbe [\d.]+ \(dbt [\d.]+, Dagster [\d.]+, DuckDB [\d.]+, Python [\d.]+\)\n", done.stdout
    )


def test_help_and_completion_load_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom orchestration.cli.main import main\ntry: main()\nexcept SystemExit: pass\n"
        "print({'dagster', 'dbt', 'duckdb', 'pyarrow', 'pydantic', 'sources'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code, "--help"], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "set()"
    shown = at(tmp_path, _SPBE_COMPLETE="complete_bash", COMP_WORDS="spbe template vend", COMP_CWORD="2")
    assert shown.stdout.split() == ["vendor_contract"]


@pytest.fixture
def unit(tmp_path: Path) -> tuple[Path, Path]:
    """A home with a difficult name, and its unit."""
    home, folder = tmp_path / "a home of 100%", tmp_path / "units"
    folder.mkdir()
    assert at(tmp_path, "init", str(home)).returncode == 0
    install = ("service", "install", "--user", "spbe-test", "--prefix", str(folder))
    done = at(tmp_path, *install, SPBE_HOME=str(home), SPBE_UI_PORT="3456")
    assert done.returncode == 0, done.stderr
    assert "systemctl enable --now" in done.stdout
    assert "http://127.0.0.1:3456" in done.stdout
    assert "useradd --system" in done.stdout
    [written] = folder.iterdir()
    return home, written


def test_the_unit_closes_everything_but_the_home(unit: tuple[Path, Path]) -> None:
    home, written = unit
    assert written.name == "spbe.service"
    text = written.read_text(encoding="utf-8")
    quoted = str(home).replace("%", "%%")
    lines = ["User=spbe-test", "UMask=0077", "NoNewPrivileges=yes", "ProtectSystem=strict", "Restart=always"]
    lines += [f'ReadWritePaths="{quoted}"', f'Environment="SPBE_HOME={quoted}"', "IPAddressDeny=any"]
    # The guarded command itself, and both ways in which it is stopped are no failure.
    lines += [f'ExecStart="{SPBE}" ui', "SuccessExitStatus=130 143"]
    for line in lines:
        assert f"\n{line}\n" in text


def test_systemd_accepts_the_unit(unit: tuple[Path, Path]) -> None:
    if shutil.which("systemd-analyze") is None:
        message = "the unit is verified by systemd-analyze: apt-get install systemd"
        if os.environ.get("TEST_REQUIRE_ALL") == "1":
            pytest.fail(message)
        pytest.skip(message)
    file = str(unit[1])
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", file], capture_output=True, text=True, check=False
    )
    ours = [line for line in done.stderr.splitlines() if "spbe" in line]
    assert (done.returncode, ours) == (0, [])
    # 0 is closed, 100 is open; a service without any of it has 96.
    closed = ["systemd-analyze", "security", "--offline=yes", "--threshold=20", file]
    done = subprocess.run(closed, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-300:]


def test_a_unit_is_written_again_but_never_over_others(unit: tuple[Path, Path], tmp_path: Path) -> None:
    home, written = unit
    install = ("service", "install", "--prefix", str(written.parent))
    # The two of an earlier version would run beside it.
    shutil.copy(written, written.with_name("spbe-web.service"))
    written.with_name("spbe-daemon.service").write_text("[Unit]\n", encoding="utf-8")
    again = at(tmp_path, *install, SPBE_HOME=str(home))
    assert again.returncode == 0
    assert "systemctl disable --now spbe-web.service\n" in again.stdout
    written.write_text("[Unit]\n", encoding="utf-8")
    done = at(tmp_path, *install, SPBE_HOME=str(home))
    assert done.returncode == 2
    assert "not of our making" in done.stderr
    wrong = at(tmp_path, *install, "--user", "a b", SPBE_HOME=str(home))
    assert wrong.returncode == 2

"""The wheel in an environment of its own: everything runs from what is in it, and nothing in it changes.

The dependencies are those of the running environment, reached by a path file; the product is the wheel's.
`orchestration/OPERATIONS.md` is held to: its blocks under Backup, Restore and Move are run as they stand.
"""

import hashlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import time
import tomllib
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("orchestration", "exports", "expectations", "sources", "dbt_project")
IS_LONG = os.environ.get("TEST_LONG") == "1"
# One register, one inventory, one self assessment.
TINY = (
    "opd_register/99.99/2026/daftar_opd.csv",
    "system_inventory/99.99/2026/diskominfo_rekap.csv",
    "system_inventory/99.99/2026/diskominfo_rekap.csv.meta.toml",
    "self_assessment/99.99/2026/penilaian_mandiri.csv",
    "self_assessment/99.99/2026/penilaian_mandiri.csv.meta.toml",
)


def tracked() -> list[str]:
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True)
    return [name for name in done.stdout.splitlines() if (ROOT / name).is_file()]


def run(command: list[str], **kwargs: object) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, **kwargs)  # type: ignore[call-overload]
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return str(done.stdout)


def plain_environment() -> dict[str, str]:
    """The variables of a shell that knows nothing of us."""
    ours = ("SPBE_", "DAGSTER_", "DBT_", "GX_", "PYTHON", "VIRTUAL_ENV")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the files: building leaves folders behind, and here finds none of an earlier one."""
    copy = tmp_path_factory.mktemp("checkout") / "spbe"
    for name in tracked():
        target = copy / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, target)
    # What a checkout gathers and a wheel must not.
    for name in ("dbt_project/target/manifest.json", "sources/__pycache__/old.pyc", "tests/left.csv"):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_text("{}", encoding="utf-8")
    return copy


def build(checkout: Path) -> Path:
    out = checkout / "dist"
    run([sys.executable, "-m", "pip", "wheel", "-q", "--disable-pip-version-check", "--no-index", "--no-deps",
         "--no-build-isolation", "-w", str(out), str(checkout)])  # fmt: skip
    return max(out.glob("*.whl"), key=lambda path: path.stat().st_mtime_ns)


@pytest.fixture(scope="module")
def wheel(checkout: Path) -> Path:
    return build(checkout)


@dataclass
class Installed:
    """An environment that holds the wheel, an empty folder to stand in, and a home.

    `snapshot` is the hash of every installed file of ours, as it was after the installation.
    """

    folder: Path
    snapshot: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.python = self.folder / "venv" / "bin" / "python"
        self.where = self.folder / "empty"
        self.home = self.folder / "home"

    @property
    def packages(self) -> Path:
        [found] = (self.folder / "venv" / "lib").glob("python*/site-packages")
        return found

    def install(self, wheel: Path) -> None:
        """Install the wheel; pip must not see the dependencies' place, which knows the checkout, too."""
        path = self.packages / "dependencies.pth"
        path.unlink(missing_ok=True)
        self._let_write(0o200)
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(self.python)]
        run(
            [*pip, "install", "-q", "--no-index", "--no-deps", "--upgrade", str(wheel)],
            env=plain_environment(),
        )
        path.write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
        self._let_write(0)
        self.snapshot = self.files()

    def _let_write(self, bit: int) -> None:
        for name in PACKAGES:
            for path in (self.packages / name, *(self.packages / name).rglob("*")):
                if path.exists():
                    path.chmod(path.stat().st_mode & ~0o222 | bit)

    def files(self) -> dict[str, str]:
        return {
            path.relative_to(self.packages).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for name in (*PACKAGES, "spbe_index-*.dist-info")
            for top in self.packages.glob(name)
            for path in sorted(top.rglob("*"))
            if path.is_file() and path.suffix != ".pyc"
        }

    def environment(self, **variables: str) -> dict[str, str]:
        known = plain_environment()
        path = f"{self.python.parent}{os.pathsep}{known['PATH']}"
        return {**known, "PATH": path, "SPBE_HOME": str(self.home), **variables}

    def spbe(self, *arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.python.with_name("spbe")), *map(str, arguments)],
            env=self.environment(**variables), cwd=self.where, capture_output=True, text=True, check=False,
        )  # fmt: skip

    def shell(self, block: str, **variables: str) -> str:
        return run(
            ["bash", "-euo", "pipefail", "-c", block], env=self.environment(**variables), cwd=self.where
        )


@pytest.fixture(scope="module")
def make_installed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Installed]:
    def make(wheel: Path) -> Installed:
        made = Installed(tmp_path_factory.mktemp("installed"))
        run([sys.executable, "-m", "venv", "--without-pip", str(made.folder / "venv")])
        made.where.mkdir()
        made.install(wheel)
        return made

    return make


@pytest.fixture(scope="module")
def installed(wheel: Path, make_installed: Callable[[Path], Installed]) -> Iterator[Installed]:
    made = make_installed(wheel)
    yield made
    made._let_write(0o200)


@pytest.fixture(scope="module")
def first_night(installed: Installed) -> str:
    """What the first night of the installed product told."""
    if IS_LONG:
        done = installed.spbe("run", "--example")
    else:
        made = installed.spbe("init", installed.home)
        assert made.returncode == 0, made.stderr
        settings = installed.home / "spbe.toml"
        # A day of its own, so that midnight changes nothing between two runs.
        text = settings.read_text(encoding="utf-8").replace("#as_of = ", "as_of = ")
        # A regency that no list has gets its name by a setting.
        names = (installed.packages / "sources" / "example_inbox.toml").read_text(encoding="utf-8")
        text = text.replace('#instansi = "12.07"', 'instansi = "99.99"')
        settings.write_text(text + names[names.index("[instansi_names]") :], encoding="utf-8")
        for name in TINY:
            target = installed.home / "inbox" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(installed.packages / "sources" / "example_inbox" / name, target)
        done = installed.spbe("run")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def says_nothing_changed(told: str) -> bool:
    return "Nothing changed since the last run" in told


def block(heading: str) -> str:
    """The first block below a heading of OPERATIONS.md."""
    text = (ROOT / "orchestration" / "OPERATIONS.md").read_text(encoding="utf-8")
    section = text.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return section.split("```\n")[1]


def test_the_wheel_holds_all_that_runs_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    wanted = {name for name in tracked() if name.split("/")[0] in PACKAGES and not name.endswith(".png")}
    assert held == wanted
    assert wheel.stat().st_size < 3_000_000


def test_an_sdist_builds_the_same_wheel(checkout: Path, wheel: Path, tmp_path: Path) -> None:
    code = "from setuptools import build_meta; import sys; build_meta.build_sdist(sys.argv[1])"
    run([sys.executable, "-c", code, str(tmp_path)], cwd=checkout)
    [packed] = tmp_path.glob("*.tar.gz")
    shutil.unpack_archive(packed, tmp_path / "unpacked", filter="data")
    [source] = (tmp_path / "unpacked").iterdir()
    assert not (source / "tests").exists()
    with zipfile.ZipFile(wheel) as one, zipfile.ZipFile(build(source)) as other:
        assert {
            item.filename: item.CRC for item in one.infolist() if not item.filename.endswith("RECORD")
        } == {item.filename: item.CRC for item in other.infolist() if not item.filename.endswith("RECORD")}


def test_what_runs_is_the_wheel_and_not_the_checkout(installed: Installed) -> None:
    for package in PACKAGES[:-1]:
        where = installed.shell(f"python -c 'import {package}; print({package}.__file__)'").strip()
        assert Path(where).is_relative_to(installed.packages), where
    with (ROOT / "pyproject.toml").open("rb") as file:
        version = tomllib.load(file)["project"]["version"]
    assert installed.spbe("--version").stdout.startswith(f"spbe {version} (dbt ")


def test_a_night_runs(first_night: str) -> None:
    assert "Kabupaten Contoh (fiktif) 2026, permenpanrb-59-2020, self: " in first_night
    assert "Biggest findings" in first_night


def test_its_results_are_read_and_verified(installed: Installed, first_night: str) -> None:
    asked = installed.spbe("query", "--csv", "select count(*) > 10 as many from readme")
    assert asked.stdout.split() == ["many", "True"], asked.stderr
    assert installed.spbe("explain", "99.99", "2026").returncode == 0
    [bundle] = (installed.home / "outbox").glob("spbe-99.99-2026-v1")
    checked = installed.spbe("verify", bundle, "--public-key", installed.home / "keys" / "signing.pub.pem")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert installed.spbe("export").stdout.strip().endswith("(unchanged)")


def test_a_second_run_says_that_nothing_changed(installed: Installed, first_night: str) -> None:
    again = installed.spbe("run", *(["--example"] if IS_LONG else []))
    assert again.returncode == 0, again.stderr
    assert says_nothing_changed(again.stdout)


def test_a_home_is_restored_from_its_backup_and_moved(
    installed: Installed, first_night: str, tmp_path: Path
) -> None:
    backup, keys = tmp_path / "backup", tmp_path / "keys"
    backup.mkdir()
    keys.mkdir()
    places = {"BACKUP": str(backup), "BACKUP_OF_KEYS": str(keys)}
    # The example's run reads its own inbox; without it, the home's, which is empty, is read.
    installed.shell(block("Backup"), **places)
    assert (backup / "home.tar").stat().st_mode & 0o077 == 0
    restored = tmp_path / "restored"
    told = installed.shell(block("Restore"), **places, SPBE_HOME=str(restored))
    assert says_nothing_changed(told), told
    assert restored.stat().st_mode & 0o777 == 0o700
    told = installed.shell(block("Move"), SPBE_HOME=str(restored), NEW_HOME=str(tmp_path / "moved"))
    assert says_nothing_changed(told), told
    assert not restored.exists()
    for name in ("keys/pseudonym.key", "published/spbe.duckdb"):
        assert (tmp_path / "moved" / name).read_bytes() == (installed.home / name).read_bytes()


@pytest.mark.long
def test_a_backup_may_leave_out_what_is_made_again(
    installed: Installed, first_night: str, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(installed.home, home)
    for name in ("lake", "published", "feedback", "dagster", "dbt"):
        shutil.rmtree(home / name)
    done = installed.spbe("run", SPBE_HOME=str(home))
    assert done.returncode == 0, done.stderr
    counted = "select count(*), sum(calls), sum(failed) from fct_calls_daily"
    ours = installed.spbe("query", "--csv", counted, SPBE_HOME=str(home)).stdout
    assert ours == installed.spbe("query", "--csv", counted).stdout
    assert (home / "feedback").is_dir()
    again = installed.spbe("run", SPBE_HOME=str(home))
    assert says_nothing_changed(again.stdout)


def test_the_page_opens_and_shows_the_assets(installed: Installed, first_night: str, tmp_path: Path) -> None:
    # A home of its own, without files that would start a night.
    home = tmp_path / "home"
    shutil.copytree(installed.home, home, ignore=shutil.ignore_patterns("inbox"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    told = (installed.folder / "ui.txt").open("w+")
    process = subprocess.Popen(
        [str(installed.python.with_name("spbe")), "ui", "--port", str(port)],
        env=installed.environment(SPBE_HOME=str(home)),
        cwd=installed.where,
        stdout=told,
        stderr=told,
        start_new_session=True,
    )
    question = json.dumps({"query": "{ assetNodes { id } }"}).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/graphql", question, {"Content-Type": "application/json"}
    )
    found: list[object] = []
    try:
        give_up = time.monotonic() + 120
        while not found and process.poll() is None and time.monotonic() < give_up:
            time.sleep(0.5)
            try:
                with urllib.request.urlopen(request, timeout=60) as answer:
                    found = json.load(answer)["data"]["assetNodes"]
            except OSError:
                continue
    finally:
        os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
    told.seek(0)
    assert len(found) > 100, told.read()


def test_an_upgrade_makes_the_results_anew(
    installed: Installed,
    first_night: str,
    checkout: Path,
    wheel: Path,
    make_installed: Callable[[Path], Installed],
    tmp_path: Path,
) -> None:
    for name, old, new in (
        ("pyproject.toml", r'^version = "[\d.]+"', 'version = "99.0.0"'),
        ("dbt_project/macros/days.sql", r"\Z", "\n-- another version\n"),
    ):
        text = (checkout / name).read_text(encoding="utf-8")
        (checkout / name).write_text(re.sub(old, new, text, count=1, flags=re.MULTILINE), encoding="utf-8")
    shutil.rmtree(checkout / "build", ignore_errors=True)
    upgraded = make_installed(wheel)
    upgraded.home = tmp_path / "home"
    shutil.copytree(installed.home, upgraded.home)
    upgraded.install(build(checkout))
    assert upgraded.spbe("--version").stdout.startswith("spbe 99.0.0 ")
    # The whole night again takes as long as the first; what a run would do is known at once.
    code = (
        "from orchestration.settings import Settings; from orchestration.plan import plan_night;"
        "s = Settings(); s.prepare_home(); print(plan_night(s, s.inbox).reasons)"
    )
    assert "the models changed" in upgraded.shell(f'python -c "{code}"')
    if IS_LONG:
        assert "Done in" in upgraded.spbe("run").stdout
        assert says_nothing_changed(upgraded.spbe("run").stdout)
    upgraded._let_write(0o200)


def test_the_page_on_operations_names_commands_that_exist(installed: Installed) -> None:
    page = (installed.packages / "orchestration" / "OPERATIONS.md").read_text(encoding="utf-8")
    used = set(re.findall(r"(?:^|[` ])spbe ([a-z]+(?: install)?)(?= |`|$)", page, re.MULTILINE))
    assert {"init", "run", "ui", "service install"} <= used
    for command in used:
        assert installed.spbe(*command.split(), "--help").returncode == 0, command
    # The name of the wheel in it is the one that is built.
    with (ROOT / "pyproject.toml").open("rb") as file:
        version = tomllib.load(file)["project"]["version"]
    assert set(re.findall(r"spbe_index-(\d[\d.]*)-py3", page)) == {version}


def test_using_it_changed_no_installed_file(installed: Installed, first_night: str) -> None:
    assert installed.files() == installed.snapshot
    assert not list(installed.where.iterdir())

"""Pages for who comes next: what they name exists, and what exists is named."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
_PATH = re.compile(r"`((?:orchestration|exports|expectations|sources|dbt_project|tests|\.ci)/[^`<]*)`")


def test_every_file_of_the_contributors_page_exists() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = _PATH.findall(text)
    assert len(named) > 40
    assert not [name for name in named if not (ROOT / name).exists()]


def test_every_identifier_of_the_contributors_page_is_in_its_file() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = re.findall(r"`(\w+)` of `([^`]+)`", text)
    assert len(named) >= 3
    assert not [f"{name} in {file}" for name, file in named if name not in (ROOT / file).read_text("utf-8")]


def test_every_command_of_make_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    pages = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "orchestration/OPERATIONS.md")]
    named = {
        word for page in pages for word in re.findall(r"(?:`|^)make ([a-z-]+)", page.read_text("utf-8"), re.M)
    }
    assert named
    assert not named - targets


def test_the_picture_shows_the_layers_that_are_held() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    [layers] = [c["layers"] for c in project["tool"]["importlinter"]["contracts"] if "containers" not in c]
    page = (ROOT / "orchestration" / "ARCHITECTURE.md").read_text("utf-8")
    places = [re.search(rf"^  {layer}\b", page, re.MULTILINE) for layer in layers]
    assert all(places)
    assert [p.start() for p in places if p] == sorted(p.start() for p in places if p)


def test_the_page_of_settings_is_what_their_model_says() -> None:
    command = [sys.executable, ".ci/settings_page.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()

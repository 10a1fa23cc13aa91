"""House rules of the tree: each test names the offenders."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
AGREED = {
    "orchestration", "dbt_project", "expectations", "sources", "exports", "tests",
    "workspace.yaml", "pyproject.toml", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile",
    "requirements.lock", "requirements-dev.lock", "SECURITY.md", ".ci", ".github", ".gitignore",
    ".pre-commit-config.yaml",
}  # fmt: skip


def tracked() -> list[str]:
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_the_top_level_is_as_agreed() -> None:
    assert {name.split("/")[0] for name in tracked()} <= AGREED


def test_dbt_imports_nothing_of_ours() -> None:
    # dbt imports every top-level module called dbt_*: a package there made each start ten times slower.
    offenders = [n for n in tracked() if re.match(r"(dbt_[^/]*\.py|dbt_project/(.*/)?__init__\.py)$", n)]
    assert not offenders


def test_the_lock_files_name_no_address_and_share_no_package() -> None:
    texts = [
        (ROOT / name).read_text(encoding="utf-8") for name in ("requirements.lock", "requirements-dev.lock")
    ]
    for text in texts:
        assert "://" not in text
        assert "--hash=sha256:" in text
    runs, tries = (
        {line.split("==")[0] for line in re.findall(r"^\S+==", text, re.MULTILINE)} for text in texts
    )
    # What Windows alone needs of it, the first names for Windows alone.
    assert runs & tries <= {"psutil"}


def test_no_regency_stands_in_the_product() -> None:
    """Another one needs data alone: files, seeds and settings name regencies, code and seed names do not."""
    code = re.compile(r"(orchestration|exports|expectations|sources|dbt_project)/.*\.(py|sql|yml|j2)$")
    # A function code of the state's list may look like a regency's.
    named = re.compile(r"(?<![\d.])(12\.07|(?<!RAL\.)99\.99)(?![\d])|deli[_ -]?serdang", re.IGNORECASE)
    offenders = [name for name in tracked() if name.startswith("dbt_project/seeds/") and named.search(name)]
    for name in filter(code.match, tracked()):
        # What a seed is about is said beside it.
        if name.startswith("dbt_project/seeds/") or not (ROOT / name).is_file():
            continue
        lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
        offenders += [
            f"{name}:{at}: {line.strip()}" for at, line in enumerate(lines, 1) if named.search(line)
        ]
    # The default of the setting `instansi` is part of the public interface.
    [default] = [line for line in offenders if "instansi: str = Field(" in line]
    assert offenders == [default]


def test_no_file_is_big_or_bound_to_a_machine() -> None:
    machine = re.compile(r"/(?:root|home/\w+|Users/\w+)/|/tmp/\w")
    offenders = []
    for name in tracked():
        path = ROOT / name
        if not path.is_file():
            continue
        if path.stat().st_size > 1_500_000:
            offenders.append(f"{name}: {path.stat().st_size} bytes")
        if path.suffix in {".py", ".sql", ".yml", ".yaml", ".toml", ".md"} and not name.startswith("tests/"):
            offenders += [f"{name}: {m.group()}" for m in machine.finditer(path.read_text(encoding="utf-8"))]
    assert not offenders


def test_every_module_of_ours_says_what_belongs_in_it() -> None:
    silent = [
        name
        for name in tracked()
        if name.endswith(".py")
        and name.split("/")[0] in {"orchestration", "expectations", "sources", "exports"}
        and (ROOT / name).is_file()
        and not (ROOT / name).read_text(encoding="utf-8").startswith('"""')
    ]
    assert not silent


def test_nobody_shares_duckdbs_own_connection() -> None:
    # What one place leaves unread on it, another stumbles over.
    pattern = re.compile(r"\bduckdb\.(sql|execute|query|from_query|table|read_csv|read_json|read_parquet)\(")
    names = [name for name in tracked() if name.endswith(".py")]
    assert not [n for n in names if pattern.search((ROOT / n).read_text(encoding="utf-8"))]

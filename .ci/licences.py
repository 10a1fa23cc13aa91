"""The licences of what `requirements.lock` installs, as its packages name them; `--check` only compares.

Writes `orchestration/THIRD_PARTY.md`, which also comes with the wheel (`make licences`, `make check`).
"""

import re
import sys
from importlib.metadata import metadata
from pathlib import Path

from packaging.markers import Marker

ROOT = Path(__file__).parents[1]
LOCK, PAGE = ROOT / "requirements.lock", ROOT / "orchestration" / "THIRD_PARTY.md"
PYTHONS = ("3.11.0", "3.12.0", "3.13.0")
_PIN = re.compile(r"^([a-z0-9._-]+)(?:\[.*?\])?==([^ ;]+)(?: ; (.*?))?(?: \\)?$", re.MULTILINE)
_HEAD = """\
# Licences of dependencies

What `requirements.lock` installs on Linux and macOS, as each package's own metadata names its licence.
Written by `make licences`; `make check` holds it against the lock file.

| package | version | licence |
|---|---|---|
"""


def locked() -> dict[str, list[str]]:
    """Versions by name of what the lock file installs on a Unix, for any Python that it is for."""
    found: dict[str, list[str]] = {}
    for name, version, marker in _PIN.findall(LOCK.read_text(encoding="utf-8")):
        machines = [{"sys_platform": "linux", "python_full_version": python} for python in PYTHONS]
        if not marker or any(Marker(marker).evaluate(machine) for machine in machines):
            found.setdefault(name, []).append(version)
    return found


def licence(name: str) -> str:
    """The licence of an installed package: its expression, else several classifiers, else its short name."""
    told = metadata(name)
    if expression := told.get("License-Expression"):
        return expression
    classifiers = [
        c.rpartition(" :: ")[2] for c in told.get_all("Classifier", []) if c.startswith("License ::")
    ]
    text = told.get("License") or ""
    if len(classifiers) > 1 or not text or "\n" in text or "::" in text:
        return " / ".join(classifiers)
    return text


def page() -> str:
    """The page as it should be; a package of several versions keeps the licence that the page names."""
    written = dict(re.findall(r"^\| (\S+) \| .* \| (.*) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    rows = []
    for name, versions in sorted(locked().items()):
        named = written[name] if len(versions) > 1 and name in written else licence(name)
        rows.append(f"| {name} | {', '.join(versions)} | {named} |\n")
    return _HEAD + "".join(rows)


def main() -> int:
    """Write the page, or tell by the exit code whether it is right; an unnamed licence is wrong, too."""
    PAGE.touch()
    wanted = page()
    if unnamed := re.findall(r"^\| (\S+) \| .* \|  \|$", wanted, re.MULTILINE):
        sys.stderr.write(f"no licence in the metadata of {', '.join(unnamed)}\n")
        return 1
    if "--check" not in sys.argv:
        PAGE.write_text(wanted, encoding="utf-8")
    elif PAGE.read_text(encoding="utf-8") != wanted:
        sys.stderr.write(f"{PAGE.relative_to(ROOT)} is not what {LOCK.name} installs: make licences\n")
        return 1
    return 0


sys.exit(main())

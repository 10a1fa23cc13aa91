"""Check a received bundle, from the cheapest check to the dearest, and name every fault.

Belongs here: reading a bundle that may be hostile. Stays out: making one (`bundle.py`).
"""

import csv
import hashlib
import json
import re
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from exports.signature import KeyFileError, fingerprint, is_signed_by, read_public_key

TAG_MANIFEST = "tagmanifest-sha256.txt"
MANIFEST = "manifest-sha256.txt"
SIGNATURE = f"{TAG_MANIFEST}.sig"
PUBLIC_KEY = "public-key.pem"
_LAYOUT = ("bagit.txt", "bag-info.txt", MANIFEST, TAG_MANIFEST, SIGNATURE, PUBLIC_KEY, "README.txt")
_DECLARATION = "BagIt-Version: 0.97\nTag-File-Character-Encoding: UTF-8\n"
# A cell of a table may be as long as a log line; Python's reader stops at 128 KiB by itself.
_CELL_CHARACTERS = 1 << 30


@dataclass(frozen=True)
class Problem:
    """One fault: which check found it, in which file (inside the bundle), what was expected and found."""

    check: str
    file: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.check}: {self.file}: expected {self.expected}, found {self.found}"


@dataclass
class VerifyReport:
    """The verdict on one bundle.

    `problems` is empty for an intact bundle; `notes` says what the verdict does not prove; `info` holds the
    fields of `bag-info.txt`; `files` counts the files whose hash was checked.
    """

    path: Path
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    info: dict[str, str] = field(default_factory=dict)
    key_fingerprint: str | None = None
    files: int = 0

    @property
    def is_valid(self) -> bool:
        """Tell whether nothing was found wrong."""
        return not self.problems

    def add(self, check: str, file: str, expected: str, found: str) -> None:
        """Record one fault."""
        self.problems.append(Problem(check, file, expected, found))


def verify_bundle(path: Path, public_key: Path | None) -> VerifyReport:
    """Check layout, signature, both manifests, extra and missing files, tables against datapackage.json.

    Args:
        path: the bundle's folder.
        public_key: the sender's key, received by another way; None takes the one in the bundle, which proves
            that nothing changed since signing, not who signed.

    Returns:
        A report with every problem found; nothing is changed or executed.

    Raises:
        FileNotFoundError: there is no such folder.
        KeyFileError: the given public key cannot be read.
    """
    if not path.is_dir():
        raise FileNotFoundError(f"{path}: no such bundle folder")
    report = VerifyReport(path)
    _check_layout(report)
    if any(problem.check == "layout" for problem in report.problems):
        return report
    report.info = _bag_info(path / "bag-info.txt")
    _check_signature(report, public_key)
    tags = _check_manifest(report, TAG_MANIFEST)
    payload = _check_manifest(report, MANIFEST)
    _check_extra(report, {*tags, *payload, TAG_MANIFEST, SIGNATURE})
    if report.is_valid:
        _check_tables(report)
    name = report.info.get("External-Identifier")
    if name and name != path.resolve().name:
        report.notes.append(f"the folder is called {path.resolve().name}, its content says {name}")
    return report


def _check_layout(report: VerifyReport) -> None:
    for path in sorted(report.path.rglob("*")):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            report.add(
                "layout", str(path.relative_to(report.path)), "a plain file or folder", "a link or device"
            )
    for name in _LAYOUT:
        if not (report.path / name).is_file():
            report.add("layout", name, "a file", "none")
    if not (report.path / "data").is_dir():
        report.add("layout", "data", "a folder", "none")
    declaration = report.path / "bagit.txt"
    if declaration.is_file() and declaration.read_bytes() != _DECLARATION.encode():
        report.add("layout", "bagit.txt", "the BagIt 0.97 declaration", "other text")


def _bag_info(path: Path) -> dict[str, str]:
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


def _check_signature(report: VerifyReport, public_key: Path | None) -> None:
    try:
        key = read_public_key(public_key or report.path / PUBLIC_KEY)
    except KeyFileError as error:
        if public_key is not None:
            raise
        report.add("signature", PUBLIC_KEY, "an Ed25519 public key", str(error))
        return
    report.key_fingerprint = fingerprint(key)
    if public_key is None:
        report.notes.append(
            "checked with the key inside the bundle: nothing changed since signing, but who signed is proven "
            f"only by comparing the key's fingerprint with the sender's: {report.key_fingerprint}"
        )
    signature = (report.path / SIGNATURE).read_bytes()
    if not is_signed_by(key, signature, (report.path / TAG_MANIFEST).read_bytes()):
        report.add(
            "signature",
            SIGNATURE,
            f"a signature of {TAG_MANIFEST} by key {report.key_fingerprint}",
            "another one",
        )


def _check_manifest(report: VerifyReport, manifest: str) -> set[str]:
    """Compare each file a manifest names with its sha256; return the names."""
    names: set[str] = set()
    text = (report.path / manifest).read_text(encoding="utf-8", errors="replace")
    for number, line in enumerate(text.split("\n"), start=1):
        if not line:
            continue
        parsed = re.fullmatch(r"([0-9a-f]{64}) [ *]?(\S.*)", line)
        name = parsed.group(2) if parsed else ""
        if not parsed or PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            report.add(
                manifest, f"{manifest} line {number}", "sha256 and a path inside the bundle", repr(line[:120])
            )
            continue
        names.add(name)
        file = report.path / name
        if not file.is_file():
            report.add(manifest, name, "a file", "none")
            continue
        with file.open("rb") as handle:
            found = hashlib.file_digest(handle, "sha256").hexdigest()
        report.files += 1
        if found != parsed.group(1):
            report.add(manifest, name, f"sha256 {parsed.group(1)}", found)
    return names


def _check_extra(report: VerifyReport, known: set[str]) -> None:
    for file in sorted(path for path in report.path.rglob("*") if path.is_file()):
        name = file.relative_to(report.path).as_posix()
        if name not in known:
            report.add("extra", name, "no file that no manifest names", "this one")
    if not any(name.startswith("data/") for name in known):
        report.add("extra", MANIFEST, "at least one data file", "none")


def _check_tables(report: VerifyReport) -> None:
    """Compare columns and row counts of each CSV with what datapackage.json says."""
    csv.field_size_limit(_CELL_CHARACTERS)
    package = report.path / "data" / "datapackage.json"
    try:
        resources = json.loads(package.read_text(encoding="utf-8"))["resources"]
        tables = [
            (
                str(resource["path"]),
                [str(column["name"]) for column in resource["schema"]["fields"]],
                int(resource["rows"]),
            )
            for resource in resources
            if resource["format"] == "csv"
        ]
        described = {str(resource["path"]) for resource in resources}
    except (OSError, ValueError, KeyError, TypeError) as error:
        report.add(
            "datapackage", "data/datapackage.json", "a data package", f"{type(error).__name__}: {error}"
        )
        return
    present = {file.name for file in (report.path / "data").iterdir()} - {package.name}
    for name in sorted(described ^ present):
        found = "only in the folder" if name in present else "only in datapackage.json"
        report.add("datapackage", f"data/{name}", "described and present", found)
    for name, columns, rows in tables:
        if name not in present:
            continue
        with (report.path / "data" / name).open(encoding="utf-8", newline="") as handle:
            reader = csv.reader(handle)
            header = next(reader, [])
            count = sum(1 for _ in reader)
        if header != columns:
            report.add("datapackage", f"data/{name}", f"columns {', '.join(columns)}", ", ".join(header))
        if count != rows:
            report.add("datapackage", f"data/{name}", f"{rows} rows", f"{count} rows")

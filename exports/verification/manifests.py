"""The two manifests: each names its part of the bundle, every file once, with its sha256.

Belongs here: reading them, comparing files with them. Stays out: whether the tag manifest is signed.
"""

import re
import unicodedata

from exports.verification.files import (
    MANIFEST,
    MOST_FILES,
    SIGNATURE,
    TAG_MANIFEST,
    hash_file,
    is_inner_path,
    read_small,
)
from exports.verification.report import VerifyReport

_LINE = re.compile(r"([0-9a-f]{64}) [ *]?(\S.*)")


def check_manifests(report: VerifyReport, *, since_ns: int | None = None) -> None:
    """Compare every file with the manifest that names it, and name what no manifest does.

    Args:
        report: with the sizes of all files.
        since_ns: of data files read only those that were written after this time of the clock; None: all.
    """
    named: set[str] = set()
    for manifest in (TAG_MANIFEST, MANIFEST):
        hashes = _read(report, manifest)
        named |= hashes.keys()
        for name, sha256 in hashes.items():
            if since_ns is None or manifest == TAG_MANIFEST or _is_younger(report, name, since_ns):
                _compare(report, manifest, name, sha256)
    for name in sorted(report.sizes.keys() - named - {TAG_MANIFEST, SIGNATURE}):
        report.add("extra", name, "no file that no manifest names", "this one")
    if not any(name.startswith("data/") for name in named):
        report.add("extra", MANIFEST, "at least one data file", "none")


def _read(report: VerifyReport, manifest: str) -> dict[str, str]:
    """Hashes by file name; a line that is none, or comes again, is a problem and left out."""
    try:
        lines = read_small(report, manifest).decode("utf-8").split("\n")
    except UnicodeDecodeError:
        report.add(manifest, manifest, "UTF-8", "other bytes")
        return {}
    if len(lines) > MOST_FILES + 1:
        report.add(manifest, manifest, f"at most {MOST_FILES} lines", str(len(lines)))
        return {}
    hashes: dict[str, str] = {}
    folded: set[str] = set()
    for number, line in enumerate(lines, start=1):
        if not line:
            continue
        place = f"{manifest} line {number}"
        parsed = _LINE.fullmatch(line)
        if not parsed or not is_inner_path(parsed[2]):
            report.add(manifest, place, "sha256 and a path inside the bundle", line)
            continue
        name = parsed[2]
        # Where letters' case or composition does not count, one of the two would hide the other.
        key = unicodedata.normalize("NFC", name).casefold()
        if key in folded:
            report.add(manifest, place, "a file that no line before it names, in whatever case", name)
        elif name.startswith("data/") is not (manifest == MANIFEST):
            report.add(manifest, place, f"data files in {MANIFEST}, no others", name)
        else:
            hashes[name] = parsed[1]
        folded.add(key)
    return hashes


def _is_younger(report: VerifyReport, name: str, since_ns: int) -> bool:
    """Whether a file was written after a time, or is not there: then `_compare` says so."""
    return name not in report.sizes or (report.path / name).lstat().st_mtime_ns > since_ns


def _compare(report: VerifyReport, manifest: str, name: str, sha256: str) -> None:
    if name not in report.sizes:
        report.add(manifest, name, "a file", "none")
        return
    try:
        found = hash_file(report, name)
    except OSError as error:
        report.add(manifest, name, "a file that can be read", error.strerror or type(error).__name__)
        return
    if found != sha256:
        report.add(manifest, name, f"sha256 {sha256}", found)

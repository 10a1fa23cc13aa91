"""Which version a bundle is, and whether it is the one that follows another.

Belongs here: identifiers, bag-info.txt, what it says of the version that it replaces. Stays out: the payload.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from exports.strangers import is_plain, plain, read_json_object
from exports.verification.files import BAG_INFO, read_small
from exports.verification.report import VerifyReport

BUNDLE_NAME = re.compile(r"(spbe-\w[\w.-]*-[0-9]{4}(?:-[0-9]{2})?)-v([0-9]{1,9})")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_REPLACES = re.compile(r"(\S+)(?: +sha256:([0-9a-f]{64}))?")
# A receipt has ten lines.
_LARGEST_RECEIPT = 1 << 16


class EarlierError(ValueError):
    """What is given as the earlier bundle can not be compared with; the message says why."""


@dataclass(frozen=True)
class Earlier:
    """A bundle received before: its name, the sha256 of its tag manifest, its key where that is known."""

    name: str
    tag_sha256: str
    key_fingerprint: str | None = None


def read_receipt(path: Path) -> Earlier:
    """Read a kept receipt, or any JSON object with `bundle` and `tagmanifest_sha256`.

    Raises:
        EarlierError: it can not be read or is none.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_RECEIPT + 1)
        told = read_json_object(content)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise EarlierError(f"not a receipt: {plain(str(reason))}") from error
    name, tag_sha256 = told.get("bundle"), told.get("tagmanifest_sha256")
    if not isinstance(name, str) or not BUNDLE_NAME.fullmatch(name):
        raise EarlierError("not a receipt: it names no bundle")
    if not isinstance(tag_sha256, str) or not _SHA256.fullmatch(tag_sha256):
        raise EarlierError("not a receipt: it has no tagmanifest_sha256")
    return Earlier(name, tag_sha256)


def check_info(report: VerifyReport) -> None:
    """Read bag-info.txt into the report; its identifier must be the folder's name.

    Raises:
        OSError: it can not be read.
    """
    try:
        lines = read_small(report, BAG_INFO).decode("utf-8").split("\n")
    except UnicodeDecodeError:
        report.add("bag-info", BAG_INFO, "UTF-8", "other bytes")
        return
    for number, line in enumerate(lines, start=1):
        name, colon, value = line.partition(":")
        if not line:
            continue
        if not colon or name in report.info or not all(map(is_plain, name)):
            report.add("bag-info", f"{BAG_INFO} line {number}", "`Name: value`, each name once", line)
        report.info.setdefault(name, value.strip())
    _check_identifier(report)


def read_info(bag: Path) -> dict[str, str]:
    """The fields of a bag's `bag-info.txt`, a draft's too; empty where it has none. Faults are not told."""
    report = VerifyReport(bag)
    try:
        report.sizes[BAG_INFO] = (bag / BAG_INFO).lstat().st_size
        check_info(report)
    except OSError:
        return {}
    return report.info


def _check_identifier(report: VerifyReport) -> None:
    told, folder = report.info.get("External-Identifier", ""), report.path.resolve().name
    parsed = BUNDLE_NAME.fullmatch(told)
    if not parsed:
        report.add("bag-info", BAG_INFO, "External-Identifier: spbe-<instansi>-<period>-v<n>", told or "none")
    elif told != folder:
        report.add("name", ".", f"a folder named as its identifier says, {told}", folder)
    if parsed:
        for name, expected in (("Bag-Group-Identifier", parsed[1]), ("Bundle-Version", parsed[2])):
            found = report.info.get(name, expected)
            if found != expected:
                report.add("bag-info", BAG_INFO, f"{name}: {expected}, as the identifier", found)


def check_after(report: VerifyReport, earlier: Earlier) -> None:
    """See that the bundle is the version that follows an earlier one, and says so."""
    here = BUNDLE_NAME.fullmatch(report.info.get("External-Identifier", ""))
    before = BUNDLE_NAME.fullmatch(earlier.name)
    if not here or not before:
        # Of the identifier here a problem tells already.
        return
    if here[1] != before[1]:
        report.add("after", BAG_INFO, f"a version of {before[1]}", here[0])
    elif int(here[2]) <= int(before[2]):
        report.add("after", BAG_INFO, f"a version after {earlier.name}", here[0])
    else:
        _check_replaced(report, earlier)
    if earlier.key_fingerprint and earlier.key_fingerprint != report.key_fingerprint:
        report.notes.append(f"{earlier.name} was signed by another key, {earlier.key_fingerprint}")


def _check_replaced(report: VerifyReport, earlier: Earlier) -> None:
    told = report.info.get("Replaces", "")
    parsed = _REPLACES.fullmatch(told)
    if not parsed or parsed[1] != earlier.name:
        report.add("after", BAG_INFO, f"Replaces: {earlier.name}", told or "none")
        return
    for sha256 in (parsed[2], report.info.get("Replaces-Tagmanifest-SHA256")):
        if sha256 is not None and sha256 != earlier.tag_sha256:
            report.add("after", BAG_INFO, f"{earlier.name} with tag manifest {earlier.tag_sha256}", sha256)
            return

"""The files of a bundle: their names and sizes before anything is read, then their bytes within limits.

Belongs here: what may lie in a bundle at all, how much of it, opening it. Stays out: what the files say.
"""

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from exports.strangers import is_plain
from exports.verification.report import VerifyReport

TAG_MANIFEST = "tagmanifest-sha256.txt"
MANIFEST = "manifest-sha256.txt"
SIGNATURE = f"{TAG_MANIFEST}.sig"
PUBLIC_KEY = "public-key.pem"
BAG_INFO = "bag-info.txt"
DATAPACKAGE = "data/datapackage.json"

# A bundle has some forty files and one for each document of evidence; an assessment asks for a few thousand.
MOST_FILES = 10_000
# What fits on a stick as it is sold (FAT32); a year of daily calls of a regency is a hundredth of it.
LARGEST_FILE = (1 << 32) - 1
# Four such files: an evening of hashing on a small machine.
LARGEST_BUNDLE = 1 << 34
# `data/dokumen/<file>` is three deep.
DEEPEST = 8
# What file systems allow.
LONGEST_NAME = 255
# These are read into memory, so they have limits of their own: text for ten thousand files at most.
_LARGEST = {
    "bagit.txt": 1 << 10,
    BAG_INFO: 1 << 20,
    MANIFEST: 1 << 22,
    TAG_MANIFEST: 1 << 22,
    SIGNATURE: 1 << 10,
    PUBLIC_KEY: 1 << 14,
    "README.txt": 1 << 20,
    DATAPACKAGE: 1 << 23,
}
_DECLARATION = b"BagIt-Version: 0.97\nTag-File-Character-Encoding: UTF-8\n"
_CHUNK = 1 << 20


def is_inner_path(name: str) -> bool:
    """Tell whether a name is a path inside the bundle that means the same file on every system.

    Refused are absolute paths, `.` and `..`, empty parts, backslashes, what is too long or too deep, and
    characters that do not show: control, bidi and zero-width ones, halves of characters.
    """
    parts = name.split("/")
    return (
        len(parts) <= DEEPEST
        and all(is_plain(sign) and sign != "\\" for sign in name)
        and all(part not in ("", ".", "..") and len(os.fsencode(part)) <= LONGEST_NAME for part in parts)
    )


def look_over(report: VerifyReport) -> None:
    """Note the size of every file, and as problems what may not lie in a bundle; no file is opened.

    Refused are links, devices, names that are no inner path, `fetch.txt` (a bundle is whole), empty folders,
    too many or too big files, and a layout that is not BagIt 0.97 as signed by us.
    """
    _note_sizes(report)
    _check_names(report)
    # Folders list their entries in no order.
    report.problems.sort(key=lambda problem: problem.file)


def _note_sizes(report: VerifyReport) -> None:
    for entries, (name, entry) in enumerate(_entries(report, report.path, ""), start=1):
        if entries > 2 * MOST_FILES:
            report.add("layout", name, f"at most {MOST_FILES} files", "more")
            return
        size = _size(report, name, entry)
        if size is not None:
            report.sizes[name] = size
    total = sum(report.sizes.values())
    if len(report.sizes) > MOST_FILES:
        report.add("layout", "the bundle", f"at most {MOST_FILES} files", str(len(report.sizes)))
    if total > LARGEST_BUNDLE:
        report.add("layout", "the bundle", f"at most {LARGEST_BUNDLE} bytes", f"{total} bytes")


def _entries(report: VerifyReport, folder: Path, inside: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Every entry below a folder with its path inside the bundle; an unreadable folder is a problem."""
    pending = [(folder, inside)]
    while pending:
        folder, inside = pending.pop()
        try:
            entries = os.scandir(folder)
        except OSError as error:
            report.add("layout", inside, "a folder that may be read", error.strerror or "none")
            continue
        is_empty = True
        with entries:
            for entry in entries:
                is_empty = False
                name = inside + entry.name
                yield name, entry
                if entry.is_dir(follow_symlinks=False) and is_inner_path(name):
                    pending.append((Path(entry.path), f"{name}/"))
        if is_empty and inside:
            report.add("layout", inside, "a folder with files", "an empty one")


def _size(report: VerifyReport, name: str, entry: os.DirEntry[str]) -> int | None:
    """Bytes of a file that may be read; None of a folder and of what is a problem."""
    if not is_inner_path(name):
        report.add("layout", name, f"a plain name, at most {DEEPEST} deep", "this one")
        return None
    try:
        held = entry.stat(follow_symlinks=False)
    except OSError as error:
        report.add("layout", name, "a plain file or folder", error.strerror or "none")
        return None
    if stat.S_ISDIR(held.st_mode):
        return None
    if not stat.S_ISREG(held.st_mode):
        report.add("layout", name, "a plain file or folder", "a link or device")
        return None
    largest = _LARGEST.get(name, LARGEST_FILE)
    if held.st_size > largest:
        report.add("layout", name, f"at most {largest} bytes", f"{held.st_size} bytes")
    return held.st_size


def _check_names(report: VerifyReport) -> None:
    for name in (*(name for name in _LARGEST if "/" not in name), DATAPACKAGE):
        if name not in report.sizes:
            report.add("layout", name, "a file", "none")
    for name in report.sizes:
        if name.casefold() == "fetch.txt":
            report.add("layout", name, "no list of files to fetch: all of a bundle lies in it", "one")


def check_declaration(report: VerifyReport) -> None:
    """See that the bundle is of the one version of BagIt that is read here."""
    if read_small(report, "bagit.txt") != _DECLARATION:
        report.add("layout", "bagit.txt", "the BagIt 0.97 declaration", "other text")


@contextmanager
def opened(report: VerifyReport, name: str) -> Iterator[BinaryIO]:
    """Open a file that `look_over` saw, to be read as bytes.

    Raises:
        OSError: it can not be opened, or is no longer what was seen.
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    with os.fdopen(os.open(report.path / name, flags), "rb") as file:
        held = os.fstat(file.fileno())
        if not stat.S_ISREG(held.st_mode) or held.st_size != report.sizes[name]:
            raise OSError(None, "changed while the bundle was checked")
        yield file


def read_small(report: VerifyReport, name: str) -> bytes:
    """Give the content of a file that has a small limit of its own.

    Raises:
        OSError: as `opened`.
    """
    with opened(report, name) as file:
        return file.read(_LARGEST[name])


def hash_file(report: VerifyReport, name: str) -> str:
    """Give the sha256 of a file, read in pieces, and keep it in the report.

    Raises:
        OSError: as `opened`; it can not be read, or grows meanwhile.
    """
    digest, left = hashlib.sha256(), report.sizes[name]
    with opened(report, name) as file:
        while piece := file.read(_CHUNK):
            left -= len(piece)
            if left < 0:
                raise OSError(None, "grows while it is read")
            digest.update(piece)
    report.hashes[name] = digest.hexdigest()
    return report.hashes[name]

"""What is delivered: signed versions of the outbox, in the order in which they were made.

Belongs here: finding versions and their files. Stays out: whether one was delivered (`receipts.py`).
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from exports.verification.succession import BUNDLE_NAME
from exports.verify import TAG_MANIFEST

_BAGGING_DATE = re.compile(r"^Bagging-Date: *(\S+)", re.MULTILINE)


@dataclass(frozen=True)
class Parcel:
    """A bundle on its way: its folder, the sha256 of its tag manifest, its files with their bytes.

    `files` are paths inside the bundle, data first: what speaks for them comes after them.
    """

    folder: Path
    tag_sha256: str
    files: tuple[tuple[str, int], ...]

    @property
    def name(self) -> str:
        """The bundle's name, `spbe-<instansi>-<period>-v<n>`."""
        return self.folder.name

    @property
    def size_bytes(self) -> int:
        """Bytes of all files."""
        return sum(size for _, size in self.files)

    @property
    def folders(self) -> list[str]:
        """Folders inside the bundle, each after the one it lies in."""
        names = {str(parent) for file, _ in self.files for parent in Path(file).parents}
        return sorted(names - {"."})


def pack(folder: Path) -> Parcel:
    """Look at a bundle as it is to be delivered.

    Raises:
        OSError: it can not be read.
    """
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    files = [(path.relative_to(folder).as_posix(), path.stat().st_size) for path in paths]
    files.sort(key=lambda file: (not file[0].startswith("data/"), file))
    tag_manifest = (folder / TAG_MANIFEST).read_bytes()
    return Parcel(folder, hashlib.sha256(tag_manifest).hexdigest(), tuple(files))


def versions(outbox: Path, instansi_code: str | None = None) -> list[Path]:
    """Versions in the outbox, oldest first, none of a group before its earlier ones.

    Args:
        outbox: the folder of bundles.
        instansi_code: whose; None: all.
    """
    own = re.compile(rf"spbe-{re.escape(instansi_code)}-\d{{4}}(-\d{{2}})?-v\d+" if instansi_code else ".*")
    found: list[tuple[str, int, Path]] = []
    for path in outbox.iterdir() if outbox.is_dir() else ():
        match = BUNDLE_NAME.fullmatch(path.name)
        if match and own.fullmatch(path.name) and path.is_dir():
            found.append((match[1], int(match[2]), path))
    dated = []
    newest: dict[str, str] = {}
    for group, number, path in sorted(found):
        newest[group] = max(newest.get(group, ""), _bagging_date(path))
        dated.append((newest[group], group, number, path))
    return [path for *_, path in sorted(dated)]


def _bagging_date(bundle: Path) -> str:
    """The day that the bundle is of; empty where it does not tell."""
    try:
        told = _BAGGING_DATE.search((bundle / "bag-info.txt").read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return ""
    return told[1] if told else ""
